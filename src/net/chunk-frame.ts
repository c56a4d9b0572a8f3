/** What stands before a chunk's bytes on a stream. The chunk follows as it is, uncopied: it must not change until it is sent. */
import { encodeChunkHead } from "../wire/chunk-frames.ts";

/** Length prefix and head of the frame that ends with `chunkBytes` bytes of a chunk. */
export function chunkHead(of: {
  readonly kind: "put" | "chunk";
  readonly id: number;
  readonly chunkBytes: number;
}): Uint8Array {
  const head = encodeChunkHead(of);
  return Uint8Array.of(...varint(head.length + of.chunkBytes), ...head);
}

/** Seven bits a byte, lowest first; all but the last have the highest bit set. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
