/** Bytes as text: lower-case hex for ids, unpadded base64url for links. Decoders are total and accept one form only. */

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
const BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Codes of the two digits of each byte. */
const DIGITS = Uint8Array.from(HEX.join(""), (digit) => digit.charCodeAt(0));
/** Bytes of what is named most: ids, hashes and public keys. */
const ID_BYTES = 32;
const codes: number[] = new Array(2 * ID_BYTES).fill(0);

/**
 * Lower-case hex of `bytes`. Text that is put together piece by piece is a tree of pieces, which is made flat where it is
 * looked up: for an id all digits at once take a third of the time.
 */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) {
    let out = "";
    for (const b of bytes) out += HEX[b];
    return out;
  }
  for (let i = 0; i < ID_BYTES; i++) {
    const at = 2 * (bytes[i] ?? 0);
    codes[2 * i] = DIGITS[at] ?? 0;
    codes[2 * i + 1] = DIGITS[at + 1] ?? 0;
  }
  return String.fromCharCode(...codes);
}

/** Bytes of lower-case hex, or `undefined`. */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0 || /[^0-9a-f]/.test(hex)) return undefined;
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Unpadded base64url of `bytes`. */
export function toBase64Url(bytes: Uint8Array): string {
  let out = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let k = 0; k < Math.min(left, 3) + 1; k++) out += BASE64URL[(word >> (18 - 6 * k)) & 63];
  }
  return out;
}

/** Bytes of unpadded base64url, or `undefined`; left-over bits must be zero, so that each value has one form. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const out = new Uint8Array(Math.floor((text.length * 3) / 4));
  let word = 0;
  let bits = 0;
  let length = 0;
  for (const char of text) {
    const value = BASE64URL.indexOf(char);
    if (value < 0) return undefined;
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out[length++] = (word >> bits) & 0xff;
    }
  }
  return (word & ((1 << bits) - 1)) === 0 ? out : undefined;
}
