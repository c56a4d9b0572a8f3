/**
 * Which of others' pictures a screen may draw: kinds that run nothing, told by their first bytes and not by what the sender says,
 * and of so few pixels that drawing one does not take the machine's memory.
 */
import { pictureHeader } from "../wire/picture-header.ts";

/** Bytes at the beginning in which a picture's size has to stand: EXIF data and colour profiles come first. */
export const PICTURE_START_BYTES = 1024 * 1024;
/** Pixels, 4 bytes each when drawn: as many as previews are made of. */
const SHOWN_MAX_PIXELS = 40_000_000;

/** MIME type of the picture that begins so, at most PICTURE_START_BYTES of it; undefined: it is none, or none to be drawn. */
export function shownPictureType(start: Uint8Array): string | undefined {
  const found = pictureHeader(start) ?? gifHeader(start);
  const pixels = found ? found.width * found.height : 0;
  return found && pixels > 0 && pixels <= SHOWN_MAX_PIXELS ? `image/${found.format}` : undefined;
}

/**
 * `GIF87a` or `GIF89a`, then width and height of the whole, lowest byte first, which are no bound: where a frame is larger
 * than that, browsers draw the larger. Frames are looked for as far as `start` goes; without any it is none to be drawn.
 */
function gifHeader(start: Uint8Array) {
  const signature = String.fromCharCode(...start.subarray(0, 6));
  if ((signature !== "GIF87a" && signature !== "GIF89a") || start.length < 13) return undefined;
  const view = new DataView(start.buffer, start.byteOffset, start.length);
  let [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  let frames = 0;
  for (let at = 13 + colourBytes(view, 10); at + 10 <= start.length; ) {
    const kind = view.getUint8(at);
    if (kind === GIF_FRAME) {
      frames++;
      width = Math.max(width, view.getUint16(at + 1, true) + view.getUint16(at + 5, true));
      height = Math.max(height, view.getUint16(at + 3, true) + view.getUint16(at + 7, true));
      at = afterBlocks(view, at + 11 + colourBytes(view, at + 9)); // 1 byte: the size of codes
    } else if (kind === GIF_EXTENSION) at = afterBlocks(view, at + 2);
    else break;
  }
  return frames === 0 ? undefined : ({ format: "gif", width, height } as const);
}

const GIF_EXTENSION = 0x21;
const GIF_FRAME = 0x2c;

/** Bytes of the colour table of which these flags tell. */
function colourBytes(view: DataView, flagsAt: number): number {
  const flags = view.getUint8(flagsAt);
  return flags & 0x80 ? 3 * 2 ** (1 + (flags & 7)) : 0;
}

/** Behind blocks that each begin with their length, of which the last one's is zero. */
function afterBlocks(view: DataView, at: number): number {
  let next = at;
  while (next < view.byteLength) {
    const length = view.getUint8(next);
    next += 1 + length;
    if (length === 0) break;
  }
  return next;
}
