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
/** A lively chat: messages a second, for so many. */
const TRICKLE = { perSecond: 10, count: 30 } as const;
/** Steady loads on 100 subscribers with 200 B: messages a second, and the p99 to stay under (ms). */
const STEADY = [
  { perSecond: 50, p99Ms: 50 },
  { perSecond: 200, p99Ms: 100 },
] as const;
const STEADY_SUBSCRIBERS = 100;
const STEADY_S = 3;
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
  /** The same under each of {@link STEADY}; empty where they are not run. */
  readonly steadyP99: readonly number[];
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
  const star = await countedStar(make, subscribers);
  try {
    await star.send([star.prepare(stamped(size))]);
    await star.settled(1);
    const trickle = await stream(star, size, TRICKLE);
    const steady = [];
    if (subscribers === STEADY_SUBSCRIBERS && size === 200) {
      for (const { perSecond } of STEADY)
        steady.push((await stream(star, size, { perSecond, count: perSecond * STEADY_S })).latencies);
    }
    const count = Math.min(BURST_MAX, Math.ceil(BURST_DELIVERIES / subscribers));
    const messages = Array.from({ length: count }, () => star.prepare(stamped(size)));
    const burst = await cost(star, async () => {
      await star.send(messages);
      await star.settled(count);
    });
    return {
      name: star.name,
      p50: quantile(trickle.latencies, 0.5),
      p99: quantile(trickle.latencies, 0.99),
      steadyP99: steady.map((latencies) => quantile(latencies, 0.99)),
      burstUs: burst.relayUs / burst.latencies.length,
      trickleUs: trickle.relayUs / trickle.latencies.length,
      perSecond: burst.latencies.length / (burst.ms / 1_000),
      arrived: burst.latencies.length / (count * star.perMessage),
    };
  } finally {
    await star.stop();
  }
}

interface CountedStar extends Star {
  readonly send: Star["publish"];
  /** Waits until so many messages have reached everybody, since the last {@link CountedStar.take}. */
  readonly settled: (messages: number) => Promise<void>;
  /** The latencies (ms) since the last call. */
  readonly take: () => readonly number[];
}

async function countedStar(make: StarMaker, subscribers: number): Promise<CountedStar> {
  let latencies: number[] = [];
  const star = await make(subscribers, (payload) => latencies.push(performance.now() - sentAt(payload)));
  return {
    ...star,
    send: star.publish,
    settled: async (messages) => {
      const untilMs = performance.now() + PATIENCE_MS;
      while (latencies.length < messages * star.perMessage && performance.now() < untilMs) await pause(5);
    },
    take: () => {
      const taken = latencies;
      latencies = [];
      return taken;
    },
  };
}

/** Messages at a steady pace, none waiting for the one before. */
async function stream(
  star: CountedStar,
  size: number,
  { perSecond, count }: { readonly perSecond: number; readonly count: number },
) {
  return await cost(star, async () => {
    const startedMs = performance.now();
    const sent: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      sent.push(star.send([star.prepare(stamped(size))]));
      await pause(Math.max(0, startedMs + ((i + 1) * 1_000) / perSecond - performance.now()));
    }
    await Promise.all(sent);
    await star.settled(count);
  });
}

async function cost(star: CountedStar, work: () => Promise<void>) {
  star.take();
  const beforeUs = await processorUs(star.relayPid);
  const startedMs = performance.now();
  await work();
  const ms = performance.now() - startedMs;
  return { relayUs: (await processorUs(star.relayPid)) - beforeUs, ms, latencies: star.take() };
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
      return row(
        "burst, relay CPU a delivery",
        ours.burstUs / peer.burstUs,
        bound === undefined ? [of] : [of, atMost(bound)],
      );
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

/** Rows of the steady loads: how late a message is, beside each peer. */
function steadyRows(ours: Figures, peers: readonly Figures[]): readonly Row[] {
  return ours.steadyP99.map((p99, i) => {
    const { perSecond, p99Ms } = STEADY[i] ?? STEADY[0];
    const deliveries = figure(perSecond * STEADY_SUBSCRIBERS);
    const peer = peers.map((each) => `${each.name} ${figure(each.steadyP99[i] ?? Number.NaN)} ms`).join(", ");
    const name = `p99 at ${deliveries} deliveries a second, 100 x 200 B`;
    return { bench: "fan-out", name, ratio: p99, unit: "ms", target: atMost(p99Ms), ours: "", peer };
  });
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
      for (const each of steadyRows(ours, peers)) tell(each);
    }
  }
}

export const FAN_OUT: Benchmark = {
  name: "fan-out",
  about: "deliveries by one relay, against NATS core, plain TCP and gossipsub",
  run,
};
