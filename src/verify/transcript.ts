/**
 * What is hashed, signed or authenticated: length-prefixed parts after a label, so that two different lists
 * of parts never give the same bytes.
 *
 * ```
 * lp(x)                 = u32be length || x
 * lpAll(label, a, b...) = lp("hermes/v1/" label) || lp(a) || lp(b) ...
 * ```
 * @see PROTOCOL.md § Notation
 */
import { type LabelName, label } from "./labels.ts";

/** `parts` one after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `part` after its length as u32. */
export function lp(part: Uint8Array): Uint8Array {
  return writePrefixed(room(4 + part.length), part, []);
}

/** The label `name` and all `parts`, each after its length. */
export function lpAll(name: LabelName, ...parts: readonly Uint8Array[]): Uint8Array {
  const first = label(name);
  return writePrefixed(room(prefixedLength(first, parts)), first, parts);
}

/** Where transcripts stand that are hashed at once: an envelope and its labels fit. */
const PASSING = new Uint8Array(new ArrayBuffer(70_000));

/** As {@link lpAll}, but the next call overwrites it: for what is hashed or authenticated on the spot and kept by nobody. Nothing secret. */
export function passingTranscript(name: LabelName, ...parts: readonly Uint8Array[]): Uint8Array {
  const first = label(name);
  const length = prefixedLength(first, parts);
  return writePrefixed(length > PASSING.length ? room(length) : PASSING.subarray(0, length), first, parts);
}

// The first apart from the others: an array of all of them would be one more for each transcript.

function prefixedLength(first: Uint8Array, others: readonly Uint8Array[]): number {
  let length = 4 + first.length;
  for (const part of others) length += 4 + part.length;
  return length;
}

function writePrefixed(out: Uint8Array, first: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let at = writePart(out, 0, first);
  for (const part of others) at = writePart(out, at, part);
  return out;
}

/** Answers where the next one begins. */
function writePart(out: Uint8Array, at: number, part: Uint8Array): number {
  writeU32(out, at, part.length);
  out.set(part, at + 4);
  return at + 4 + part.length;
}

/** Bytes of the buffer from which short ones, up to a sixteenth, are cut: a message has a dozen, and each buffer of its own costs as much as hashing it. */
const SHEET_BYTES = 32_768;
let sheet = new ArrayBuffer(SHEET_BYTES);
let used = 0;

/** Zeros of that length that nothing else refers to; short ones share a buffer, so nothing secret. */
export function room(length: number): Uint8Array {
  if (length > SHEET_BYTES / 16) return new Uint8Array(length);
  if (used + length > SHEET_BYTES) {
    sheet = new ArrayBuffer(SHEET_BYTES);
    used = 0;
  }
  used += length;
  return new Uint8Array(sheet, used - length, length);
}

// Not `Uint8Array.of`, which takes three times as long; a message has a dozen of these.

/** One byte. */
export function byte(value: number): Uint8Array {
  const out = new Uint8Array(1);
  out[0] = value;
  return out;
}

/** Four bytes, big-endian. */
export function u32be(value: number): Uint8Array {
  return writeU32(new Uint8Array(4), 0, value);
}

/** Eight bytes, big-endian. */
export function u64be(value: number): Uint8Array {
  return writeU32(writeU32(new Uint8Array(8), 0, Math.floor(value / 0x100000000)), 4, value);
}

function writeU32(out: Uint8Array, at: number, value: number): Uint8Array {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
  return out;
}

/** Lexicographic order of byte strings, for sorted lists. Public data only: the time depends on the contents. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Whether two public byte strings are equal. Secrets are compared with a constant-time function instead. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}
