/**
 * What all connections of a relay make it keep in memory, as one budget. Each stream has bounds of its own, but thousands of
 * connections times these are hundreds of GiB.
 *
 * 1. Nothing is counted as it comes and goes, so no count can be wrong for long: after each eighth of the budget that came or was
 *    queued, and every LOOK_EVERY_MS, it is looked who holds what. In between it may be passed by that eighth.
 * 2. Beyond the budget connections are cut, the largest of the address that holds most, until the rest fits. So whoever takes much
 *    goes before those who take little, over however many connections they do it. An honest client comes back and reads on.
 * 3. From half of it on writers wait for all that they wrote before (`isTight`): many who come back at once are served more
 *    slowly, not cut.
 * 4. What nobody of ours reads yet lies in buffers of libp2p that cannot be seen (negotiation, its own protocols): of each stream it
 *    is UNREAD_MAX_BYTES in all.
 *
 * What libp2p holds is found through private fields, as in muxer-bounds.ts; where they are not there, it is not counted.
 */
import type { Connection, Stream } from "@libp2p/interface";
import type { Uint8ArrayList } from "uint8arraylist";
import { remoteHost } from "./remote-host.ts";

/** What a stream costs without any bytes: objects and listeners, measured. */
const STREAM_BYTES = 8_192;
/** What may come on a stream before somebody of ours reads it: prekeys are handed in with the first breath, 128 KB. */
const UNREAD_MAX_BYTES = 262_144;
/** Looks while a whole budget is moved. */
const LOOKS = 8;
/** Between two looks when little is moved (ms): a look takes 1 µs for a connection, and what grows then grows slowly. */
const LOOK_EVERY_MS = 5_000;

/** For metrics. */
export interface HeldReport {
  readonly bytes: number;
  readonly maxBytes: number;
  /** Connections that were cut for it. */
  readonly cut: number;
}

/** The budget of one node. */
export interface HeldBytes {
  /** So many bytes have come, or wait to leave. */
  readonly moved: (bytes: number) => void;
  /** Half of it is in use. */
  readonly isTight: () => boolean;
  /** Looks. */
  readonly report: () => HeldReport;
}

type Connected = () => readonly Connection[];

/** A budget of so many bytes over `connections`. `addressOf`: as in remote-host.ts; a connection without one stands alone. */
export function heldBytes(maxBytes: number, connections: Connected, addressOf = remoteHost): HeldBytes {
  let [bytes, cut, movedBytes] = [0, 0, 0];
  const look = (): void => {
    movedBytes = 0;
    const holders = connections().map((connection) => ({ connection, bytes: bytesOf(connection) }));
    bytes = holders.reduce((sum, each) => sum + each.bytes, 0);
    if (bytes <= maxBytes) return;
    for (const { connection, bytes: freed } of largestFirst(holders, addressOf)) {
      if (bytes <= maxBytes) return;
      connection.abort(new Error("holds too much of the relay's memory"));
      bytes -= freed;
      cut += 1;
    }
  };
  setInterval(look, LOOK_EVERY_MS).unref();
  return {
    moved: (more) => {
      movedBytes += more;
      if (movedBytes >= maxBytes / LOOKS) look();
    },
    isTight: () => bytes >= maxBytes / 2,
    report: () => {
      look();
      return { bytes, maxBytes, cut };
    },
  };
}

interface Holder {
  readonly connection: Connection;
  readonly bytes: number;
}

/** Each time the largest of whichever address holds most then. */
function* largestFirst(holders: readonly Holder[], addressOf: typeof remoteHost): Generator<Holder> {
  const crowds = new Map<unknown, { bytes: number; readonly holders: Holder[] }>();
  for (const holder of holders.toSorted((a, b) => a.bytes - b.bytes)) {
    const address = addressOf(holder.connection) ?? holder;
    const crowd = crowds.get(address) ?? { bytes: 0, holders: [] };
    crowd.bytes += holder.bytes;
    crowd.holders.push(holder);
    crowds.set(address, crowd);
  }
  for (;;) {
    const [first, ...others] = crowds.values();
    if (!first) return;
    const crowd = others.reduce((most, each) => (each.bytes > most.bytes ? each : most), first);
    const largest = crowd.holders.pop();
    if (!largest || crowd.bytes === 0) return;
    crowd.bytes -= largest.bytes;
    yield largest;
  }
}

interface Buffers {
  readonly readBuffer?: Uint8ArrayList;
  readonly writeBuffer?: Uint8ArrayList;
}

interface Encrypted extends Buffers {
  readonly decoder?: { readonly heldBytes?: () => number };
  readonly stream?: Buffers & { readonly socket?: { readonly writableLength?: number } };
}

interface Muxed {
  readonly muxer?: { readonly decoder?: { readonly buffer?: Uint8ArrayList }; readonly maConn?: Encrypted };
}

/** What one connection makes us keep. */
function bytesOf(connection: Connection): number {
  const { muxer } = connection as unknown as Muxed;
  const maConn = muxer?.maConn;
  let bytes = (muxer?.decoder?.buffer?.byteLength ?? 0) + (maConn?.decoder?.heldBytes?.() ?? 0);
  bytes += buffered(maConn) + buffered(maConn?.stream) + (maConn?.stream?.socket?.writableLength ?? 0);
  for (const stream of connection.streams)
    bytes += STREAM_BYTES + buffered(stream as unknown as Buffers) + (HOLDINGS.get(stream)?.bytes() ?? 0);
  return bytes;
}

function buffered(ends: Buffers | undefined): number {
  return (ends?.readBuffer?.byteLength ?? 0) + (ends?.writeBuffer?.byteLength ?? 0);
}

/** What a stream makes us keep outside libp2p's buffers, and whose budget it is. */
interface Holding {
  readonly held: HeldBytes;
  readonly bytes: () => number;
}

const HOLDINGS = new WeakMap<object, Holding>();

/** A new stream, which nobody of ours reads yet. */
export function watchUnread(held: HeldBytes, stream: Stream): void {
  const { onData } = stream as { onData?: (data: { readonly byteLength: number }) => void };
  if (typeof onData !== "function") return;
  let came = 0;
  HOLDINGS.set(stream, { held, bytes: () => came });
  held.moved(STREAM_BYTES);
  (stream as { onData?: typeof onData }).onData = (data) => {
    came += data.byteLength;
    if (came > UNREAD_MAX_BYTES) stream.abort(new Error("too much before anybody reads it"));
    else onData.call(stream, data);
  };
}

/** From now on somebody of ours reads the stream and keeps `bytes` for it. Answers the budget that it counts towards, if there is one. */
export function takeOver(stream: Stream, bytes: () => number): HeldBytes | undefined {
  const known = HOLDINGS.get(stream);
  if (!known) return undefined;
  Reflect.deleteProperty(stream, "onData"); // its own again
  HOLDINGS.set(stream, { held: known.held, bytes });
  return known.held;
}
