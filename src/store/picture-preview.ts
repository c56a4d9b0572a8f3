/**
 * Previews of pictures, made by whoever sends one. The decoders run in WebAssembly, in a thread of its own that ends with
 * each picture.
 *
 * 1. Before decoding the header says how large the picture is; too many bytes or pixels: no preview.
 * 2. A picture that takes too long, too much memory or that is broken gives no preview, and nothing else happens.
 */

import { open } from "node:fs/promises";
import type { PicturePreview } from "../client/ports/parts.ts";
import { FILE_PREVIEW_MAX_BYTES } from "../wire/limits.ts";
import { pictureHeader } from "../wire/picture-header.ts";
import { startThread } from "./worker-thread.ts";

/** Bytes of a picture file: larger ones are not for showing in a chat. */
const PICTURE_MAX_BYTES = 32 * 1024 * 1024;
/** Pixels: 4 bytes each when decoded, so at most 160 MB in the thread. */
const PICTURE_MAX_PIXELS = 40_000_000;
/** Ms for all of it. */
const PREVIEW_MS = 10_000;
/** Bytes at the beginning in which the size has to stand: EXIF data and colour profiles come first. */
const HEADER_BYTES = 1024 * 1024;
/** MiB of JavaScript's own heap in the thread; pixels lie outside of it. */
const HEAP_MIB = 64;

/** See `PartStore.preview`. */
export async function makePreview(path: string): Promise<PicturePreview | undefined> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > PICTURE_MAX_BYTES) return undefined;
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(bytes, at, Math.min(HEADER_BYTES, size - at), at);
      if (bytesRead === 0 || (at === 0 && !isSmallEnough(bytes.subarray(0, bytesRead)))) return undefined;
      at += bytesRead;
    }
    return await inThread(bytes);
  } finally {
    await file.close();
  }
}

function isSmallEnough(start: Uint8Array): boolean {
  const header = pictureHeader(start);
  return header !== undefined && header.width * header.height <= PICTURE_MAX_PIXELS && header.width * header.height > 0;
}

function inThread(picture: Uint8Array): Promise<PicturePreview | undefined> {
  const worker = startThread("./picture-worker", {
    workerData: picture,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  return new Promise((resolve) => {
    const end = (preview?: PicturePreview): void => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(preview && preview.image.length <= FILE_PREVIEW_MAX_BYTES ? preview : undefined);
    };
    const timer = setTimeout(end, PREVIEW_MS);
    worker.once("message", end);
    worker.once("error", () => end());
    worker.once("exit", () => end());
  });
}
