/**
 * Bytes of a stream -> frames. Framing is that of it-length-prefixed: an unsigned varint length, then the frame.
 *
 * 1. Total: any bytes give frames, a wait for more, or `malformed`; nothing throws.
 * 2. Bounded: a length above FRAME_MAX_BYTES is refused before anything is stored for it.
 * 3. One encoding per length: a varint with needless zero groups is malformed.
 *
 * @see PROTOCOL.md § Topic protocol
 */
import { Uint8ArrayList } from "uint8arraylist";
import { FRAME_MAX_BYTES } from "../wire/limits.ts";

/** Bytes of the longest length prefix that can be valid: 3 x 7 bits hold FRAME_MAX_BYTES. */
const PREFIX_MAX_BYTES = 3;

/** Incremental decoder of one direction of one stream. */
export interface FrameDecoder {
  /** Takes the next bytes of the stream; they are not copied. */
  readonly push: (chunk: Uint8Array | Uint8ArrayList) => void;
  /** The next whole frame, `undefined` when more bytes are needed, `malformed` when the stream cannot be trusted any more. */
  readonly next: () => Uint8Array | undefined | "malformed";
}

/** A decoder with nothing in it. */
export function frameDecoder(): FrameDecoder {
  const buffer = new Uint8ArrayList();
  return {
    push: (chunk) => buffer.append(chunk),
    next: () => {
      const prefix = readPrefix(buffer);
      if (prefix === undefined || prefix === "malformed") return prefix;
      const end = prefix.bytes + prefix.length;
      if (buffer.byteLength < end) return undefined;
      const frame = buffer.subarray(prefix.bytes, end);
      buffer.consume(end);
      return frame;
    },
  };
}

function readPrefix(
  buffer: Uint8ArrayList,
): { readonly length: number; readonly bytes: number } | undefined | "malformed" {
  let length = 0;
  for (let i = 0; i < PREFIX_MAX_BYTES; i++) {
    if (i >= buffer.byteLength) return undefined;
    const byte = buffer.get(i);
    length |= (byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    const needless = i > 0 && byte === 0;
    return needless || length > FRAME_MAX_BYTES ? "malformed" : { length, bytes: i + 1 };
  }
  return "malformed";
}
