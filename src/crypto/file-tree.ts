/**
 * The tree over a file's chunks, built while they come by: lists of hashes, sealed as chunks are, up to one chunk.
 *
 * 1. It holds one list of each level at a time, 256 KiB each, whatever the file's size.
 * 2. A list leaves when the next hash shows that it is not the last of its level, or at the end.
 *
 * @see PROTOCOL.md § Files
 */
import { Fault } from "../wire/fault.ts";
import type { ChunkId } from "../wire/ids.ts";
import { CHUNK_LIST_MAX } from "../wire/limits.ts";
import { chunkIdOf, sealChunk } from "./file-chunk.ts";
import { CHUNK_ID_BYTES, type ChunkPlace } from "./file-shape.ts";
import type { Primitives } from "./primitives.ts";

/** A finished list: its place, and the hashes one after another (at most 256 KiB). */
export interface ChunkList extends ChunkPlace {
  readonly hashes: Uint8Array;
}

export interface FileTreeBuilder {
  /** The next data chunk's hash; answers lists that are finished by it. */
  readonly add: (id: ChunkId) => readonly ChunkList[];
  /** After the last data chunk: the rest of the lists, and the hash of the chunk at the top. */
  readonly finish: () => { readonly root: ChunkId; readonly lists: readonly ChunkList[] };
}

interface Level {
  readonly ids: ChunkId[];
  /** Lists of this level's hashes that have left. */
  left: number;
}

/** `chunkKey`: 32 bytes of {@link FileKeys}. */
export function createFileTree(p: Primitives, chunkKey: Uint8Array): FileTreeBuilder {
  const levels: Level[] = [];
  const close = (height: number, isLast: boolean, out: ChunkList[]): ChunkId => {
    const level = levels[height] ?? empty();
    const place = { level: height + 1, index: level.left++ };
    const hashes = joined(level.ids.splice(0));
    out.push({ ...place, hashes });
    return chunkIdOf(p, sealChunk(p, chunkKey, { ...place, isLast }, hashes));
  };
  const put = (height: number, id: ChunkId, out: ChunkList[]): void => {
    const level = levels[height] ?? { ids: [], left: 0 };
    levels[height] = level;
    if (level.ids.length === CHUNK_LIST_MAX) put(height + 1, close(height, false, out), out);
    level.ids.push(id);
  };
  return {
    add: (id) => {
      const out: ChunkList[] = [];
      put(0, id, out);
      return out;
    },
    finish: () => {
      const lists: ChunkList[] = [];
      for (let height = 0; height < levels.length; height++) {
        const { ids, left } = levels[height] ?? empty();
        const [only] = ids;
        if (only && left === 0 && ids.length === 1) return { root: only, lists };
        put(height + 1, close(height, true, lists), lists);
      }
      return empty();
    },
  };
}

function empty(): never {
  throw new Fault("internal/invariant", "a file has at least one chunk");
}

function joined(ids: readonly ChunkId[]): Uint8Array {
  const out = new Uint8Array(ids.length * CHUNK_ID_BYTES);
  for (const [i, id] of ids.entries()) out.set(id, i * CHUNK_ID_BYTES);
  return out;
}

/** The hashes of a list, which are views of it. */
export function idsOf(hashes: Uint8Array): readonly ChunkId[] {
  const out: ChunkId[] = [];
  for (let at = 0; at < hashes.length; at += CHUNK_ID_BYTES)
    out.push(hashes.subarray(at, at + CHUNK_ID_BYTES) as ChunkId);
  return out;
}
