/**
 * The chunks of one file as this device can name and make them: their ids, from the saved lists; their bytes, from the
 * file on the disk.
 *
 * 1. At most two lists are in memory, whatever the file's size.
 * 2. Who asks for what no list names makes us look through all of them: FRUITLESS_MAX times in FRUITLESS_MS, then only
 *    through those in memory.
 * 3. A chunk that is made again leaves only under its known id (PROTOCOL.md § Files): a changed file gives nothing.
 */
import { chunkIdOf, type FileKeys, openChunk, sealChunk } from "../crypto/file-chunk.ts";
import {
  type ChunkPlace,
  type FileShape,
  fileBytesIn,
  isLastAt,
  plainBytesAt,
  topLevel,
} from "../crypto/file-shape.ts";
import { idsOf } from "../crypto/file-tree.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { fileListId } from "../protocol/files.ts";
import { FILE_LIST } from "../protocol/records/file.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { ChunkId } from "../wire/ids.ts";
import { CHUNK_LIST_MAX, CHUNK_MAX_BYTES, CHUNK_PLAIN_BYTES } from "../wire/limits.ts";
import type { PartStore } from "./ports/parts.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";

export interface FilePartsDependencies {
  readonly primitives: Primitives;
  readonly store: ProfileStore;
  readonly parts: PartStore;
  readonly keys: FileKeys;
  /** Where its lists are saved; see `fileShelf`. */
  readonly shelf: string;
  readonly shape: FileShape;
  readonly root: ChunkId;
  readonly nowMs: () => number;
}

/** Where the bytes of level 0 lie: the file itself (or its unfinished download), or chunks one after another. */
export interface FileBytes {
  readonly path: string;
  readonly isSpool: boolean;
}

export interface FileParts {
  /** How many lists of data chunks there are; a file of one chunk counts as one. */
  readonly windows: number;
  /** Ids of the chunks of a level that the list at `index` above it names; undefined: that list is not here yet. */
  readonly idsUnder: (level: number, index: number) => Promise<readonly ChunkId[] | undefined>;
  /** Where the chunks of these ids stand, among the lists that are here; each list is looked through once, however many are asked for. */
  readonly find: (ids: readonly ChunkId[]) => Promise<readonly (ChunkPlace | undefined)[]>;
  /** The sealed chunk, or undefined when the disk does not have it (any more). */
  readonly seal: (place: ChunkPlace, id: ChunkId, bytes: FileBytes) => Promise<Uint8Array | undefined>;
  /** Its piece of the file without padding (level 0), or its hashes; "forged" if it is not what the sender says it is. */
  readonly open: (place: ChunkPlace, ciphertext: Uint8Array) => Uint8Array | "forged";
}

interface Window {
  readonly level: number;
  readonly index: number;
  readonly ids: readonly ChunkId[];
  /** Where an id stands, by its first four bytes; of several that begin alike the last. */
  readonly places: ReadonlyMap<number, number>;
}

/** Lists that stay in memory. */
const WINDOWS_KEPT = 2;
/** A file of 100 GB has 50 lists, of which each costs 2 ms; whoever fetches along with us asks a few times for what we lack, too. */
const FRUITLESS_MAX = 30;
const FRUITLESS_MS = 60_000;

export function createFileParts(d: FilePartsDependencies): FileParts {
  const { shape, root } = d;
  const top = topLevel(shape);
  const kept: Window[] = [];
  const looks = fruitlessLooks(d.nowMs);
  const listAt = async (level: number, index: number): Promise<Uint8Array | undefined> =>
    (await readRecord(d.store, FILE_LIST, fileListId(d.shelf, level, index)))?.hashes;
  /** Chunks of `level` that list `index` names; the top is named by the manifest. */
  const windowAt = async (level: number, index: number): Promise<Window | undefined> => {
    const at = kept.findIndex((each) => each.level === level && each.index === index);
    const [found] = at < 0 ? [] : kept.splice(at, 1);
    const hashes = found ? undefined : level === top ? root : await listAt(level + 1, index);
    const window = found ?? (hashes && windowOf(level, index, idsOf(hashes)));
    if (window) kept.unshift(window);
    kept.splice(WINDOWS_KEPT);
    return window;
  };
  return {
    windows: shape.counts[1] ?? 1,
    idsUnder: async (level, index) => (await windowAt(level, index))?.ids,
    find: async (ids) => {
      const found: (ChunkPlace | undefined)[] = ids.map(() => undefined);
      const left = new Map(ids.entries());
      const lookIn = (window: Window): void => {
        for (const [i, id] of left) {
          const place = placeIn(window, id);
          if (place) left.delete(i);
          found[i] = place;
        }
      };
      kept.forEach(lookIn);
      const isOften = looks.areTooMany();
      for (let level = top; level >= 0 && !isOften; level--)
        for (let index = 0; index < (shape.counts[level + 1] ?? 1) && left.size > 0; index++) {
          const window = await windowAt(level, index);
          if (window) lookIn(window);
        }
      if (left.size > 0) looks.add();
      return found;
    },
    seal: async (place, id, bytes) => {
      const sealed =
        place.level === 0 && bytes.isSpool
          ? await d.parts.read(bytes.path, place.index * CHUNK_MAX_BYTES, (plainBytesAt(shape, place) ?? 0) + 16)
          : place.level === 0
            ? await withRoom(async (room) =>
                sealAgain(d, place, await pieceAt(d, { ...place, path: bytes.path, room })),
              )
            : sealAgain(d, place, await listAt(place.level, place.index));
      return sealed && equalBytes(chunkIdOf(d.primitives, sealed), id) ? sealed : undefined;
    },
    open: (place, ciphertext) => {
      const plain = openChunk(d.primitives, d.keys.chunkKey, { shape, place }, ciphertext);
      if (plain === "forged" || place.level > 0) return plain;
      const length = fileBytesIn(shape, place.index);
      for (let at = length; at < plain.length; at++) if (plain[at] !== 0) return "forged";
      return plain.subarray(0, length);
    },
  };
}

/** Counts how often all lists were looked through for what is in none. */
function fruitlessLooks(nowMs: () => number) {
  let [sinceMs, times] = [Number.NEGATIVE_INFINITY, 0];
  return {
    areTooMany: (): boolean => {
      if (nowMs() - sinceMs >= FRUITLESS_MS) [sinceMs, times] = [nowMs(), 0];
      return times >= FRUITLESS_MAX;
    },
    add: (): void => {
      times++;
    },
  };
}

function windowOf(level: number, index: number, ids: readonly ChunkId[]): Window {
  const places = new Map<number, number>();
  for (let at = 0; at < ids.length; at++) places.set(beginning(ids[at]), at);
  return { level, index, ids, places };
}

function placeIn({ level, index, ids, places }: Window, id: ChunkId): ChunkPlace | undefined {
  const likely = places.get(beginning(id));
  if (likely === undefined) return undefined;
  const at = equalBytes(ids[likely] ?? id, id) ? likely : ids.findIndex((each) => equalBytes(each, id));
  return at < 0 ? undefined : { level, index: index * CHUNK_LIST_MAX + at };
}

/** The first four bytes: ids are hashes, so few begin alike. */
const beginning = (id: Uint8Array = NO_ID): number =>
  ((id[0] ?? 0) << 24) | ((id[1] ?? 0) << 16) | ((id[2] ?? 0) << 8) | (id[3] ?? 0);
const NO_ID = new Uint8Array();

function sealAgain(
  { primitives, keys, shape }: FilePartsDependencies,
  place: ChunkPlace,
  piece: Uint8Array | undefined,
): Uint8Array | undefined {
  return piece && sealChunk(primitives, keys.chunkKey, { ...place, isLast: isLastAt(shape, place) }, piece);
}

/** Room for pieces that are read to be sealed, of all files: used again, since new memory for each costs more than reading. */
const ROOMS: Uint8Array[] = [];
const ROOMS_KEPT = 4;

/** Lends a room for a piece until `work` is done. */
async function withRoom<T>(work: (room: Uint8Array) => Promise<T>): Promise<T> {
  const room = ROOMS.pop() ?? new Uint8Array(CHUNK_PLAIN_BYTES);
  try {
    return await work(room);
  } finally {
    if (ROOMS.length < ROOMS_KEPT) ROOMS.push(room);
  }
}

/** A piece of the padded file, in `room`. */
async function pieceAt(
  { parts, shape }: FilePartsDependencies,
  { index, path, room }: { readonly index: number; readonly path: string; readonly room: Uint8Array },
): Promise<Uint8Array | undefined> {
  const length = fileBytesIn(shape, index);
  const padded = plainBytesAt(shape, { level: 0, index }) ?? 0;
  const read = length === 0 ? new Uint8Array() : await parts.read(path, index * CHUNK_PLAIN_BYTES, length, room);
  if (read?.length !== length) return undefined;
  if (read.length > 0 && read.buffer !== room.buffer) room.set(read);
  return room.subarray(0, padded).fill(0, length);
}
