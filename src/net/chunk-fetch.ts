/**
 * Fetching chunks from several holders at once.
 *
 * 1. Each holder is asked for what fewest have first, a few chunks at a time; it gets no further while one of its chunks is
 *    being saved (back-pressure).
 * 2. What a holder does not bring in SLOW_MS is asked of another, too, when that one has nothing else to bring. A holder that lies is asked no more.
 *    One that has brought something is asked again what it has: it may be getting the rest just now.
 * 3. It ends when everything is there, when nobody who is reached has the rest, or when it is stopped.
 */
import type { ChunkNetwork, ChunkTopic, FetchOutcome } from "../client/ports/chunks.ts";
import type { ChunkId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type ChunkClient, openChunks } from "./chunk-client.ts";
import type { ChunkSource, ChunkSources } from "./chunk-sources.ts";
import { createFrameRooms } from "./frame-rooms.ts";

/** Chunks under way at one holder, 768 KiB: fewer leave a long way empty; with 4 a receiver of 1 GiB was at 56 MiB above idle, of 60. */
const AT_ONCE = 3;
/** The same at a relay, or over one, while somebody is reached directly: it has others to serve. */
const AT_ONCE_BESIDE = 1;
/** Ms after which a chunk under way is asked of somebody else, too. */
const SLOW_MS = 5_000;

/** Ms after which a holder that has nothing more is asked again, each time so long: it may be a relay that is given the file. */
const ASK_AGAIN_MS = [250, 500, 1_000] as const;

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
  readonly slowMs: number;
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
  slowMs = SLOW_MS,
): Promise<FetchOutcome> {
  const left = new Map(wanted.map((id) => [toHex(id), { id, holders: 0, sinceMs: undefined } as Wanted]));
  const run: Run = {
    topic,
    options,
    left,
    slowMs,
    met: new Set(),
    asked: 0,
    busy: 0,
    hasDirect: false,
    wakers: new Set(),
  };
  return new Promise((resolve) => {
    const end = (): void => {
      if (run.left.size > 0 && run.busy > 0 && !options.signal.aborted) return;
      unwatch();
      options.signal.removeEventListener("abort", end);
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

/** What chunks come in, whoever gives them. */
const ROOMS = createFrameRooms();

const liarName = ({ topic }: Run, { name }: ChunkSource): string => `${toHex(topic.topic)}/${name}`;

function wakeAll({ wakers }: Run): void {
  for (const each of [...wakers]) each();
  wakers.clear();
}

async function fetchFrom(run: Run, source: ChunkSource, liars: Liars): Promise<void> {
  const client = await openChunks({ ...source.holder, rooms: ROOMS }, run.topic);
  if (!client) return;
  const lied = (): void => {
    if (!liars.has(liarName(run, source))) run.options.blamed?.(source.giver);
    liars.set(liarName(run, source), performance.now());
  };
  const atOnce = run.hasDirect && !source.isDirect ? AT_ONCE_BESIDE : AT_ONCE;
  const book: Book = { claimed: new Set(), lacking: new Set() };
  try {
    for (let quiet = 0; !isDone(run) && !client.isOver(); quiet++) {
      const order = await whatItHas(run, client, book);
      const pauseMs = ASK_AGAIN_MS[quiet];
      if (order === undefined || book.claimed.size === 0) return;
      if (order.length > 0) quiet = -1;
      else if (pauseMs === undefined) return;
      else await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await Promise.all(Array.from({ length: atOnce }, () => workAt(run, client, { order, book, lied })));
    }
  } finally {
    await client.close();
  }
}

const isDone = ({ left, options }: Run): boolean => left.size === 0 || options.signal.aborted;

/** What is known of one holder, by names of chunks. */
interface Book {
  /** It said that it has them. */
  readonly claimed: Set<string>;
  /** And could not give them. */
  readonly lacking: Set<string>;
}

/** What it has of what is left, rarest first; undefined: it is gone. */
async function whatItHas(run: Run, client: ChunkClient, book: Book): Promise<string[] | undefined> {
  const ids = [...run.left.values()].map(({ id }) => id);
  const flags = await client.have(ids);
  if (!flags) return undefined;
  if (book.claimed.size === 0) run.asked++;
  const names = ids.map(toHex).filter((name, i) => flags[i] && !book.lacking.has(name));
  for (const name of names) {
    const wanted = run.left.get(name);
    if (wanted && !book.claimed.has(name)) wanted.holders++;
    book.claimed.add(name);
  }
  const rarity = (name: string): number => run.left.get(name)?.holders ?? 0;
  return shuffled(names).sort((a, b) => rarity(a) - rarity(b));
}

interface Round {
  /** What this holder has, in the order in which it is asked. */
  readonly order: string[];
  readonly book: Book;
  readonly lied: () => void;
}

/** Takes one chunk after the other that this holder has and nobody else is bringing. */
async function workAt(run: Run, client: ChunkClient, { order, book, lied }: Round): Promise<void> {
  const { left, options } = run;
  while (!isDone(run) && !client.isOver()) {
    const name = nextOf(run, order, book);
    if (name === undefined) {
      if (!order.some((each) => left.has(each) && !book.lacking.has(each))) return;
      await change(run);
      continue;
    }
    const wanted = left.get(name);
    if (!wanted) continue;
    wanted.sinceMs = performance.now();
    const chunk = await client.get(wanted.id);
    if (chunk === "lied") lied();
    if (chunk === "lacking") book.lacking.add(name);
    if (chunk instanceof Uint8Array && left.has(name) && !options.signal.aborted) {
      left.delete(name);
      await options.arrived(wanted.id, chunk);
    } else if (!(chunk instanceof Uint8Array)) wanted.sinceMs = undefined;
    if (chunk instanceof Uint8Array) ROOMS.give(chunk);
    wakeAll(run);
  }
}

/** The first that is left and not under way; when there is none, the first that has been under way for too long. */
function nextOf({ left, slowMs }: Run, order: string[], { lacking }: Book): string | undefined {
  while (order[0] !== undefined && !left.has(order[0])) order.shift();
  const beforeMs = performance.now() - slowMs;
  let slow: string | undefined;
  for (const name of order) {
    const wanted = left.get(name);
    if (wanted === undefined || lacking.has(name)) continue;
    if (wanted.sinceMs === undefined) return name;
    if (wanted.sinceMs < beforeMs) slow ??= name;
  }
  return slow;
}

/** Resolves when something has changed, or a chunk under way may have become slow. */
function change({ wakers, slowMs }: Run): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      wakers.delete(done);
      resolve();
    };
    const timer = setTimeout(done, slowMs);
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
