/** A chunk's frame with its length before it, in one buffer of its own: the chunk's bytes are copied once. */
import { encodeChunkHead } from "../wire/chunk-frames.ts";

/** The bytes for the stream. `chunk`: as its frame allows; it may be reused afterwards. */
export function chunkFrame({
  kind,
  id,
  chunk,
}: {
  readonly kind: "put" | "chunk";
  readonly id: number;
  readonly chunk: Uint8Array;
}): Uint8Array {
  const head = encodeChunkHead({ kind, id, chunkBytes: chunk.length });
  const length = varint(head.length + chunk.length);
  const frame = Buffer.allocUnsafeSlow(length.length + head.length + chunk.length); // all of it is written
  frame.set(length);
  frame.set(head, length.length);
  frame.set(chunk, length.length + head.length);
  return frame;
}

/** Seven bits a byte, lowest first; all but the last have the highest bit set. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
