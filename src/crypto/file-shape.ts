/**
 * The chunks of a file of a known size: how many there are on each level, and how long each is.
 *
 * ```
 * padded size     max(4,096, padme(size)): the file, and zeros
 * level 0         the padded file in pieces of 256 KiB; only the last may be shorter
 * level n + 1     hashes of the sealed chunks of level n, 8,192 in a piece; only the last may have fewer
 * top             the lowest level with one chunk; its hash is the root
 * ```
 * So all lengths that a holder sees follow from the padded size alone.
 * @see PROTOCOL.md § Files
 */
import { CHUNK_LIST_MAX, CHUNK_PLAIN_BYTES } from "../wire/limits.ts";
import { padme } from "./padme.ts";

/** Bytes of a hash in a list. */
export const CHUNK_ID_BYTES = 32;
/** Bytes of the smallest padded file: short notes all look alike. */
const FILE_PADDED_MIN_BYTES = 4_096;

/** Which chunk of a file. `level`: 0 for data, above that lists; `index`: from 0. */
export interface ChunkPlace {
  readonly level: number;
  readonly index: number;
}

export interface FileShape {
  readonly sizeBytes: number;
  readonly paddedBytes: number;
  /** Chunks of each level, from the data to the top, which has one. */
  readonly counts: readonly number[];
}

/** The shape of a file of `sizeBytes`, 0 to FILE_MAX_BYTES. */
export function shapeOf(sizeBytes: number): FileShape {
  const paddedBytes = paddedFileBytes(sizeBytes);
  const counts = [Math.ceil(paddedBytes / CHUNK_PLAIN_BYTES)];
  for (let top = counts[0] ?? 1; top > 1; counts.push(top)) top = Math.ceil(top / CHUNK_LIST_MAX);
  return { sizeBytes, paddedBytes, counts };
}

/** Bytes of data and zeros behind it. */
export const paddedFileBytes = (sizeBytes: number): number =>
  Math.max(FILE_PADDED_MIN_BYTES, padme(Math.max(1, sizeBytes)));

/** Level of the one chunk whose hash is the root. */
export const topLevel = ({ counts }: FileShape): number => counts.length - 1;

/** Bytes of a chunk before sealing; `undefined` for a place that the file does not have. */
export function plainBytesAt({ counts, paddedBytes }: FileShape, { level, index }: ChunkPlace): number | undefined {
  const count = counts[level];
  if (count === undefined || index < 0 || index >= count) return undefined;
  const [unit, total] =
    level === 0
      ? [CHUNK_PLAIN_BYTES, paddedBytes]
      : [CHUNK_LIST_MAX * CHUNK_ID_BYTES, (counts[level - 1] ?? 0) * CHUNK_ID_BYTES];
  return Math.min(unit, total - index * unit);
}

/** Whether it is the last chunk of its level. */
export const isLastAt = ({ counts }: FileShape, { level, index }: ChunkPlace): boolean => index + 1 === counts[level];

/** Bytes of the file itself, without padding, in that chunk of level 0. */
export function fileBytesIn({ sizeBytes }: FileShape, index: number): number {
  return Math.max(0, Math.min(CHUNK_PLAIN_BYTES, sizeBytes - index * CHUNK_PLAIN_BYTES));
}
