/**
 * Workaround, in this one place: the circuits of @libp2p/circuit-relay-v2 4 read from one end whatever the other one takes, so two
 * who know each other can make a relay hold all that one sends and the other does not read (no upstream issue yet).
 *
 * 1. All circuits together hold {@link HELD_MAX_BYTES}; beyond it the one that holds most is cut. Members who have it cut begin
 *    another, and hold by their own windows 18 MiB at most.
 *
 * libp2p offers no such bound: what comes and what goes is counted in methods that are private. Where these are not there nothing
 * is bounded and nothing else changes.
 */
import type { Connection, Libp2p, Stream } from "@libp2p/interface";
import { takeOver } from "./held-bytes.ts";

/** Bytes of all circuits that came from one end and wait for the other. */
const HELD_MAX_BYTES = 134_217_728;

interface CircuitServer {
  onHop: (from: Stream, connection: Connection) => Promise<void>;
  readonly stopHop: (...given: unknown[]) => Promise<Stream | undefined>;
}

/** A stream's own ways in and out. */
interface Ends {
  onData: (data: { readonly byteLength: number }) => void;
  send: (data: { readonly byteLength: number }) => boolean;
}

/** One direction of a circuit. */
interface Way {
  readonly ends: readonly [from: Stream, to: Stream];
  bytes: number;
}

/** All directions of all circuits. */
interface Held {
  readonly ways: Set<Way>;
  readonly maxBytes: number;
  bytes: number;
}

/** Bounds the circuits of a relay that is not started yet. */
export function boundCircuits(node: Pick<Libp2p, "services">, maxBytes = HELD_MAX_BYTES): void {
  const { circuits } = node.services as { circuits?: Partial<CircuitServer> };
  const { onHop, stopHop } = (circuits ? Object.getPrototypeOf(circuits) : {}) as Partial<CircuitServer>;
  if (!circuits || !onHop || !stopHop) return;
  const held: Held = { ways: new Set(), maxBytes, bytes: 0 };
  circuits.onHop = (from, connection) => {
    const watched = async (...given: unknown[]): Promise<Stream | undefined> => {
      const to = await stopHop.apply(circuits as CircuitServer, given);
      if (to) watch(held, [from, to]);
      if (to) watch(held, [to, from]);
      return to;
    };
    return onHop.call(Object.create(circuits, { stopHop: { value: watched } }), from, connection);
  };
}

/** Counts what has come from one end and was not handed to the other. A listener of ours would let it come before its time. */
function watch(held: Held, ends: Way["ends"]): void {
  takeOver(ends[0], () => way.bytes);
  const [from, to] = ends as unknown as readonly [Partial<Ends>, Partial<Ends>];
  const [take, send] = [from.onData?.bind(from), to.send?.bind(to)];
  if (!take || !send) return;
  const way: Way = { ends, bytes: 0 };
  held.ways.add(way);
  for (const each of ends) each.addEventListener("close", () => forget(held, way));
  from.onData = (data) => {
    add(held, way, data.byteLength);
    take(data);
    if (held.bytes > held.maxBytes) cutLargest(held);
  };
  to.send = (data) => {
    add(held, way, -Math.min(data.byteLength, way.bytes)); // what the relay itself says did not come
    return send(data);
  };
}

function add(held: Held, way: Way, bytes: number): void {
  if (!held.ways.has(way)) return;
  way.bytes += bytes;
  held.bytes += bytes;
}

function forget(held: Held, way: Way): void {
  if (held.ways.delete(way)) held.bytes -= way.bytes;
}

function cutLargest(held: Held): void {
  const [largest] = [...held.ways].sort((a, b) => b.bytes - a.bytes);
  if (!largest) return;
  forget(held, largest);
  for (const each of largest.ends) each.abort(new Error("a circuit whose other end takes too little"));
}
