/**
 * Sealing and opening one chunk of a file: a STREAM construction over XChaCha20-Poly1305 with a key of its own.
 *
 * ```
 * k           32 random bytes for each sending, in the manifest
 * chunk key   KDF("file-chunk", k)
 * nonce       level 1 | zeros 14 | index 8 | last of its level 1
 * topic seed  KDF("file-topic", k): Ed25519 seed of the topic under which the chunks lie
 * commitment  KDF("file-commitment", k, u64(size), root)
 * chunk       XChaCha20-Poly1305(chunk key, nonce, no aad; plaintext);    id = SHA-256(chunk)
 * ```
 * 1. One place has one nonce: chunks that are swapped, repeated, cut off or of another file do not open.
 * 2. The same plaintext and key give the same chunk, so any holder can make it again. Whoever does so compares its id with
 *    the known one BEFORE it leaves: another plaintext under this nonce would give both away.
 * 3. The root fixes every ciphertext, the commitment the key: a file has one content for everybody.
 *
 * @see PROTOCOL.md § Files; Hoang, Reyhanitabar, Rogaway, Vizár: Online Authenticated-Encryption (the STREAM construction)
 */
import { concat, u64be } from "../verify/transcript.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import { ChunkId, Topic } from "../wire/ids.ts";
import { CHUNK_LEVELS_MAX } from "../wire/limits.ts";
import { equalInConstantTime } from "./constant-time.ts";
import { type ChunkPlace, type FileShape, isLastAt, plainBytesAt, shapeOf, topLevel } from "./file-shape.ts";
import { deriveKey } from "./kdf.ts";
import type { Primitives } from "./primitives.ts";

const NO_AAD = new Uint8Array();

/** What follows from a file's key. */
export interface FileKeys {
  /** 32 bytes; seals the chunks. */
  readonly chunkKey: Uint8Array;
  /** Ed25519 seed of the topic, 32 bytes. */
  readonly topicSeed: Uint8Array;
  /** Where the chunks lie. */
  readonly topic: Topic;
}

/** `key`: 32 random bytes, for one sending. */
export function fileKeysOf(p: Primitives, key: Uint8Array): FileKeys {
  const topicSeed = deriveKey(p, "file-topic", key);
  const topic = Topic.from(p.signingPublicKey(topicSeed));
  return { chunkKey: deriveKey(p, "file-chunk", key), topicSeed, topic };
}

/** 32 bytes that fix the key of a file of `sizeBytes` under that root. */
export function fileCommitment(p: Primitives, key: Uint8Array, sizeBytes: number, root: ChunkId): Uint8Array {
  return deriveKey(p, "file-commitment", key, u64be(sizeBytes), root);
}

/** The file's shape, or undefined when key, size and root do not belong together. */
export function checkedShape(p: Primitives, manifest: FileManifest): FileShape | undefined {
  const { key, size, root, commitment } = manifest;
  if (!equalInConstantTime(commitment, fileCommitment(p, key, size, root))) return undefined;
  const shape = shapeOf(size);
  return topLevel(shape) <= CHUNK_LEVELS_MAX ? shape : undefined;
}

/** A chunk of the file, which has `plaintext` at that place. */
export function sealChunk(p: Primitives, chunkKey: Uint8Array, place: SealedPlace, plaintext: Uint8Array): Uint8Array {
  return p.seal(chunkKey, chunkNonce(place), NO_AAD, plaintext);
}

/** Its plaintext, or "forged". The caller has checked the chunk's id. */
export function openChunk(
  p: Primitives,
  chunkKey: Uint8Array,
  { shape, place }: { readonly shape: FileShape; readonly place: ChunkPlace },
  ciphertext: Uint8Array,
): Uint8Array | "forged" {
  const plain = p.open(chunkKey, chunkNonce({ ...place, isLast: isLastAt(shape, place) }), NO_AAD, ciphertext);
  return plain && plain.length === plainBytesAt(shape, place) ? plain : "forged";
}

/** SHA-256 of a sealed chunk. */
export const chunkIdOf = (p: Primitives, ciphertext: Uint8Array): ChunkId => ChunkId.from(p.sha256(ciphertext));

export interface SealedPlace extends ChunkPlace {
  readonly isLast: boolean;
}

function chunkNonce({ level, index, isLast }: SealedPlace): Uint8Array {
  return concat(Uint8Array.of(level), new Uint8Array(14), u64be(index), Uint8Array.of(isLast ? 1 : 0));
}
