/** Many seeds over a few processes, and the line of figures at the end. */
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { drawPlan, type Scale } from "./plan.ts";
import { type Outcome, playPlan } from "./play.ts";

/** What a campaign has found. */
export interface Figures {
  readonly seeds: number;
  readonly steps: number;
  readonly messages: number;
  readonly faults: number;
  readonly failed: readonly Outcome[];
  readonly seconds: number;
}

/** The seeds of one run: `count` of them from `first` on. */
export interface SeedRange {
  readonly first: number;
  readonly count: number;
  /** Processes that play; as many as there are processors unless told. */
  readonly workers?: number | undefined;
  /** No more are played after so many failed; 10 unless told. */
  readonly failuresMax?: number;
}

/** What a worker reports of one seed: steps, messages, faults, and the outcome if it failed. */
export interface SeedReport {
  readonly steps: number;
  readonly messages: number;
  readonly faults: number;
  readonly failed: Outcome | undefined;
}

/** Seeds that a worker plays before it asks for more. */
const BATCH_SEEDS = 5;
const FAILURES_MAX = 10;

/** Plays one seed. What is thrown outside of any call is a violation too. */
export async function playSeed(seed: number, scale: Scale): Promise<SeedReport> {
  let thrown: unknown;
  const note = (error: unknown): void => {
    thrown ??= error;
  };
  process.on("unhandledRejection", note);
  try {
    const outcome = await playPlan(drawPlan(seed, scale));
    const { steps, messages, faults, violation } = outcome;
    const failed = violation || thrown ? { ...outcome, violation: violation ?? thrownBy(thrown) } : undefined;
    return { steps, messages, faults, failed };
  } catch (error) {
    const failed = { plan: drawPlan(seed, scale), steps: 0, messages: 0, faults: 0, violation: thrownBy(error) };
    return { steps: 0, messages: 0, faults: 0, failed };
  } finally {
    process.off("unhandledRejection", note);
  }
}

const thrownBy = (error: unknown) => ({
  invariant: "nothing throws",
  what: error instanceof Error ? (error.stack ?? error.message) : String(error),
});

/** Plays all seeds of the range; `tell` hears of each as it ends, and how many have. */
export async function runCampaign(
  range: SeedRange,
  scale: Scale,
  tell: (report: SeedReport, done: number) => void = () => undefined,
): Promise<Figures> {
  const startedMs = performance.now();
  const reports: SeedReport[] = [];
  let next = range.first;
  const take = (): readonly number[] => {
    if (reports.filter(({ failed }) => failed).length >= (range.failuresMax ?? FAILURES_MAX)) return [];
    const seeds = Array.from({ length: Math.min(BATCH_SEEDS, range.first + range.count - next) }, (_, i) => next + i);
    next += seeds.length;
    return seeds;
  };
  const heard = (report: SeedReport): void => {
    reports.push(report);
    tell(report, reports.length);
  };
  const workers = Math.min(range.workers ?? availableParallelism(), Math.ceil(range.count / BATCH_SEEDS));
  await Promise.all(Array.from({ length: workers }, () => runWorker(scale, take, heard)));
  const sum = (of: (report: SeedReport) => number): number => reports.reduce((total, each) => total + of(each), 0);
  return {
    seeds: reports.length,
    steps: sum(({ steps }) => steps),
    messages: sum(({ messages }) => messages),
    faults: sum(({ faults }) => faults),
    failed: reports.flatMap(({ failed }) => failed ?? []),
    seconds: (performance.now() - startedMs) / 1000,
  };
}

function runWorker(scale: Scale, take: () => readonly number[], heard: (report: SeedReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(fileURLToPath(new URL("./campaign-worker.ts", import.meta.url)), {
      // a seed makes much that lives for a moment: with more room for it an eighth less time goes into tidying up
      execArgv: ["--max-semi-space-size=64", "--import", "tsx"],
    });
    const giveMore = (): void => {
      const seeds = take();
      if (seeds.length === 0) worker.disconnect();
      else worker.send({ seeds, scale });
    };
    worker.on("message", (message: SeedReport | "ready") => {
      if (message === "ready") giveMore();
      else heard(message);
    });
    worker.on("error", reject);
    worker.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))));
  });
}

/** The last line of a run. */
export function figuresLine({ seeds, steps, messages, faults, failed, seconds }: Figures): string {
  return `${seeds} seeds, ${steps} steps, ${messages} messages, ${faults} faults injected, ${failed.length} failed, ${seconds.toFixed(1)} s, ${(seeds / seconds).toFixed(1)} seeds/s`;
}
