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

/** `GIF87a` or `GIF89a`, then width and height of the whole, lowest byte first. */
function gifHeader(start: Uint8Array) {
  const [g, i, f, eight, version, a, w0 = 0, w1 = 0, h0 = 0, h1 = 0] = start.subarray(0, 10);
  const isGif = g === 0x47 && i === 0x49 && f === 0x46 && eight === 0x38 && a === 0x61;
  if (!isGif || (version !== 0x37 && version !== 0x39) || start.length < 10) return undefined;
  return { format: "gif", width: w0 + 256 * w1, height: h0 + 256 * h1 } as const;
}
