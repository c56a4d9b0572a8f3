/**
 * One relay, many readers of one topic: what a delivery costs the relay's process, and how late it is.
 *
 * Ours is the real relay process with its store (durable before it is delivered) and real client networks; NATS and
 * TCP neither encrypt nor store. Clients of all kinds live in this process and share the machine with the relay.
 */

import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { processorUs } from "./child-process.ts";
import { gossipStar } from "./gossip-star.ts";
import { hermesStar } from "./hermes-star.ts";
import { natsServer, natsStar } from "./nats-star.ts";
import { atMost, type Benchmark, type Extent, figure, type Row, type Target } from "./row.ts";
import type { Star, StarMaker } from "./star.ts";
import { tcpStar } from "./tcp-star.ts";
import { quantile } from "./turns.ts";

const SUBSCRIBERS = [10, 100, 300] as const;
const SIZES = [
  ["200 B", 200],
  ["2 KiB", 2_048],
] as const;
/** Messages of the trickle and the time between two (ms): a lively chat. */
const TRICKLE = 30;
const TRICKLE_MS = 100;
/** Deliveries of a burst, and most messages that make them. */
const BURST_DELIVERIES = 60_000;
const BURST_MAX = 2_000;
/** How long what is still missing is waited for (ms); gossipsub loses some. */
const PATIENCE_MS = 15_000;

interface Figures {
  readonly name: string;
  /** Latency of the trickle (ms). */
  readonly p50: number;
  readonly p99: number;
  /** The relay's processor time for one delivery (µs), in the burst and in the trickle. */
  readonly burstUs: number;
  readonly trickleUs: number;
  readonly perSecond: number;
  /** Share of the deliveries that arrived. */
  readonly arrived: number;
}

/** A payload that begins with the time of its sending. */
function stamped(size: number): Uint8Array {
  const payload = new Uint8Array(randomBytes(size));
  new DataView(payload.buffer).setFloat64(0, performance.now());
  return payload;
}

const sentAt = (payload: Uint8Array): number =>
  new DataView(payload.buffer, payload.byteOffset, payload.byteLength).getFloat64(0);

async function measure(make: StarMaker, subscribers: number, size: number): Promise<Figures> {
  let latencies: number[] = [];
  const star = await make(subscribers, (payload) => latencies.push(performance.now() - sentAt(payload)));
  const settled = async (expected: number): Promise<void> => {
    const untilMs = performance.now() + PATIENCE_MS;
    while (latencies.length < expected && performance.now() < untilMs) await pause(5);
  };
  try {
    await star.publish([star.prepare(stamped(size))]);
    await settled(star.perMessage);
    latencies = [];
    const trickle = await cost(star, async () => {
      for (let i = 0; i < TRICKLE; i++) {
        const started = performance.now();
        await star.publish([star.prepare(stamped(size))]);
        await pause(Math.max(0, TRICKLE_MS - (performance.now() - started)));
      }
      await settled(TRICKLE * star.perMessage);
    });
    const late = latencies;
    const count = Math.min(BURST_MAX, Math.ceil(BURST_DELIVERIES / subscribers));
    const messages = Array.from({ length: count }, () => star.prepare(stamped(size)));
    latencies = [];
    const burst = await cost(star, async () => {
      await star.publish(messages);
      await settled(count * star.perMessage);
    });
    return {
      name: star.name,
      p50: quantile(late, 0.5),
      p99: quantile(late, 0.99),
      burstUs: burst.relayUs / latencies.length,
      trickleUs: trickle.relayUs / late.length,
      perSecond: latencies.length / (burst.ms / 1_000),
      arrived: latencies.length / (count * star.perMessage),
    };
  } finally {
    await star.stop();
  }
}

async function cost({ relayPid }: Star, work: () => Promise<void>) {
  const beforeUs = await processorUs(relayPid);
  const startedMs = performance.now();
  await work();
  return { relayUs: (await processorUs(relayPid)) - beforeUs, ms: performance.now() - startedMs };
}

const text = ({ burstUs, p50, p99 }: Figures): string => `${figure(burstUs)} µs, ${figure(p50)}/${figure(p99)} ms`;

function rows(name: string, ours: Figures, peers: readonly Figures[], isTargeted: boolean): readonly Row[] {
  const arrivals = (peer: Figures): boolean => peer.arrived > 0; // nothing can be said about one that delivers nothing
  const row = (what: string, ratio: number, [peer, target]: readonly [string, Target?], unit = "cost"): Row => ({
    bench: "fan-out",
    name: `${what}, ${name}`,
    ratio,
    unit,
    target: isTargeted ? target : undefined,
    ours: `${text(ours)}, ${figure(ours.perSecond)}/s`,
    peer,
  });
  const lost = ({ arrived }: Figures): string => (arrived < 0.9999 ? `, ${figure(arrived * 100)} % arrived` : "");
  const bounds: Readonly<Record<string, number>> = { NATS: 3, gossipsub: 1 / 5 };
  return [
    row("burst, relay CPU a delivery", ours.burstUs, ["", atMost(6)], "µs"),
    ...peers.filter(arrivals).map((peer) => {
      const bound = bounds[peer.name];
      const of = `${peer.name} ${text(peer)}, ${figure(peer.perSecond)}/s${lost(peer)}`;
      return row("burst, relay CPU a delivery", ours.burstUs / peer.burstUs, [of, bound && atMost(bound)] as never);
    }),
    ...peers
      .filter(arrivals)
      .map((peer) =>
        row("trickle, relay CPU a delivery", ours.trickleUs / peer.trickleUs, [
          `${peer.name} ${figure(peer.trickleUs)} µs`,
        ]),
      ),
  ];
}

async function run({ maxSize }: Extent, tell: (row: Row) => void): Promise<void> {
  const makers = [tcpStar, ...(natsServer() ? [natsStar] : []), gossipStar];
  for (const subscribers of SUBSCRIBERS.filter((each) => each <= maxSize)) {
    for (const [sizeName, size] of SIZES) {
      const ours = await measure(hermesStar, subscribers, size);
      const peers: Figures[] = [];
      for (const make of makers) peers.push(await measure(make, subscribers, size));
      // the target is set at 300 subscribers and 200 B
      const isTargeted = subscribers === 300 && size === 200;
      for (const each of rows(`${subscribers} x ${sizeName}`, ours, peers, isTargeted)) tell(each);
    }
  }
}

export const FAN_OUT: Benchmark = {
  name: "fan-out",
  about: "deliveries by one relay, against NATS core, plain TCP and gossipsub",
  run,
};
