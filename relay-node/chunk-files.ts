/**
 * Chunks of files on a relay's disk: a directory for each file's topic, a file for each chunk, named by its hash.
 *
 * 1. A chunk that was acknowledged is there after a crash, whole; one that was not leaves a temporary file at most, which the
 *    next start removes (durable-files.ts).
 * 2. What is read is checked: a chunk that the disk has spoilt is erased and counts as not here, so that it is handed in again.
 * 3. Nothing is held in memory but the size of each topic. Sums are counted before writing, so bounds hold also for many at once.
 * 4. A topic has as many chunks as a file of the largest size at most, since its directory is read for each who asks what is there.
 */
import { existsSync } from "node:fs";
import { open, readdir, rm, rmdir, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { ChunkPut, ChunkStore } from "../src/net/chunk-store.ts";
import type { Topic } from "../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../src/wire/limits.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { type DurableFiles, durableFiles, TEMPORARY } from "./durable-files.ts";
import { nodeVerifier } from "./node-verifier.ts";

/** Name of the directory in the relay's data directory. */
export const CHUNK_DIRECTORY = "chunks";
/** What a chunk counts beside its bytes, a block of the disk, so that millions of tiny ones are not free. */
export const CHUNK_OVERHEAD_BYTES = 4_096;
/** Bytes of the disk that chunks leave free: room for some hundred thousand messages after the last file. */
const KEEP_FREE_BYTES = 134_217_728;
/** Chunks of a topic beside full ones: the last of each level of a file is shorter, and a few for whoever has files of his own kind. */
const SHORT_CHUNKS_MAX = 64;
/** Chunks that are looked at together. */
const LOOKS_AT_ONCE = 64;

export interface ChunkFilesOptions {
  /** The relay's data directory. */
  readonly directory: string;
  /** Bytes of all chunks. */
  readonly totalMaxBytes: number;
  /** Bytes under one topic. */
  readonly fileMaxBytes: number;
  readonly retentionMs: number;
  /** Bytes of the disk that are left to others; default 128 MiB. */
  readonly keepFreeBytes?: number;
}

export interface ChunkFiles extends ChunkStore {
  /** Erases what nobody has handed in for longer than the retention. */
  readonly purge: (nowMs?: number) => Promise<void>;
  readonly usage: () => { readonly files: number; readonly bytes: number };
}

/** What a topic takes. */
interface Taken {
  readonly bytes: number;
  readonly chunks: number;
}

const NOTHING: Taken = { bytes: 0, chunks: 0 };

interface Shelf extends ChunkFilesOptions {
  readonly root: string;
  readonly disk: DurableFiles;
  /** By topic. */
  readonly sizes: Map<string, Taken>;
  /** Their sum. */
  total: number;
  /** Chunks that are being written. */
  readonly writing: Map<string, Promise<ChunkPut>>;
  /** Chunks that are looked at, and erased if they are old: who hands one in again waits, so that it does not go after all. */
  readonly expiring: Map<string, Promise<boolean>>;
}

/** Opens the store, which makes its directory with the first chunk; counts what is there, which takes some milliseconds for each thousand chunks. */
export async function openChunkFiles(options: ChunkFilesOptions): Promise<ChunkFiles> {
  const root = join(options.directory, CHUNK_DIRECTORY);
  const disk = durableFiles(options.keepFreeBytes ?? KEEP_FREE_BYTES);
  const shelf: Shelf = { ...options, root, disk, sizes: new Map(), total: 0, writing: new Map(), expiring: new Map() };
  for (const topic of await readdir(root).catch(() => [])) await countTopic(shelf, topic);
  return {
    has: async (topic, ids) => {
      const there = new Set(await readdir(join(root, toHex(topic))).catch(() => []));
      return ids.map((id) => there.has(toHex(id)));
    },
    read: (topic, id) => readChecked(shelf, toHex(topic), toHex(id)),
    put: (topic, id, chunk) => putOnce(shelf, toHex(topic), toHex(id), chunk),
    release: (topic: Topic) => remove(shelf, toHex(topic)),
    purge: (nowMs = Date.now()) => purge(shelf, nowMs - options.retentionMs),
    usage: () => ({ files: shelf.sizes.size, bytes: shelf.total }),
  };
}

const costOf = (bytes: number): number => bytes + CHUNK_OVERHEAD_BYTES;

async function countTopic(shelf: Shelf, topic: string): Promise<void> {
  const { root } = shelf;
  const names = await readdir(join(root, topic)).catch(() => []);
  const count = async (name: string): Promise<number> => {
    const path = join(root, topic, name);
    if (!name.startsWith(TEMPORARY)) return costOf((await stat(path)).size);
    await rm(path, { force: true });
    return 0;
  };
  grow(shelf, topic, 0);
  for (let at = 0; at < names.length; at += LOOKS_AT_ONCE)
    for (const bytes of await Promise.all(names.slice(at, at + LOOKS_AT_ONCE).map(count))) grow(shelf, topic, bytes);
}

/** One chunk more, or with negative bytes one less. Below zero never: what is written while its topic is released was counted before. */
function grow(shelf: Shelf, topic: string, bytes: number): void {
  const before = shelf.sizes.get(topic) ?? NOTHING;
  const after = Math.max(0, before.bytes + bytes);
  shelf.sizes.set(topic, { bytes: after, chunks: Math.max(0, before.chunks + Math.sign(bytes)) });
  shelf.total += after - before.bytes;
}

/** Whether one chunk more of that cost is too much. */
function isTooMuch({ sizes, total, fileMaxBytes, totalMaxBytes }: Shelf, topic: string, cost: number): boolean {
  const { bytes, chunks } = sizes.get(topic) ?? NOTHING;
  const chunksMax = SHORT_CHUNKS_MAX + Math.ceil(fileMaxBytes / CHUNK_MAX_BYTES);
  return bytes + cost > fileMaxBytes || chunks >= chunksMax || total + cost > totalMaxBytes;
}

async function readChecked(shelf: Shelf, topic: string, name: string): Promise<Uint8Array | undefined> {
  const path = join(shelf.root, topic, name);
  const chunk = await readWhole(path).catch(() => undefined);
  if (!chunk) return undefined;
  if (toHex(nodeVerifier.sha256(chunk)) === name) return chunk;
  await rm(path, { force: true }).catch(() => undefined);
  grow(shelf, topic, -costOf(chunk.length));
  return undefined;
}

/** All of a file of ours, in one piece: `readFile` takes twice the memory for it. */
async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const room = new Uint8Array(CHUNK_MAX_BYTES);
    const { bytesRead } = await file.read(room, 0, room.length, 0);
    return room.subarray(0, bytesRead); // what is longer is none of ours, and has another hash
  } finally {
    await file.close();
  }
}

/** Two who hand in the same chunk at once wait for one write. */
function putOnce(shelf: Shelf, topic: string, name: string, chunk: Uint8Array): Promise<ChunkPut> {
  const key = `${topic}/${name}`;
  const begin = async (): Promise<ChunkPut> => {
    await shelf.expiring.get(key);
    return await put(shelf, topic, name, chunk);
  };
  const writing = shelf.writing.get(key) ?? begin().finally(() => shelf.writing.delete(key));
  shelf.writing.set(key, writing);
  return writing;
}

async function put(shelf: Shelf, topic: string, name: string, chunk: Uint8Array): Promise<ChunkPut> {
  const directory = join(shelf.root, topic);
  if (existsSync(join(directory, name)) && (await beginsAnew(join(directory, name)))) return "stored";
  const cost = costOf(chunk.length);
  if (isTooMuch(shelf, topic, cost)) return "quota";
  grow(shelf, topic, cost);
  try {
    await shelf.disk.write(directory, name, chunk);
    return "stored";
  } catch {
    grow(shelf, topic, -cost);
    return "unavailable";
  }
}

/** Whether its time has begun anew: it may have gone just now. */
function beginsAnew(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

async function remove(shelf: Shelf, topic: string): Promise<void> {
  await rm(join(shelf.root, topic), { recursive: true, force: true }).catch(() => undefined);
  grow(shelf, topic, Number.NEGATIVE_INFINITY);
  shelf.sizes.delete(topic);
}

async function purge(shelf: Shelf, beforeMs: number): Promise<void> {
  for (const topic of [...shelf.sizes.keys()]) {
    const names = await readdir(join(shelf.root, topic)).catch(() => []);
    for (const name of names) {
      const key = `${topic}/${name}`;
      if (shelf.writing.has(key)) continue; // its time begins anew just now
      const expiring = expire(shelf, topic, name, beforeMs).finally(() => shelf.expiring.delete(key));
      shelf.expiring.set(key, expiring);
      await expiring;
    }
    await removeEmpty(shelf, topic);
  }
}

/** Erases the chunk if nobody has handed it in since then. */
async function expire(shelf: Shelf, topic: string, name: string, beforeMs: number): Promise<boolean> {
  const path = join(shelf.root, topic, name);
  const found = await stat(path).catch(() => undefined);
  if (!found || found.mtimeMs >= beforeMs) return false;
  await rm(path, { force: true }).catch(() => undefined);
  grow(shelf, topic, -costOf(found.size));
  return true;
}

/** A topic without chunks; one into which something is being written stays. */
async function removeEmpty(shelf: Shelf, topic: string): Promise<void> {
  if ([...shelf.writing.keys()].some((key) => key.startsWith(`${topic}/`))) return;
  const isGone = await rmdir(join(shelf.root, topic)).then(
    () => true,
    () => false,
  );
  if (!isGone) return;
  grow(shelf, topic, Number.NEGATIVE_INFINITY);
  shelf.sizes.delete(topic);
}
