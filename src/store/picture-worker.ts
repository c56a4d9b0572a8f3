/** The thread that makes one preview: decodes, makes small, encodes as JPEG, answers and is ended. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { FILE_PREVIEW_MAX_BYTES } from "../wire/limits.ts";
import { pictureHeader } from "../wire/picture-header.ts";

/** Longest edges (pixels) and qualities that are tried until the preview is small enough. */
const TRIES = [
  [480, 70],
  [360, 60],
  [240, 50],
  [120, 40],
] as const;

const { resolve } = createRequire(import.meta.url);
const { WebAssembly } = globalThis as unknown as { WebAssembly: { Module: new (bytes: Uint8Array) => object } };
const wasm = (path: string): object => new WebAssembly.Module(readFileSync(resolve(path)));

/** What the decoders answer is made by this name. */
class ImageData implements Pixels {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}
Object.assign(globalThis, { ImageData });

async function decode(format: "jpeg" | "png" | "webp", picture: ArrayBuffer): Promise<Pixels> {
  switch (format) {
    case "jpeg": {
      const codec = await import("@jsquash/jpeg/decode.js");
      await codec.init(wasm("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"));
      return await codec.default(picture);
    }
    case "png": {
      const codec = await import("@jsquash/png/decode.js");
      await codec.init(wasm("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"));
      return await codec.default(picture);
    }
    case "webp": {
      const codec = await import("@jsquash/webp/decode.js");
      await codec.init(wasm("@jsquash/webp/codec/dec/webp_dec.wasm"));
      return await codec.default(picture);
    }
  }
}

/** JPEG knows no transparency: what shines through is white. */
function onWhite({ width, height, data }: Pixels): Pixels {
  const out = new Uint8ClampedArray(data.length);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = (data[at + 3] ?? 255) / 255;
    for (let i = 0; i < 3; i++) out[at + i] = (data[at + i] ?? 0) * alpha + 255 * (1 - alpha);
    out[at + 3] = 255;
  }
  return new ImageData(out, width, height);
}

async function preview(picture: Uint8Array) {
  const header = pictureHeader(picture);
  if (!header) return undefined;
  const pixels = await decode(header.format, Uint8Array.from(picture).buffer);
  const resize = await import("@jsquash/resize");
  await resize.initResize(wasm("@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm"));
  const encoder = await import("@jsquash/jpeg/encode.js");
  await encoder.init(wasm("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"));
  const { width, height } = pixels;
  for (const [edge, quality] of TRIES) {
    const scale = Math.min(1, edge / Math.max(width, height));
    const size = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
    const small = onWhite(scale === 1 ? pixels : await resize.default(pixels, size));
    const image = new Uint8Array(await encoder.default(small, { quality }));
    if (image.length <= FILE_PREVIEW_MAX_BYTES) return { width, height, format: "jpeg" as const, image };
  }
  return undefined;
}

const made = await preview(workerData as Uint8Array).catch(() => undefined);
parentPort?.postMessage(made);
