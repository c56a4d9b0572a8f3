/**
 * Which data chunks of a file are through, and how fast they come: saved at most once a second, one record for each list.
 *
 * 1. A bit is saved only after what it stands for is on the disk (or acknowledged): `beforeSave` sees to that.
 */
import { type FileShape, fileBytesIn } from "../crypto/file-shape.ts";
import { fileBitsId } from "../protocol/files.ts";
import { FILE_BITS } from "../protocol/records/file.ts";
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../wire/limits.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";

/** Ms between two savings: what a crash can cost is fetched or offered again. */
const SAVE_MS = 1_000;
/** Ms over which the rate is measured. */
const RATE_MS = 4_000;
/** Ms below which a rate would be a guess. */
const RATE_LEAST_MS = 250;
const LIST_BYTES = CHUNK_LIST_MAX / 8;

export interface FileProgress {
  readonly has: (index: number) => boolean;
  /** Chunk `index` is through; false when it was before. */
  readonly add: (index: number, nowMs: number) => boolean;
  readonly doneBytes: () => number;
  readonly isComplete: () => boolean;
  /** While bytes move. */
  readonly bytesPerSecond: (nowMs: number) => number | undefined;
  /** Saves what is new, if the last time is long enough ago, or at once. */
  readonly save: (nowMs: number, when: "due" | "now") => Promise<void>;
}

export interface ProgressDependencies {
  readonly shape: FileShape;
  readonly beforeSave: () => Promise<void>;
  readonly saveBits: (list: number, bits: Uint8Array) => Promise<void>;
}

/** Bits of each list as they are saved; lists of which nothing is saved are absent. */
export async function loadBits(
  store: ProfileStore,
  shelf: string,
  lists: number,
): Promise<ReadonlyMap<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>();
  for (let list = 0; list < lists; list++) {
    const saved = await readRecord(store, FILE_BITS, fileBitsId(shelf, list));
    if (saved) found.set(list, saved.bits);
  }
  return found;
}

export function createFileProgress(d: ProgressDependencies, saved: ReadonlyMap<number, Uint8Array>): FileProgress {
  const chunks = d.shape.counts[0] ?? 1;
  const bits = new Map([...saved].map(([list, each]) => [list, padded(each)]));
  const has = (index: number): boolean => hasBit(bits.get(Math.floor(index / CHUNK_LIST_MAX)), index % CHUNK_LIST_MAX);
  const dirty = new Set<number>();
  const rate = createRate();
  const done = doneBefore(d.shape, bits, has);
  let savedMs = 0;
  let saving: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const copies = [...dirty].map((list) => [list, Uint8Array.from(bits.get(list) ?? [])] as const);
    dirty.clear();
    await d.beforeSave();
    for (const [list, copy] of copies) await d.saveBits(list, copy);
  };
  return {
    has,
    add: (index, nowMs) => {
      if (has(index)) return false;
      const list = Math.floor(index / CHUNK_LIST_MAX);
      const own = bits.get(list) ?? new Uint8Array(LIST_BYTES);
      bits.set(list, own);
      setBit(own, index % CHUNK_LIST_MAX);
      dirty.add(list);
      done.chunks++;
      done.bytes += fileBytesIn(d.shape, index);
      rate.add(nowMs, CHUNK_PLAIN_BYTES);
      return true;
    },
    doneBytes: () => done.bytes,
    isComplete: () => done.chunks === chunks,
    bytesPerSecond: rate.perSecond,
    save: (nowMs, when) => {
      if (dirty.size === 0 || (when === "due" && nowMs - savedMs < SAVE_MS)) return saving;
      savedMs = nowMs;
      saving = saving.catch(() => undefined).then(write);
      return saving;
    },
  };
}

const hasBit = (bits: Uint8Array | undefined, at: number): boolean => ((bits?.[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;

function setBit(bits: Uint8Array, at: number): void {
  bits[at >> 3] = (bits[at >> 3] ?? 0) | (1 << (at & 7));
}

/** How much was through before, by the saved bits. */
function doneBefore(shape: FileShape, bits: ReadonlyMap<number, Uint8Array>, has: (index: number) => boolean) {
  const done = { chunks: 0, bytes: 0 };
  for (const list of bits.keys()) {
    const end = Math.min(shape.counts[0] ?? 1, (list + 1) * CHUNK_LIST_MAX);
    for (let index = list * CHUNK_LIST_MAX; index < end; index++) {
      if (!has(index)) continue;
      done.chunks++;
      done.bytes += fileBytesIn(shape, index);
    }
  }
  return done;
}

/** Bytes a second over the last RATE_MS. */
function createRate() {
  const samples: { readonly atMs: number; readonly bytes: number }[] = [];
  /** Also while nobody looks: a file of 100 GB has 400,000 chunks. */
  const forgetBefore = (ms: number): void => {
    while (samples[0] && samples[0].atMs < ms) samples.shift();
  };
  return {
    add: (atMs: number, bytes: number): void => {
      forgetBefore(atMs - RATE_MS);
      samples.push({ atMs, bytes });
    },
    perSecond: (nowMs: number): number | undefined => {
      forgetBefore(nowMs - RATE_MS);
      const [first] = samples;
      if (!first) return undefined;
      const bytes = samples.reduce((sum, each) => sum + each.bytes, 0);
      return Math.round((bytes * 1_000) / Math.max(RATE_LEAST_MS, nowMs - first.atMs));
    },
  };
}

function padded(bits: Uint8Array): Uint8Array {
  const out = new Uint8Array(LIST_BYTES);
  out.set(bits);
  return out;
}
