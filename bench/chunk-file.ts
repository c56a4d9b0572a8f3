/** A file of random bytes for the benchmarks of chunks: sealed as the program does, the same in every process that has its key. */

import { proofBy } from "../src/client/effects-performer.ts";
import type { ChunkHoldings } from "../src/client/ports/chunks.ts";
import { chunkIdOf, fileKeysOf, openChunk, sealChunk } from "../src/crypto/file-chunk.ts";
import { type FileShape, isLastAt, shapeOf } from "../src/crypto/file-shape.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import type { ChunkId } from "../src/wire/ids.ts";
import { CHUNK_PLAIN_BYTES } from "../src/wire/limits.ts";
import { toHex } from "../src/wire/text-forms.ts";

/** A file that can be given and taken. */
export interface ChunkFile extends ChunkHoldings {
  readonly ids: readonly ChunkId[];
  /** µs of processor time that sealing and hashing all of it would take now, by a part of it: the machine's speed changes. */
  readonly sealingUs: () => number;
  /** Opens what came; throws when it is forged. */
  readonly open: (id: ChunkId, ciphertext: Uint8Array) => void;
}

/** Chunks by which the cost of sealing is measured, 64 MiB. */
const MEASURED_CHUNKS = 256;

/** `key`: 32 bytes; `chunks`: of 256 KiB each, a power of two, so that nothing is padded. */
export function chunkFile(key: Uint8Array, chunks: number): ChunkFile {
  const { chunkKey, topicSeed, topic } = fileKeysOf(p, key);
  const shape: FileShape = shapeOf(chunks * CHUNK_PLAIN_BYTES);
  const plain = new Uint8Array(CHUNK_PLAIN_BYTES).map((_, i) => (i * 31) ^ (i >> 8));
  const sealed = (index: number): Uint8Array => {
    const place = { level: 0, index };
    return sealChunk(p, chunkKey, { ...place, isLast: isLastAt(shape, place) }, plain);
  };
  const places = new Map<string, number>();
  const idsOf = (count: number): readonly ChunkId[] => Array.from({ length: count }, (_, i) => chunkIdOf(p, sealed(i)));
  const ids = idsOf(chunks);
  for (const [i, id] of ids.entries()) places.set(toHex(id), i);
  const placeOf = (id: ChunkId): number => places.get(toHex(id)) ?? -1;
  return {
    topic,
    prove: proofBy(p, { topic, seed: topicSeed, inbox: false }),
    ids,
    sealingUs: () => {
      const measured = Math.min(chunks, MEASURED_CHUNKS);
      const before = process.cpuUsage();
      idsOf(measured);
      const { user, system } = process.cpuUsage(before);
      return ((user + system) * chunks) / measured;
    },
    has: async (wanted) => wanted.map((id) => placeOf(id) >= 0),
    read: async (id) => {
      const chunk = sealed(placeOf(id));
      return toHex(chunkIdOf(p, chunk)) === toHex(id) ? chunk : undefined;
    },
    open: (id, ciphertext) => {
      const place = { level: 0, index: placeOf(id) };
      if (openChunk(p, chunkKey, { shape, place }, ciphertext) === "forged") throw new Error("forged");
    },
  };
}
