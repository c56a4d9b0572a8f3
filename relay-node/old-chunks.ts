/**
 * How a relay kept chunks before chunk-pack.ts: a directory for each topic, named in hex, and in it a file for each chunk,
 * named by its id in hex. Taken over at the start.
 *
 * 1. A chunk leaves its old place only when it is on the disk in the new one; a few at a time, so that a full disk has room.
 * 2. What cannot be taken over now stays where it is until the next start, or until its topic is released; it is not served
 *    meanwhile. What the disk has lost is not waited for.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ChunkId } from "../src/wire/ids.ts";
import { fromHex, toHex } from "../src/wire/text-forms.ts";
import { type ChunkPack, isLost, openChunkPack } from "./chunk-pack.ts";
import { packPath } from "./chunk-shelf.ts";
import type { DurableDirectory } from "./durable-directory.ts";
import { nodeVerifier } from "./node-verifier.ts";

const HEX_NAME = /^[0-9a-f]{64}$/;
/** Chunks that are moved together, 4 MiB. */
const AT_ONCE = 16;

/** Takes over what lies in `root` in the old way; answers with the topics in hex of which something is left there. */
export async function takeOverOldChunks(root: string, disk: DurableDirectory): Promise<Set<string>> {
  const found = await readdir(root, { withFileTypes: true }).catch(() => []);
  const left = new Set<string>();
  for (const { name } of found.filter((each) => each.isDirectory() && HEX_NAME.test(each.name)))
    await takeOver(join(root, name), packPath(root, name), disk).catch(() => left.add(name));
  return left;
}

async function takeOver(directory: string, path: string, disk: DurableDirectory): Promise<void> {
  const file = existsSync(path) ? "unknown" : "none"; // a start before this one may not have come to the end
  let usedAtMs = file === "none" ? 0 : (await stat(path)).mtimeMs;
  const pack = await openChunkPack({ path, file, lost: () => undefined });
  try {
    await disk.sync();
    const names = (await readdir(directory)).filter((name) => HEX_NAME.test(name));
    for (let at = 0; at < names.length; at += AT_ONCE) {
      const paths = names.slice(at, at + AT_ONCE).map((name) => join(directory, name));
      const times = await Promise.all(paths.map((each) => take(pack, each)));
      usedAtMs = Math.max(usedAtMs, ...times);
      await pack.touch(usedAtMs);
      await Promise.all(paths.map((each) => rm(each)));
    }
    await rm(directory, { recursive: true }); // with what an earlier crash left half written
  } finally {
    await pack.close();
  }
}

/** Answers when the chunk was handed in (ms). What the disk has spoilt is not taken. */
async function take(pack: ChunkPack, path: string): Promise<number> {
  const { mtimeMs } = await stat(path);
  const chunk = new Uint8Array(await readWhole(path));
  const id = ChunkId.from(fromHex(path.slice(-64)) ?? new Uint8Array(32));
  const isWhole = toHex(nodeVerifier.sha256(chunk)) === toHex(id);
  if (isWhole && !pack.has(id)) await pack.append(id, chunk);
  return mtimeMs;
}

/** Nothing where the disk has lost it. */
async function readWhole(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isLost(error)) return new Uint8Array();
    throw error;
  }
}
