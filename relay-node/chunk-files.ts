/**
 * Chunks of files on a relay's disk: a directory for each file's topic, a file for each chunk, named by its hash.
 *
 * 1. A chunk appears whole, after it was synced, under its name: a crash leaves a temporary file, which the next start removes.
 * 2. What is read is checked: a chunk that the disk has spoilt is erased and counts as not here, so that it is handed in again.
 * 3. Nothing is held in memory but the size of each topic. Sums are counted before writing, so bounds hold also for many at once.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { ChunkPut, ChunkStore } from "../src/net/chunk-store.ts";
import type { Topic } from "../src/wire/ids.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { nodeVerifier } from "./node-verifier.ts";

/** Name of the directory in the relay's data directory. */
export const CHUNK_DIRECTORY = "chunks";
const TEMPORARY = ".new-";

export interface ChunkFilesOptions {
  /** The relay's data directory. */
  readonly directory: string;
  /** Bytes of all chunks. */
  readonly totalMaxBytes: number;
  /** Bytes under one topic. */
  readonly fileMaxBytes: number;
  readonly retentionMs: number;
}

export interface ChunkFiles extends ChunkStore {
  /** Erases what nobody has handed in for longer than the retention. */
  readonly purge: (nowMs?: number) => Promise<void>;
  readonly usage: () => { readonly files: number; readonly bytes: number };
}

interface Shelf extends ChunkFilesOptions {
  readonly root: string;
  /** Topic -> bytes. */
  readonly sizes: Map<string, number>;
  /** Chunks that are being written. */
  readonly writing: Map<string, Promise<ChunkPut>>;
}

/** Opens the store; counts what is there, which takes some milliseconds for each thousand chunks. */
export async function openChunkFiles(options: ChunkFilesOptions): Promise<ChunkFiles> {
  const root = join(options.directory, CHUNK_DIRECTORY);
  await mkdir(root, { recursive: true, mode: 0o700 });
  const shelf: Shelf = { ...options, root, sizes: new Map(), writing: new Map() };
  for (const topic of await readdir(root)) await countTopic(shelf, topic);
  return {
    has: async (topic, ids) => {
      const there = new Set(await readdir(join(root, toHex(topic))).catch(() => []));
      return ids.map((id) => there.has(toHex(id)));
    },
    read: (topic, id) => readChecked(shelf, toHex(topic), toHex(id)),
    put: (topic, id, chunk) => putOnce(shelf, toHex(topic), toHex(id), chunk),
    release: (topic: Topic) => remove(shelf, toHex(topic)),
    purge: (nowMs = Date.now()) => purge(shelf, nowMs - options.retentionMs),
    usage: () => ({ files: shelf.sizes.size, bytes: totalOf(shelf) }),
  };
}

const totalOf = ({ sizes }: Shelf): number => [...sizes.values()].reduce((sum, each) => sum + each, 0);

async function countTopic({ root, sizes }: Shelf, topic: string): Promise<void> {
  let bytes = 0;
  for (const name of await readdir(join(root, topic)).catch(() => [])) {
    const path = join(root, topic, name);
    if (name.startsWith(TEMPORARY)) await rm(path, { force: true });
    else bytes += (await stat(path)).size;
  }
  sizes.set(topic, bytes);
}

function grow({ sizes }: Shelf, topic: string, bytes: number): void {
  sizes.set(topic, Math.max(0, (sizes.get(topic) ?? 0) + bytes));
}

async function readChecked(shelf: Shelf, topic: string, name: string): Promise<Uint8Array | undefined> {
  const path = join(shelf.root, topic, name);
  const found = await readFile(path).catch(() => undefined);
  if (!found) return undefined;
  const chunk = new Uint8Array(found.buffer, found.byteOffset, found.byteLength);
  if (toHex(nodeVerifier.sha256(chunk)) === name) return chunk;
  await rm(path, { force: true }).catch(() => undefined);
  grow(shelf, topic, -chunk.length);
  return undefined;
}

/** Two who hand in the same chunk at once wait for one write. */
function putOnce(shelf: Shelf, topic: string, name: string, chunk: Uint8Array): Promise<ChunkPut> {
  const key = `${topic}/${name}`;
  const writing = shelf.writing.get(key) ?? put(shelf, topic, name, chunk).finally(() => shelf.writing.delete(key));
  shelf.writing.set(key, writing);
  return writing;
}

async function put(shelf: Shelf, topic: string, name: string, chunk: Uint8Array): Promise<ChunkPut> {
  const directory = join(shelf.root, topic);
  const now = new Date();
  const isThere = await utimes(join(directory, name), now, now).then(
    () => true,
    () => false,
  );
  if (isThere) return "stored"; // and its time begins anew
  const isOver = (shelf.sizes.get(topic) ?? 0) + chunk.length > shelf.fileMaxBytes;
  if (isOver || totalOf(shelf) + chunk.length > shelf.totalMaxBytes) return "quota";
  grow(shelf, topic, chunk.length);
  const temporary = join(directory, TEMPORARY + randomBytes(8).toString("hex"));
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(chunk);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, name));
    return "stored";
  } catch {
    grow(shelf, topic, -chunk.length);
    await rm(temporary, { force: true }).catch(() => undefined);
    return "unavailable";
  }
}

async function remove({ root, sizes }: Shelf, topic: string): Promise<void> {
  await rm(join(root, topic), { recursive: true, force: true }).catch(() => undefined);
  sizes.delete(topic);
}

async function purge(shelf: Shelf, beforeMs: number): Promise<void> {
  for (const topic of [...shelf.sizes.keys()]) {
    const names = await readdir(join(shelf.root, topic)).catch(() => []);
    let left = names.length;
    for (const name of names) {
      const path = join(shelf.root, topic, name);
      const found = await stat(path).catch(() => undefined);
      if (!found || found.mtimeMs >= beforeMs) continue;
      await rm(path, { force: true }).catch(() => undefined);
      grow(shelf, topic, -found.size);
      left--;
    }
    if (left === 0) await remove(shelf, topic);
  }
}
