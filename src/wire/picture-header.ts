/** What a picture says of its own size, read from its first bytes, so that nothing large is decoded by surprise. Total: any bytes give a value or undefined. */

export interface PictureHeader {
  readonly format: "jpeg" | "png" | "webp";
  readonly width: number;
  readonly height: number;
}

/** Format and size (pixels) of a JPEG, PNG or WebP file; undefined for others, and when the size is not within `bytes`. */
export function pictureHeader(bytes: Uint8Array): PictureHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (begins(bytes, 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return pngHeader(view);
  if (begins(bytes, 0, [0xff, 0xd8])) return jpegHeader(view);
  if (begins(bytes, 0, text("RIFF")) && begins(bytes, 8, text("WEBP"))) return webpHeader(bytes, view);
  return undefined;
}

const text = (letters: string): readonly number[] => [...letters].map((each) => each.charCodeAt(0));

const begins = (bytes: Uint8Array, at: number, with_: readonly number[]): boolean =>
  with_.every((byte, i) => bytes[at + i] === byte);

function pngHeader(view: DataView): PictureHeader | undefined {
  return view.byteLength < 24 ? undefined : { format: "png", width: view.getUint32(16), height: view.getUint32(20) };
}

/** Walks the segments up to the frame header (SOF0 to SOF15 without the tables DHT, JPG and DAC). */
function jpegHeader(view: DataView): PictureHeader | undefined {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (hasNoLength(marker)) return undefined;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { format: "jpeg", height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** Nothing of the kind stands before a frame; decoders pass it over, and would come to another frame than whoever skips its length. */
const hasNoLength = (marker: number): boolean => marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9);

/** Three forms: lossy, lossless, extended. */
function webpHeader(bytes: Uint8Array, view: DataView): PictureHeader | undefined {
  if (view.byteLength < 30) return undefined;
  const size = (width: number, height: number): PictureHeader => ({ format: "webp", width, height });
  if (begins(bytes, 12, text("VP8X"))) return size(1 + u24(view, 24), 1 + u24(view, 27));
  if (begins(bytes, 12, text("VP8 ")))
    return size(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  if (!begins(bytes, 12, text("VP8L"))) return undefined;
  const packed = view.getUint32(21, true);
  return size(1 + (packed & 0x3fff), 1 + ((packed >> 14) & 0x3fff));
}

const u24 = (view: DataView, at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
