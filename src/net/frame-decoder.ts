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
import { type FrameRooms, ROOM_FROM_BYTES } from "./frame-rooms.ts";
import { joinPieces } from "./joined-pieces.ts";

/** Bytes of the longest length prefix that can be valid: 3 x 7 bits hold FRAME_MAX_BYTES. */
const PREFIX_MAX_BYTES = 3;

/** Incremental decoder of one direction of one stream. */
export interface FrameDecoder {
  /** Takes the next bytes of the stream; they are not copied but where they come in many small pieces. */
  readonly push: (chunk: Uint8Array | Uint8ArrayList) => void;
  /** The next whole frame, `undefined` when more bytes are needed, `malformed` when the stream cannot be trusted any more. */
  readonly next: () => Uint8Array | undefined | "malformed";
  /** Bytes that were taken and not handed on. */
  readonly waitingBytes: () => number;
}

/** A decoder with nothing in it. `rooms`: where large frames are put together; without, each gets new memory. */
export function frameDecoder(rooms?: FrameRooms): FrameDecoder {
  const buffer = new Uint8ArrayList();
  return {
    push: (chunk) => {
      buffer.append(chunk);
      joinPieces(buffer);
    },
    waitingBytes: () => buffer.byteLength,
    next: () => {
      const prefix = readPrefix(buffer);
      if (prefix === undefined || prefix === "malformed") return prefix;
      const end = prefix.bytes + prefix.length;
      if (buffer.byteLength < end) return undefined;
      const frame = inRoom(buffer, prefix, rooms) ?? buffer.subarray(prefix.bytes, end);
      buffer.consume(end);
      return frame;
    },
  };
}

interface Prefix {
  readonly length: number;
  readonly bytes: number;
}

/** A large frame, put together in a room; undefined: it is to be taken as it is. */
function inRoom(buffer: Uint8ArrayList, { bytes, length }: Prefix, rooms: FrameRooms | undefined) {
  const room = length < ROOM_FROM_BYTES ? undefined : rooms?.take(length);
  let at = 0;
  for (const piece of room ? buffer.sublist(bytes, bytes + length) : []) {
    room?.set(piece, at);
    at += piece.length;
  }
  return room;
}

function readPrefix(buffer: Uint8ArrayList): Prefix | undefined | "malformed" {
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
