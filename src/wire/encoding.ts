/**
 * Bytes <-> values. A format is declared once, as a codec (codec.ts), and both directions follow from it.
 *
 * 1. Decoding is total: any input gives a value or `undefined`, never an exception.
 * 2. Decoding is strict: exact lengths, named limits, no trailing bytes, one encoding per value.
 * 3. What a codec reads is a plain view of the input: what it keeps it copies.
 * 4. The buffer that encodings share is erased after each: it may have held a secret.
 *
 * @see PROTOCOL.md § Encoding
 */
import { Fault } from "./fault.ts";

/** Raised inside readers only; {@link decode} turns it into `undefined`. */
const MALFORMED = Symbol("malformed");

/** Sequential reader over one buffer. */
export interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  offset: number;
}

/** Growing output buffer. */
export interface Writer {
  bytes: Uint8Array;
  view: DataView;
  length: number;
}

/** Both directions of one format. */
export interface Codec<T> {
  /** Appends the encoding of `value`. Throws `internal/encode` when the value does not fit the format. */
  readonly write: (writer: Writer, value: T) => void;
  /** Takes one value off the reader; leaves by {@link malformed} when the bytes are not of this format. */
  readonly read: (reader: Reader) => T;
}

/** A codec of whatever type. */
export interface AnyCodec {
  readonly write: (writer: Writer, value: never) => void;
  readonly read: (reader: Reader) => unknown;
}

/** The record type that a codec encodes. */
export type Infer<C extends AnyCodec> = ReturnType<C["read"]>;

/** Leaves a reader: the bytes are not of the format. */
export function malformed(): never {
  throw MALFORMED;
}

export function unfit(what: string): never {
  throw new Fault("internal/encode", `a value does not fit its format: ${what}`);
}

/** Bytes of the scratch buffer that encodings share: an envelope fits. */
const SCRATCH_BYTES = 65_536;

/** All zeros; `undefined` while it is in use. */
let scratch: Pick<Writer, "bytes" | "view"> | undefined;

/** Encodes `value`; the result has its own buffer of exactly the encoded length. */
export function encode<T>(codec: Pick<Codec<T>, "write">, value: T): Uint8Array {
  return withEncoding(codec, value, (encoding) => encoding.slice());
}

/** Lends the encoding of `value` to `use`, which keeps nothing of it: for what is sealed at once. It is overwritten after. */
export function withEncoding<T, R>(codec: Pick<Codec<T>, "write">, value: T, use: (encoding: Uint8Array) => R): R {
  const sheet = scratch ?? blank(SCRATCH_BYTES);
  scratch = undefined;
  const writer: Writer = { bytes: sheet.bytes, view: sheet.view, length: 0 };
  try {
    codec.write(writer, value);
    return use(writer.bytes.subarray(0, writer.length));
  } finally {
    writer.bytes.fill(0, 0, writer.length); // it may have held a secret
    if (writer.bytes === sheet.bytes) scratch = sheet;
  }
}

/** Decodes the whole of `bytes`, or answers `undefined` when they are not exactly one value of the format. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T | undefined {
  // a plain view: `slice` of a Node Buffer would not copy (4)
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reader: Reader = { bytes: plain, view: viewOf(plain), offset: 0 };
  try {
    const value = codec.read(reader);
    return reader.offset === bytes.length ? value : undefined;
  } catch (error) {
    if (error === MALFORMED) return undefined;
    throw error;
  }
}

function blank(length: number): Pick<Writer, "bytes" | "view"> {
  const bytes = new Uint8Array(length);
  return { bytes, view: viewOf(bytes) };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function take(reader: Reader, count: number): number {
  const at = reader.offset;
  if (count > reader.bytes.length - at) malformed();
  reader.offset = at + count;
  return at;
}

/** Makes the encoding `count` bytes longer, all zero until they are written; answers where they begin. */
export function reserve(writer: Writer, count: number): number {
  const at = writer.length;
  const needed = at + count;
  if (needed > writer.bytes.length) {
    const grown = new Uint8Array(Math.max(needed, writer.bytes.length * 2));
    grown.set(writer.bytes.subarray(0, at));
    writer.bytes.fill(0);
    writer.bytes = grown;
    writer.view = viewOf(grown);
  }
  writer.length = needed;
  return at;
}
