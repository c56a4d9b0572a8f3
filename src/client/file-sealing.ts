/**
 * The first look at what is to be sent: every chunk is sealed once, for its hash alone, and the lists of hashes are saved.
 * What can be read only once (a directory's archive, a stream) is kept as its sealed chunks, encrypted on the disk.
 *
 * 1. One chunk and one list of each level are in memory at a time.
 * 2. A file that changes meanwhile is not sent.
 */
import { chunkIdOf, type FileKeys, fileCommitment, fileKeysOf, sealChunk } from "../crypto/file-chunk.ts";
import { paddedFileBytes } from "../crypto/file-shape.ts";
import { type ChunkList, createFileTree, type FileTreeBuilder } from "../crypto/file-tree.ts";
import type { Primitives } from "../crypto/primitives.ts";
import type { SavedFile } from "../protocol/file-state.ts";
import type { Answer, Input } from "../protocol/machine.ts";
import { Fault } from "../wire/fault.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import { CHUNK_MAX_BYTES, CHUNK_PLAIN_BYTES, FILE_MAX_BYTES } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { LeftOut } from "./file-api.ts";
import type { StopSignal } from "./ports/chunks.ts";
import type { RandomBytes } from "./ports/clock.ts";
import type { FileSource, PartStore } from "./ports/parts.ts";

export interface SealingDependencies {
  readonly primitives: Primitives;
  readonly parts: PartStore;
  readonly random: RandomBytes;
  readonly put: (input: Input) => Promise<Answer>;
  readonly signal: Pick<StopSignal, "aborted"> | undefined;
}

/** What the message will say of the file, and where its bytes are. */
export interface SealedSource {
  readonly manifest: Pick<FileManifest, "size" | "key" | "root" | "commitment">;
  readonly saved: SavedFile;
  readonly leftOut: LeftOut;
}

/** Names of what was left out that are kept. */
const LEFT_OUT_NAMED = 5;

interface Sealing extends SealingDependencies {
  readonly keys: FileKeys;
  readonly tree: FileTreeBuilder;
}

/** Reads all of the source. If it is cancelled or fails, what was saved of it goes. */
export async function sealSource(d: SealingDependencies, path: string, source: FileSource): Promise<SealedSource> {
  const key = d.random(32);
  const keys = fileKeysOf(d.primitives, key);
  const sealing: Sealing = { ...d, keys, tree: createFileTree(d.primitives, keys.chunkKey) };
  const spool = source.kind === "file" ? undefined : await d.parts.spoolPath(toHex(keys.topic));
  const names: string[] = [];
  let count = 0;
  const leaveOut = (inside: string): void => {
    if (count++ < LEFT_OUT_NAMED) names.push(inside);
  };
  try {
    const pieces =
      source.kind === "file"
        ? filePieces(d.parts, path, source.sizeBytes)
        : streamPieces(d.parts.stream(path, leaveOut));
    const size = await sealAll(sealing, pieces, spool);
    const { root, lists } = sealing.tree.finish();
    await saveLists(sealing, lists);
    const saved = await whereSaved(d.parts, path, source, spool);
    const commitment = fileCommitment(d.primitives, key, size, root);
    return { manifest: { size, key, root, commitment }, saved, leftOut: { count, names } };
  } catch (error) {
    await d.put({ kind: "change-file", change: { kind: "forget", shelf: toHex(keys.topic) } });
    if (spool !== undefined) await d.parts.remove(spool);
    throw error;
  }
}

async function whereSaved(
  parts: PartStore,
  path: string,
  source: FileSource,
  spool: string | undefined,
): Promise<SavedFile> {
  if (spool !== undefined) {
    await parts.sync(spool);
    return { path: spool, isSpool: true, modified: 0 };
  }
  const after = await parts.look(path);
  const isSame =
    source.kind === "file" &&
    after.kind === "file" &&
    after.sizeBytes === source.sizeBytes &&
    after.modifiedMs === source.modifiedMs;
  if (isSame) return { path, isSpool: false, modified: after.modifiedMs };
  throw new Fault(
    "usage/not-allowed",
    `${path} changed while it was read, so it was not sent: send it again when it stays`,
  );
}

/** A padded piece of the file; `size`: how many bytes of the file there are up to its end, known at the last one. */
interface Piece {
  readonly plain: Uint8Array;
  readonly size?: number;
}

/** Seals every piece; answers the file's size. */
async function sealAll(s: Sealing, pieces: AsyncIterable<Piece>, spool: string | undefined): Promise<number> {
  let index = 0;
  let offset = 0;
  for await (const { plain, size } of pieces) {
    if (s.signal?.aborted) throw new Fault("usage/cancelled", "cancelled while the file was read, so nothing was sent");
    const sealed = sealChunk(s.primitives, s.keys.chunkKey, { level: 0, index, isLast: size !== undefined }, plain);
    await saveLists(s, s.tree.add(chunkIdOf(s.primitives, sealed)));
    if (spool !== undefined) await s.parts.write(spool, offset, sealed);
    index++;
    offset += sealed.length;
    if (offset / CHUNK_MAX_BYTES > FILE_MAX_BYTES / CHUNK_PLAIN_BYTES) throw tooLarge();
    if (size !== undefined) return size;
  }
  throw new Fault("internal/invariant", "a file has a last piece");
}

const tooLarge = (): Fault =>
  new Fault("usage/too-long", `a file has at most ${FILE_MAX_BYTES} bytes, so this one was not sent: send it in parts`);

async function saveLists({ put, keys: { topic } }: Sealing, lists: readonly ChunkList[]): Promise<void> {
  for (const { level, index, hashes } of lists)
    await put({ kind: "change-file", change: { kind: "list", shelf: toHex(topic), level, index, hashes } });
}

/** The pieces of a file of that size, padded. */
async function* filePieces(parts: PartStore, path: string, sizeBytes: number): AsyncIterable<Piece> {
  if (sizeBytes > FILE_MAX_BYTES) throw tooLarge();
  const padded = paddedFileBytes(sizeBytes);
  const room = new Uint8Array(CHUNK_PLAIN_BYTES); // each piece is sealed before the next is read
  for (let at = 0; at < padded; at += CHUNK_PLAIN_BYTES) {
    const length = Math.max(0, Math.min(CHUNK_PLAIN_BYTES, sizeBytes - at));
    const read = length === 0 ? new Uint8Array() : await parts.read(path, at, length, room);
    if (read?.length !== length)
      throw new Fault(
        "usage/not-allowed",
        `${path} became shorter while it was read, so it was not sent: send it again`,
      );
    const plain = paddedTo(Math.min(CHUNK_PLAIN_BYTES, padded - at), read);
    yield at + CHUNK_PLAIN_BYTES >= padded ? { plain, size: sizeBytes } : { plain };
  }
}

/** The pieces of a stream: one is held back, since the last is sealed in another way. */
async function* streamPieces(stream: AsyncIterable<Uint8Array>): AsyncIterable<Piece> {
  let size = 0;
  let filled = 0;
  let piece = new Uint8Array(CHUNK_PLAIN_BYTES);
  for await (const bytes of stream) {
    for (let at = 0; at < bytes.length; ) {
      if (filled === CHUNK_PLAIN_BYTES) {
        yield { plain: piece };
        piece = new Uint8Array(CHUNK_PLAIN_BYTES);
        filled = 0;
      }
      const part = bytes.subarray(at, at + CHUNK_PLAIN_BYTES - filled);
      piece.set(part, filled);
      filled += part.length;
      at += part.length;
    }
    size += bytes.length;
  }
  const before = size - filled;
  let rest = paddedFileBytes(size) - before;
  for (let next = piece.subarray(0, filled); rest > 0; next = new Uint8Array()) {
    const plain = paddedTo(Math.min(CHUNK_PLAIN_BYTES, rest), next);
    rest -= plain.length;
    yield rest > 0 ? { plain } : { plain, size };
  }
}

function paddedTo(length: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length === length) return bytes;
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}
