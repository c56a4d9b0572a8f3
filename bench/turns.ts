/**
 * Processor time of operations, contestants taking turns so that whatever else the machine does hits all of them.
 *
 * 1. Time is the processor time of this whole process, which other programs do not lengthen.
 * 2. Preparation (keys, ciphertexts to open) is not counted.
 * 3. Everything has run warm before it counts: a chat runs for hours, its first second does not matter.
 * 4. A slice begins with no young garbage and ends with collecting its own: nobody pays for what the one before, or the
 *    preparation, left to the collector. (libsignal's objects take 10 to 20 ms at once, by their finalizers.)
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Something to be measured. */
export interface Contestant {
  readonly name: string;
  /** Answers what does the operation `times` times. */
  readonly prepare: (times: number) => Promise<() => void | Promise<void>>;
  /** How many operations that really is, where it cannot be any number. */
  readonly counted?: (times: number) => number;
}

/** Processor time of one slice (µs): long beside the clock's resolution, short enough for several rounds. */
const SLICE_US = 60_000;
const ROUNDS = 7;
/** Slices before those that count: with fewer, half of what a burst takes is the engine compiling it. */
const WARM_SLICES = 24;
/** Most operations of a slice: what has to be prepared stays small in memory. */
const TIMES_MAX = 20_000;

setFlagsFromString("--expose-gc");
/** Collects what was made lately. */
const collectYoung: () => void = runInNewContext("() => gc({ type: 'minor' })");

/** Median µs of processor time for one operation of each contestant, in their order. */
export async function takeTurns(contestants: readonly Contestant[], rounds = ROUNDS): Promise<readonly number[]> {
  const times: number[] = [];
  for (const contestant of contestants) times.push(await timesPerSlice(contestant));
  const costs: number[][] = contestants.map(() => []);
  for (let round = -WARM_SLICES; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const us = await slice(contestant, times[i] ?? 1);
      if (round >= 0) costs[i]?.push(us);
      else times[i] = timesIn(us); // slices of the same length, or what ends one weighs more for those whose are short
    }
  }
  return costs.map(median);
}

/** µs for one operation in a slice of `times`. */
async function slice({ prepare, counted }: Contestant, times: number): Promise<number> {
  const run = await prepare(times);
  collectYoung();
  collectYoung(); // what survives twice is old: nobody pays for its input
  const before = process.cpuUsage();
  await run();
  collectYoung();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (counted?.(times) ?? times);
}

async function timesPerSlice(contestant: Contestant): Promise<number> {
  for (let times = 1; ; ) {
    const us = await slice(contestant, times);
    if (us * times >= SLICE_US / 2 || times >= TIMES_MAX) return times;
    times = Math.max(Math.min(TIMES_MAX, times * 2), timesIn(us));
  }
}

/** How many operations of `us` each make a slice. */
function timesIn(us: number): number {
  return Math.min(TIMES_MAX, Math.ceil(SLICE_US / Math.max(us, 1)));
}

/** The middle one; of an even number the lower. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which that share of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
