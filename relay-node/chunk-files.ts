/**
 * Chunks of files on a relay's disk: a file for each topic (chunk-pack.ts).
 *
 * 1. A chunk that was acknowledged is there after a crash, whole.
 * 2. A topic's chunks go together: when it is released, or when none of them was handed in for the retention.
 * 3. Sums are counted before writing, so bounds hold also for many at once.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ChunkPut, ChunkStore } from "../src/net/chunk-store.ts";
import type { ChunkId } from "../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../src/wire/limits.ts";
import { toHex } from "../src/wire/text-forms.ts";
import type { ChunkPack } from "./chunk-pack.ts";
import {
  begin,
  closeShelf,
  costOf,
  erase,
  grow,
  openShelf,
  type Shelf,
  type Shelved,
  TOPIC_OVERHEAD_BYTES,
  usedBytes,
  withPack,
} from "./chunk-shelf.ts";
import { durableDirectory } from "./durable-directory.ts";
import { takeOverOldChunks } from "./old-chunks.ts";

/** Name of the directory in the relay's data directory. */
export const CHUNK_DIRECTORY = "chunks";
/** Bytes of the disk that chunks leave free: room for some hundred thousand messages after the last file. */
const KEEP_FREE_BYTES = 134_217_728;
/**
 * Empty chunks that a topic may have: the last of each level of a file is shorter, and a few for whoever has files of his own
 * kind. Else thousands of tiny ones cost little and make each opening of their topic, which takes 6 us for each, a tenth of a second.
 */
const SHORT_CHUNKS_MAX = 64;
/** Ms between two notes on the disk that chunks which are here were handed in again. */
const NOTE_EVERY_MS = 3_600_000;

export interface ChunkFilesOptions {
  /** The relay's data directory. */
  readonly directory: string;
  /** Bytes of all chunks, with what they and their topics count beside those. */
  readonly totalMaxBytes: number;
  /** Bytes under one topic. */
  readonly fileMaxBytes: number;
  readonly retentionMs: number;
  /** Bytes of the disk that are left to others; default 128 MiB. */
  readonly keepFreeBytes?: number;
}

export interface ChunkFiles extends ChunkStore {
  /** Erases the topics of which nobody has handed in anything for longer than the retention. Rejects at the end with the first error. */
  readonly purge: (nowMs?: number) => Promise<void>;
  readonly usage: () => { readonly files: number; readonly bytes: number };
  /** Files of chunks that cannot be read. */
  readonly unreadable: () => number;
  /** Closes what is open; what is just being written may be refused. */
  readonly close: () => Promise<void>;
}

interface Files extends ChunkFilesOptions {
  readonly shelf: Shelf;
  /** Topics in hex of which a directory in the old way is still there. */
  readonly old: Set<string>;
  /** Chunks that are being written, by topic and id. */
  readonly writing: Map<string, Promise<ChunkPut>>;
}

/** Opens the store, which makes its directory with the first chunk; counts what is there, which takes some milliseconds for each thousand chunks. */
export async function openChunkFiles(options: ChunkFilesOptions): Promise<ChunkFiles> {
  const root = join(options.directory, CHUNK_DIRECTORY);
  const disk = durableDirectory(root, options.keepFreeBytes ?? KEEP_FREE_BYTES);
  const old = await takeOverOldChunks(root, disk);
  const shelf = await openShelf(root, disk);
  const files: Files = { ...options, shelf, old, writing: new Map() };
  const look = async <T>(topic: Uint8Array, work: (pack: ChunkPack) => T | Promise<T>): Promise<T | undefined> => {
    const shelved = shelf.topics.get(toHex(topic));
    return shelved && (await withPack(shelf, shelved, work).catch(() => undefined));
  };
  return {
    has: async (topic, ids) => (await look(topic, (pack) => ids.map(pack.has))) ?? ids.map(() => false),
    read: (topic, id) => look(topic, (pack) => pack.read(id)),
    put: (topic, id, chunk) => putOnce(files, toHex(topic), id, chunk),
    release: async (topic) => {
      await release(shelf, shelf.topics.get(toHex(topic)));
      await forgetOld(files, toHex(topic));
    },
    purge: (nowMs = Date.now()) => purge(shelf, nowMs - options.retentionMs),
    usage: () => ({ files: shelf.topics.size, bytes: usedBytes(shelf) }),
    unreadable: () => [...shelf.topics.values()].filter(({ file }) => file === "unreadable").length,
    close: () => closeShelf(shelf),
  };
}

/** One that cannot be erased keeps no other. */
async function purge(shelf: Shelf, beforeMs: number): Promise<void> {
  const errors: unknown[] = [];
  for (const each of [...shelf.topics.values()])
    if (each.users === 0 && each.usedAtMs < beforeMs) await erase(shelf, each).catch((error) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** What could not be taken over does not come back with the next start. */
async function forgetOld({ shelf, old }: Files, topic: string): Promise<void> {
  if (!old.has(topic)) return;
  await rm(join(shelf.root, topic), { recursive: true, force: true })
    .then(() => old.delete(topic))
    .catch(() => undefined);
}

async function release(shelf: Shelf, shelved: Shelved | undefined): Promise<void> {
  await shelved?.pack?.catch(() => undefined); // a file that is just being made is not there yet
  if (shelved) await erase(shelf, shelved).catch(() => undefined); // it goes with the retention
}

/** Whether one chunk more of that cost is too much. */
function isTooMuch({ shelf, fileMaxBytes, totalMaxBytes }: Files, topic: string, cost: number): boolean {
  const { bytes, chunks } = shelf.topics.get(topic) ?? { bytes: 0, chunks: 0 };
  const missingBytes = (chunks + 1) * costOf(CHUNK_MAX_BYTES) - (bytes + cost);
  const isShort = missingBytes > SHORT_CHUNKS_MAX * CHUNK_MAX_BYTES;
  const more = shelf.topics.has(topic) ? cost : cost + TOPIC_OVERHEAD_BYTES;
  return bytes + cost > fileMaxBytes || isShort || usedBytes(shelf) + more > totalMaxBytes;
}

/** Two who hand in the same chunk at once wait for one write. */
function putOnce(files: Files, topic: string, id: ChunkId, chunk: Uint8Array): Promise<ChunkPut> {
  const key = `${topic}/${toHex(id)}`;
  const writing = files.writing.get(key) ?? put(files, topic, id, chunk).finally(() => files.writing.delete(key));
  files.writing.set(key, writing);
  return writing;
}

async function put(files: Files, topic: string, id: ChunkId, chunk: Uint8Array): Promise<ChunkPut> {
  const { shelf } = files;
  const before = shelf.topics.get(topic);
  if (before && (await isHandedInAgain(shelf, before, id))) return "stored";
  if (before?.file === "unreadable") await erase(shelf, before).catch(() => undefined); // for a new one
  const cost = costOf(chunk.length);
  if (isTooMuch(files, topic, cost)) return "quota";
  const shelved = begin(shelf, topic);
  shelved.usedAtMs = Date.now();
  grow(shelf, shelved, cost);
  try {
    if (shelved.file === "none") await shelf.disk.make();
    if (!(await shelf.disk.hasRoom(chunk.length))) throw new Error("the disk is nearly full");
    await withPack(shelf, shelved, (pack) => pack.append(id, chunk));
    shelved.notedAtMs = Date.now();
    return "stored";
  } catch {
    grow(shelf, shelved, -cost);
    if (shelved.chunks === 0 && shelved.users === 0) await release(shelf, shelved); // not whoever began the topic anew
    return "unavailable";
  }
}

/** Whether the chunk is there, and its topic's time begins anew. */
function isHandedInAgain(shelf: Shelf, shelved: Shelved, id: ChunkId): Promise<boolean> {
  const again = async (pack: ChunkPack): Promise<boolean> => {
    if (!pack.has(id)) return false;
    shelved.usedAtMs = Date.now();
    if (shelved.usedAtMs - shelved.notedAtMs < NOTE_EVERY_MS) return true;
    shelved.notedAtMs = shelved.usedAtMs;
    await pack.touch(shelved.usedAtMs).catch(() => undefined);
    return true;
  };
  return withPack(shelf, shelved, again).catch(() => false);
}
