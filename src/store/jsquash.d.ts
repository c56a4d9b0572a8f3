/** The few functions of @jsquash that we call; their own types want a browser's. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue, alpha. */
  readonly data: Uint8ClampedArray;
}
declare module "@jsquash/jpeg/decode.js" {
  export function init(module: object): Promise<unknown>;
  export default function decode(picture: ArrayBuffer): Promise<Pixels>;
}
declare module "@jsquash/jpeg/encode.js" {
  export function init(module: object): Promise<unknown>;
  export default function encode(pixels: Pixels, options: { readonly quality: number }): Promise<ArrayBuffer>;
}
declare module "@jsquash/png/decode.js" {
  export function init(module: object): Promise<unknown>;
  export default function decode(picture: ArrayBuffer): Promise<Pixels>;
}
declare module "@jsquash/webp/decode.js" {
  export function init(module: object): Promise<unknown>;
  export default function decode(picture: ArrayBuffer): Promise<Pixels>;
}
declare module "@jsquash/resize" {
  export function initResize(module: object): Promise<unknown>;
  export default function resize(
    pixels: Pixels,
    options: { readonly width: number; readonly height: number },
  ): Promise<Pixels>;
}
