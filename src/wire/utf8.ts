/**
 * Strict UTF-8. The core is built with no ambient APIs; this is the one place that asks whether the platform has its
 * own coder, which is 30 times as fast for a long text. Both are the same pure function, which a test holds them to.
 * @see RFC 3629
 */

const REPLACEMENT = 0xfffd;
/** UTF-16 units that become text in one call: arguments go onto the stack. */
const UNITS_AT_ONCE = 4_096;

/** The Encoding standard's coders, as far as they are used here. */
interface PlatformCoders {
  readonly TextEncoder?: new () => {
    readonly encode: (text: string) => Uint8Array;
    readonly encodeInto: (text: string, into: Uint8Array) => { readonly written: number };
  };
  readonly TextDecoder?: new (
    label: "utf-8",
    options: { readonly fatal: true; readonly ignoreBOM: true },
  ) => { readonly decode: (bytes: Uint8Array) => string };
}
const { TextEncoder, TextDecoder } = globalThis as PlatformCoders;
const encoder = TextEncoder && new TextEncoder();
const decoder = TextDecoder && new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Length from which the platform's coder is worth the way there. */
const LONG = 64;

/** UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD, as in the Encoding standard. */
export function encodeUtf8(text: string): Uint8Array {
  return encoder && text.length >= LONG ? encoder.encode(text) : portableUtf8.encode(text);
}

/** Bytes that one UTF-16 unit becomes at most. */
export const UTF8_PER_UNIT_MAX = 3;

/**
 * Writes a long text where it will stand, which takes a tenth of the time of a buffer of its own; nothing behind it is touched.
 * `into` has UTF8_PER_UNIT_MAX bytes for each unit. How many were written, or `undefined`: too short, or no coder of the platform's.
 */
export function writeLongUtf8(text: string, into: Uint8Array): number | undefined {
  return encoder && text.length >= LONG ? encoder.encodeInto(text, into).written : undefined;
}

/** The text, or `undefined` when `bytes` are not well-formed UTF-8 (overlong forms and surrogates are not). */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (decoder === undefined || bytes.length < LONG) return portableUtf8.decode(bytes);
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined; // the decoder's only answer to malformed bytes
  }
}

/** The same in JavaScript alone. */
export const portableUtf8 = {
  encode: (text: string): Uint8Array => encodeAscii(text) ?? encodeAny(text),
  decode: (bytes: Uint8Array): string | undefined => (isAscii(bytes) ? decodeAscii(bytes) : decodeAny(bytes)),
} as const;

/** The bytes when every character is ASCII, as most of what people and programs write here is. */
function encodeAscii(text: string): Uint8Array | undefined {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return undefined;
    out[i] = unit;
  }
  return out;
}

function encodeAny(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const point = codePointAt(text, i);
    if (point > 0xffff) i++;
    length = writeCodePoint(out, length, point);
  }
  return out.slice(0, length);
}

function codePointAt(text: string, index: number): number {
  const point = text.codePointAt(index) ?? REPLACEMENT;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}

function writeCodePoint(out: Uint8Array, at: number, point: number): number {
  if (point < 0x80) {
    out[at] = point;
    return at + 1;
  }
  const tailBytes = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  const lead = [0, 0xc0, 0xe0, 0xf0][tailBytes] ?? 0;
  out[at] = lead | (point >> (6 * tailBytes));
  for (let i = 1; i <= tailBytes; i++) out[at + i] = 0x80 | ((point >> (6 * (tailBytes - i))) & 0x3f);
  return at + tailBytes + 1;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) >= 0x80) return false;
  return true;
}

function decodeAscii(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += UNITS_AT_ONCE)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + UNITS_AT_ONCE) as unknown as number[]);
  return text;
}

function decodeAny(bytes: Uint8Array): string | undefined {
  const parts: string[] = [];
  let units: number[] = [];
  for (let i = 0; i < bytes.length; ) {
    const sequence = sequenceAt(bytes, i);
    if (sequence === undefined) return undefined;
    i += sequence.length;
    const p = sequence.point;
    if (p < 0x10000) units.push(p);
    else units.push(0xd800 + ((p - 0x10000) >> 10), 0xdc00 + ((p - 0x10000) & 0x3ff));
    if (units.length >= UNITS_AT_ONCE) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  return parts.join("");
}

function sequenceAt(bytes: Uint8Array, at: number): { readonly point: number; readonly length: number } | undefined {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return { point: lead, length: 1 };
  const tailBytes = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  if (lead < 0xc2 || lead > 0xf4) return undefined;
  let point = lead & (0x3f >> tailBytes);
  for (let i = 1; i <= tailBytes; i++) {
    const next = bytes[at + i] ?? 0;
    if ((next & 0xc0) !== 0x80) return undefined;
    point = (point << 6) | (next & 0x3f);
  }
  const least = [0, 0x80, 0x800, 0x10000][tailBytes] ?? 0;
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
  return { point, length: tailBytes + 1 };
}
