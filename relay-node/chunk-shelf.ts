/**
 * The files of chunks of all topics: which there are, how large, used when, and which of them are open.
 *
 * 1. In memory are the size and the last use of each topic; where its chunks lie only while it is open, which some are at a time.
 * 2. What cannot be read at the start stays where it is: it may be readable at the next. It goes with the retention, or when one
 *    of its chunks is handed in again.
 * 3. What is erased is renamed at once and before anything else: who hands in a chunk afterwards begins a new file, and who is
 *    reading reads on.
 */
import { randomBytes } from "node:crypto";
import { existsSync, renameSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ChunkPack, chunkLengths, isLost, openChunkPack } from "./chunk-pack.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { errnoOf } from "./errno.ts";

/** What a chunk counts beside its bytes, a block of the disk, so that millions of tiny ones are not free. */
export const CHUNK_OVERHEAD_BYTES = 4_096;
/**
 * What a topic counts beside its chunks: two blocks of the disk, and memory and a look at each start, which are what it is so
 * much for. 20 GiB hold 308,000 topics of one tiny chunk: 77 MB of memory, and half a minute at a start.
 */
export const TOPIC_OVERHEAD_BYTES = 65_536;
/** What a topic's file is called behind the topic in hex, and what any is called while it is erased. */
const PACK_NAME = /^([0-9a-f]{64})\.pack$/;
const GONE_PREFIX = ".gone-";
/** Topics that stay open, and chunks in them, some 15 MiB of memory; those in use are open in any case. */
const OPEN_MAX = 64;
const OPEN_CHUNKS_MAX = 131_072;
/** Topics that are looked at together. */
const LOOKS_AT_ONCE = 16;

/** One topic's chunks. */
export interface Shelved {
  readonly topic: string;
  /** What its chunks count. */
  bytes: number;
  chunks: number;
  /** When one was handed in last (ms). */
  usedAtMs: number;
  /** The same as it stands on the disk (ms). */
  notedAtMs: number;
  /** Nothing, or what another process left, or what this one knows, or what cannot be read. */
  file: "none" | "unknown" | "known" | "unreadable";
  /** Those who read or write now. */
  users: number;
  pack: Promise<ChunkPack> | undefined;
}

export interface Shelf {
  readonly root: string;
  readonly disk: DurableDirectory;
  /** By topic in hex. */
  readonly topics: Map<string, Shelved>;
  /** What all chunks count. */
  total: number;
  /** Those that are open, used last at the end, and how many chunks each has. */
  readonly open: Map<Shelved, number>;
}

export const packPath = (root: string, topic: string): string => join(root, `${topic}.pack`);
/** What a chunk of so many bytes counts. */
export const costOf = (bytes: number): number => bytes + CHUNK_OVERHEAD_BYTES;
/** What all chunks and topics count. */
export const usedBytes = ({ total, topics }: Shelf): number => total + topics.size * TOPIC_OVERHEAD_BYTES;

/** Counts what is in the directory, and removes what was being erased. */
export async function openShelf(root: string, disk: DurableDirectory): Promise<Shelf> {
  const shelf: Shelf = { root, disk, topics: new Map(), total: 0, open: new Map() };
  const names = await readdir(root).catch(() => []);
  const look = async (name: string): Promise<void> => {
    if (name.startsWith(GONE_PREFIX)) await rm(join(root, name), { recursive: true, force: true });
    const topic = PACK_NAME.exec(name)?.[1];
    if (topic !== undefined) await count(shelf, topic);
  };
  for (let at = 0; at < names.length; at += LOOKS_AT_ONCE)
    await Promise.all(names.slice(at, at + LOOKS_AT_ONCE).map((name) => look(name).catch(() => undefined)));
  return shelf;
}

async function count(shelf: Shelf, topic: string): Promise<void> {
  const path = packPath(shelf.root, topic);
  const lengths = await chunkLengths(path).catch(() => undefined);
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  const shelved = begin(shelf, topic);
  shelved.file = lengths ? "unknown" : "unreadable";
  shelved.usedAtMs = shelved.notedAtMs = mtimeMs;
  for (const bytes of lengths ?? []) grow(shelf, shelved, costOf(bytes));
}

/** The topic, with nothing yet if it is new. */
export function begin(shelf: Shelf, topic: string): Shelved {
  const nowMs = Date.now();
  const shelved: Shelved = shelf.topics.get(topic) ?? {
    topic,
    bytes: 0,
    chunks: 0,
    usedAtMs: nowMs,
    notedAtMs: nowMs,
    file: "none",
    users: 0,
    pack: undefined,
  };
  shelf.topics.set(topic, shelved);
  return shelved;
}

/** One chunk more that costs so much, or with negative bytes one less. */
export function grow(shelf: Shelf, shelved: Shelved, bytes: number): void {
  shelved.bytes += bytes;
  shelved.chunks += Math.sign(bytes);
  if (isHere(shelf, shelved)) shelf.total += bytes;
}

const isHere = (shelf: Shelf, shelved: Shelved): boolean => shelf.topics.get(shelved.topic) === shelved;

/** Does something with the topic's chunks. Rejects with Node's error, also when the topic was erased before. */
export async function withPack<T>(
  shelf: Shelf,
  shelved: Shelved,
  work: (pack: ChunkPack) => T | Promise<T>,
): Promise<T> {
  shelved.users++;
  shelved.pack ??= openPack(shelf, shelved);
  try {
    const pack = await shelved.pack;
    shelf.open.delete(shelved);
    shelf.open.set(shelved, pack.chunks());
    return await work(pack);
  } finally {
    shelved.users--;
    closeUnused(shelf);
  }
}

async function openPack(shelf: Shelf, shelved: Shelved): Promise<ChunkPack> {
  try {
    const { topic, file } = shelved;
    if (!isHere(shelf, shelved)) throw new Error("erased meanwhile");
    if (file === "unreadable") throw new Error("cannot be read");
    const lost = (bytes: number): void => grow(shelf, shelved, -costOf(bytes));
    const pack = await openChunkPack({ path: packPath(shelf.root, topic), file, lost });
    if (shelved.file === "none") await named(shelf, shelved, pack);
    shelved.file = "known";
    return pack;
  } catch (error) {
    shelved.pack = undefined;
    if (shelved.file !== "none" && isGone(error)) shelved.file = "unreadable";
    throw error;
  }
}

/** Whether what was there will not be back: somebody has removed it, or the disk has lost it. */
const isGone = (error: unknown): boolean => isLost(error) || errnoOf(error) === "ENOENT";

/** The new file's name is durable, or the file is not there. */
async function named({ disk, root }: Shelf, { topic }: Shelved, pack: ChunkPack): Promise<void> {
  try {
    await disk.sync();
  } catch (error) {
    await pack.close();
    await rm(packPath(root, topic), { force: true });
    throw error;
  }
}

function closeUnused(shelf: Shelf): void {
  let chunks = [...shelf.open.values()].reduce((sum, each) => sum + each, 0);
  for (const [shelved, own] of shelf.open) {
    const isKept = isHere(shelf, shelved) && shelf.open.size <= OPEN_MAX && chunks <= OPEN_CHUNKS_MAX;
    if (isKept || shelved.users > 0) continue;
    chunks -= own;
    void closePack(shelf, shelved);
  }
}

async function closePack(shelf: Shelf, shelved: Shelved): Promise<void> {
  const { pack } = shelved;
  shelved.pack = undefined;
  shelf.open.delete(shelved);
  await pack?.then((each) => each.close()).catch(() => undefined);
}

/** Closes all. */
export async function closeShelf(shelf: Shelf): Promise<void> {
  await Promise.all([...shelf.open.keys()].map((each) => closePack(shelf, each)));
}

/** Erases a topic that is not just being made. Rejects with Node's error; it is there as it was, or gone with the next start. */
export async function erase(shelf: Shelf, shelved: Shelved): Promise<void> {
  if (!isHere(shelf, shelved)) return;
  const path = packPath(shelf.root, shelved.topic);
  const gone = join(shelf.root, GONE_PREFIX + randomBytes(8).toString("hex"));
  if (existsSync(path)) renameSync(path, gone);
  shelf.topics.delete(shelved.topic);
  shelf.total -= shelved.bytes;
  closeUnused(shelf);
  await rm(gone, { recursive: true, force: true });
}
