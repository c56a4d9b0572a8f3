/**
 * Fetching chunks from several holders at once.
 *
 * 1. Each holder is asked for what fewest have first, a few chunks at a time; it gets no further while one of its chunks is
 *    being saved (back-pressure).
 * 2. What a holder does not bring in SLOW_MS is asked of another, too. A holder that lies is asked no more.
 * 3. It ends when everything is there, when nobody who is reached has the rest, or when it is stopped.
 */
import type { ChunkNetwork, ChunkTopic, FetchOutcome } from "../client/ports.ts";
import type { ChunkId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type ChunkClient, openChunks } from "./chunk-client.ts";
import type { ChunkSource, ChunkSources } from "./chunk-sources.ts";

/** Chunks under way at one holder: enough for a long way, 1 MiB. */
const AT_ONCE = 4;
/** The same at a relay, or over one, while somebody is reached directly: it has others to serve. */
const AT_ONCE_BESIDE = 2;
/** Ms after which a chunk under way is asked of somebody else, too. */
const SLOW_MS = 5_000;

type Options = Parameters<ChunkNetwork["fetch"]>[2];

interface Wanted {
  readonly id: ChunkId;
  /** How many holders have it. */
  holders: number;
  /** Since when it is under way (ms), at the one that was asked last. */
  sinceMs: number | undefined;
}

interface Run {
  readonly topic: ChunkTopic;
  readonly options: Options;
  /** What is not saved yet. */
  readonly left: Map<string, Wanted>;
  /** Asked once in this run. */
  readonly met: Set<string>;
  /** Holders that have answered what they have. */
  asked: number;
  /** Holders that are not done. */
  busy: number;
  /** Somebody is reached without a relay in between. */
  hasDirect: boolean;
  /** Called when something changed for whoever waits. */
  readonly wakers: Set<() => void>;
}

/** Holders that lied about a topic: `topic/name`, since when (ms). */
export type Liars = Map<string, number>;
/** Ms for which a liar is not asked about that file. */
const LIAR_MS = 3_600_000;

/** See `ChunkNetwork.fetch`. */
export function fetchChunks(
  sources: ChunkSources,
  liars: Liars,
  [topic, wanted, options]: Parameters<ChunkNetwork["fetch"]>,
): Promise<FetchOutcome> {
  const left = new Map(wanted.map((id) => [toHex(id), { id, holders: 0, sinceMs: undefined } as Wanted]));
  const run: Run = { topic, options, left, met: new Set(), asked: 0, busy: 0, hasDirect: false, wakers: new Set() };
  return new Promise((resolve) => {
    const end = (): void => {
      if (run.left.size > 0 && run.busy > 0 && !options.signal.aborted) return;
      unwatch();
      wakeAll(run);
      if (run.left.size === 0) resolve({ kind: "complete" });
      else resolve(options.signal.aborted ? { kind: "cancelled" } : { kind: "lacking", asked: run.asked });
    };
    const begin = (): void => {
      for (const source of sources.now()) {
        const liedMs = liars.get(liarName(run, source)) ?? Number.NEGATIVE_INFINITY;
        if (run.met.has(source.name) || performance.now() - liedMs < LIAR_MS) continue;
        run.met.add(source.name);
        run.busy++;
        run.hasDirect ||= source.isDirect;
        void fetchFrom(run, source, liars)
          .catch(() => undefined)
          .finally(() => {
            run.busy--;
            wakeAll(run);
            end();
          });
      }
    };
    const unwatch = sources.watch(begin);
    options.signal.addEventListener("abort", end);
    begin();
    end();
  });
}

const liarName = ({ topic }: Run, { name }: ChunkSource): string => `${toHex(topic.topic)}/${name}`;

function wakeAll({ wakers }: Run): void {
  for (const each of [...wakers]) each();
  wakers.clear();
}

async function fetchFrom(run: Run, source: ChunkSource, liars: Liars): Promise<void> {
  const client = await openChunks(source.holder, run.topic);
  if (!client) return;
  try {
    const ids = [...run.left.values()].map(({ id }) => id);
    const flags = await client.have(ids);
    if (flags) run.asked++;
    const names = ids.map(toHex).filter((_, i) => flags?.[i]);
    for (const name of names) {
      const wanted = run.left.get(name);
      if (wanted) wanted.holders++;
    }
    const rarity = (name: string): number => run.left.get(name)?.holders ?? 0;
    const order = shuffled(names).sort((a, b) => rarity(a) - rarity(b));
    const workers = Array.from({ length: run.hasDirect && !source.isDirect ? AT_ONCE_BESIDE : AT_ONCE }, () =>
      workAt(run, client, order, () => {
        if (!liars.has(liarName(run, source))) run.options.blamed?.(source.name, "lied");
        liars.set(liarName(run, source), performance.now());
      }),
    );
    await Promise.all(workers);
  } finally {
    await client.close();
  }
}

/** Takes one chunk after the other that this holder has and nobody else is bringing. */
async function workAt(run: Run, client: ChunkClient, order: string[], lied: () => void): Promise<void> {
  const { left, options } = run;
  while (left.size > 0 && !options.signal.aborted && !client.isOver()) {
    const name = nextOf(run, order);
    if (name === undefined) {
      if (!order.some((each) => left.has(each))) return;
      await change(run);
      continue;
    }
    const wanted = left.get(name);
    if (!wanted) continue;
    wanted.sinceMs = performance.now();
    const chunk = await client.get(wanted.id);
    if (chunk === "lied") lied();
    if (chunk === "lacking") order.splice(order.indexOf(name), 1);
    if (chunk instanceof Uint8Array && left.has(name) && !options.signal.aborted) {
      left.delete(name);
      await options.arrived(wanted.id, chunk);
    } else if (!(chunk instanceof Uint8Array)) wanted.sinceMs = undefined;
    wakeAll(run);
  }
}

/** The first that is left and not under way, or has been so for too long. */
function nextOf({ left }: Run, order: string[]): string | undefined {
  while (order[0] !== undefined && !left.has(order[0])) order.shift();
  const nowMs = performance.now();
  return order.find((name) => {
    const wanted = left.get(name);
    return wanted !== undefined && (wanted.sinceMs === undefined || nowMs - wanted.sinceMs > SLOW_MS);
  });
}

/** Resolves when something has changed, or a chunk under way may have become slow. */
function change({ wakers }: Run): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      wakers.delete(done);
      resolve();
    };
    const timer = setTimeout(done, SLOW_MS);
    wakers.add(done);
  });
}

/** In random order, so that those who fetch the same file at the same time can help each other. */
function shuffled(names: readonly string[]): string[] {
  return names
    .map((name) => [Math.random(), name] as const)
    .sort(([a], [b]) => a - b)
    .map(([, name]) => name);
}
