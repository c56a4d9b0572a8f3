/**
 * Room for large frames that come in pieces, used again: 256 KiB of new memory for each chunk keep the garbage collector busier
 * than everything else does.
 *
 * 1. Whoever takes a frame out of a room and is done with it gives it back, once. One that never comes back is garbage.
 */
import { CHUNK_MAX_BYTES } from "../wire/limits.ts";

/** Bytes of a room: a chunk with what stands before it. */
const ROOM_BYTES = CHUNK_MAX_BYTES + 64;
/** Bytes from which on a frame gets a room. */
export const ROOM_FROM_BYTES = 65_536;
/** Rooms that are kept empty, 2 MiB: what a few streams have under way. */
const EMPTY_MAX = 8;

export interface FrameRooms {
  /** Room for so many bytes, with anything in it; `undefined` for more than a room has. */
  readonly take: (bytes: number) => Uint8Array | undefined;
  /** The room that these bytes are part of may be used again; any other bytes are fine. */
  readonly give: (part: Uint8Array) => void;
}

export function createFrameRooms(): FrameRooms {
  const empty: ArrayBuffer[] = [];
  const taken = new WeakSet<ArrayBufferLike>();
  return {
    take: (bytes) => {
      if (bytes > ROOM_BYTES) return undefined;
      const room = empty.pop() ?? new ArrayBuffer(ROOM_BYTES);
      taken.add(room);
      return new Uint8Array(room, 0, bytes);
    },
    give: ({ buffer }) => {
      if (!taken.delete(buffer) || empty.length >= EMPTY_MAX) return;
      if (buffer instanceof ArrayBuffer) empty.push(buffer);
    },
  };
}
