/**
 * Bytes <-> records. A format is declared once, as a codec, and both directions follow from it.
 *
 * 1. Decoding is total: any input gives a value or `undefined`, never an exception.
 * 2. Decoding is strict: exact lengths, named limits, no trailing bytes, one encoding per value.
 * 3. Integers are big-endian; variable bytes carry a u32 length; lists carry a u32 count.
 * 4. Decoded byte strings are copies, so a small field never keeps a large frame alive. Only {@link bytesView} lends.
 *
 * @see PROTOCOL.md § Encoding
 */
import { Fault } from "./fault.ts";
import { decodeUtf8, encodeUtf8, UTF8_PER_UNIT_MAX, writeLongUtf8 } from "./utf8.ts";

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

function unfit(what: string): never {
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

function take(reader: Reader, count: number): number {
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

function isUint(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

/** One byte, 0 to 255. */
export const u8: Codec<number> = {
  write: (w, v) => {
    if (!isUint(v, 0xff)) unfit("u8");
    const at = reserve(w, 1); // first: growing replaces the view
    w.view.setUint8(at, v);
  },
  read: (r) => r.view.getUint8(take(r, 1)),
};

/** Two bytes, 0 to 65,535. */
export const u16: Codec<number> = {
  write: (w, v) => {
    if (!isUint(v, 0xffff)) unfit("u16");
    const at = reserve(w, 2);
    w.view.setUint16(at, v);
  },
  read: (r) => r.view.getUint16(take(r, 2)),
};

/** Four bytes, 0 to 2^32 - 1. */
export const u32: Codec<number> = {
  write: (w, v) => {
    if (!isUint(v, 0xffffffff)) unfit("u32");
    const at = reserve(w, 4);
    w.view.setUint32(at, v);
  },
  read: (r) => r.view.getUint32(take(r, 4)),
};

/** Eight bytes as a number; values above 2^53 - 1 are malformed, since JavaScript could not tell them apart. */
export const u64: Codec<number> = {
  write: (w, v) => {
    if (!isUint(v, Number.MAX_SAFE_INTEGER)) unfit("u64");
    const at = reserve(w, 8);
    w.view.setUint32(at, Math.floor(v / 0x100000000));
    w.view.setUint32(at + 4, v >>> 0);
  },
  read: (r) => {
    const at = take(r, 8);
    const value = r.view.getUint32(at) * 0x100000000 + r.view.getUint32(at + 4);
    return Number.isSafeInteger(value) ? value : malformed();
  },
};

/** Exactly 0 or 1. */
export const bool: Codec<boolean> = {
  write: (w, v) => u8.write(w, v ? 1 : 0),
  read: (r) => {
    const value = u8.read(r);
    return value > 1 ? malformed() : value === 1;
  },
};

/** One byte that must be `value`: versions and tags. */
export function constant<V extends number>(value: V): Codec<V> {
  return {
    write: (w) => u8.write(w, value),
    read: (r) => (u8.read(r) === value ? value : malformed()),
  };
}

/** `length` bytes without a prefix. */
export function raw(length: number): Codec<Uint8Array> {
  return {
    write: (w, v) => {
      if (v.length !== length) unfit(`${length} bytes`);
      const at = reserve(w, length);
      w.bytes.set(v, at);
    },
    read: (r) => {
      const at = take(r, length);
      return r.bytes.slice(at, at + length);
    },
  };
}

/** u32 length, then `min` to `max` bytes. */
export function bytes(max: number, min = 0): Codec<Uint8Array> {
  return {
    write: (w, v) => {
      if (v.length > max || v.length < min) unfit(`${min} to ${max} bytes`);
      u32.write(w, v.length);
      const at = reserve(w, v.length);
      w.bytes.set(v, at);
    },
    read: (r) => {
      const length = u32.read(r);
      if (length > max || length < min) malformed();
      const at = take(r, length);
      return r.bytes.slice(at, at + length);
    },
  };
}

/** As {@link bytes}, but what is decoded is a view of the input: for the large part of something that is used up at once. */
export function bytesView(max: number, min = 0): Codec<Uint8Array> {
  return {
    write: bytes(max, min).write,
    read: (r) => {
      const length = u32.read(r);
      if (length > max || length < min) malformed();
      const at = take(r, length);
      return r.bytes.subarray(at, at + length);
    },
  };
}

/** u32 length, then at most `maxBytes` of strict UTF-8. */
export function text(maxBytes: number): Codec<string> {
  const inner = bytes(maxBytes);
  return {
    write: (w, v) => {
      const written = writeInPlace(w, v);
      if (written === undefined) inner.write(w, encodeUtf8(v));
      else if (written > maxBytes) unfit(`at most ${maxBytes} bytes`);
    },
    read: (r) => {
      const length = u32.read(r);
      if (length > maxBytes) malformed();
      const at = take(r, length);
      return decodeUtf8(r.bytes.subarray(at, at + length)) ?? malformed();
    },
  };
}

/** Bytes of a long text for which there was room, which are now written behind their number. */
function writeInPlace(w: Writer, v: string): number | undefined {
  const at = w.length + 4;
  const end = at + v.length * UTF8_PER_UNIT_MAX;
  const written = end > w.bytes.length ? undefined : writeLongUtf8(v, w.bytes.subarray(at, end));
  if (written === undefined) return undefined;
  w.view.setUint32(at - 4, written);
  w.length = at + written;
  return written;
}

/** u32 count, then `min` to `max` items. */
export function list<T>(item: Codec<T>, max: number, min = 0): Codec<readonly T[]> {
  return {
    write: (w, v) => {
      if (v.length > max || v.length < min) unfit(`${min} to ${max} items`);
      u32.write(w, v.length);
      for (const each of v) item.write(w, each);
    },
    read: (r) => {
      const count = u32.read(r);
      if (count > max || count < min) malformed();
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(item.read(r));
      return items;
    },
  };
}

/** 0 for `undefined`, or 1 and the value. */
export function optional<T>(item: Codec<T>): Codec<T | undefined> {
  return {
    write: (w, v) => {
      bool.write(w, v !== undefined);
      if (v !== undefined) item.write(w, v);
    },
    read: (r) => (bool.read(r) ? item.read(r) : undefined),
  };
}

/** Fields one after another, in the order of the declaration. */
export function struct<S extends Record<string, AnyCodec>>(fields: S): Codec<{ readonly [K in keyof S]: Infer<S[K]> }> {
  const entries = Object.entries(fields) as unknown as [string, Codec<unknown>][];
  return {
    write: (w, v) => {
      for (const [name, codec] of entries) codec.write(w, (v as Record<string, unknown>)[name]);
    },
    read: (r) => {
      const out: Record<string, unknown> = {};
      for (const [name, codec] of entries) out[name] = codec.read(r);
      return out as { readonly [K in keyof S]: Infer<S[K]> };
    },
  };
}

type Variant<C extends Record<string, readonly [number, AnyCodec]>> = {
  [K in keyof C]: { readonly kind: K } & Infer<C[K][1]>;
}[keyof C];

/** One tag byte, then the fields of that variant; the record carries the variant's name as `kind`. */
export function union<C extends Record<string, readonly [number, AnyCodec]>>(cases: C): Codec<Variant<C>> {
  const byKind = new Map(Object.entries(cases) as unknown as [string, readonly [number, Codec<unknown>]][]);
  const byTag = new Map([...byKind].map(([kind, [tag, codec]]) => [tag, { kind, codec }]));
  if (byTag.size !== byKind.size) unfit("two variants share a tag");
  return {
    write: (w, v) => {
      const found = byKind.get(v.kind as string) ?? unfit("unknown variant");
      u8.write(w, found[0]);
      found[1].write(w, v);
    },
    read: (r) => {
      const found = byTag.get(u8.read(r)) ?? malformed();
      return { kind: found.kind, ...(found.codec.read(r) as object) } as Variant<C>;
    },
  };
}

/** The same bytes, with a further condition that both directions enforce. */
export function refine<T>(codec: Codec<T>, holds: (value: T) => boolean, what: string): Codec<T> {
  return {
    write: (w, v) => (holds(v) ? codec.write(w, v) : unfit(what)),
    read: (r) => {
      const value = codec.read(r);
      return holds(value) ? value : malformed();
    },
  };
}

declare const brand: unique symbol;

/** Bytes that stand for one thing only: keys, ids and hashes of different meaning cannot be mixed up. */
export type Bytes<Name extends string> = Uint8Array & { readonly [brand]: Name };

/** A number that stands for one thing only. */
export type Count<Name extends string> = number & { readonly [brand]: Name };

/** Codec and only constructor of a byte brand. */
export interface BytesBrand<Name extends string> extends Codec<Bytes<Name>> {
  readonly lengthBytes: number;
  /** Brands `value` after checking its length; throws `internal/invariant` otherwise. */
  readonly from: (value: Uint8Array) => Bytes<Name>;
}

/** Declares a brand for byte strings of exactly `lengthBytes`. */
export function branded<Name extends string>(name: Name, lengthBytes: number): BytesBrand<Name> {
  const inner = raw(lengthBytes) as Codec<unknown> as Codec<Bytes<Name>>;
  return {
    ...inner,
    lengthBytes,
    from: (value) => {
      if (value.length === lengthBytes) return value as Bytes<Name>;
      throw new Fault("internal/invariant", `${name} must have ${lengthBytes} bytes, not ${value.length}`);
    },
  };
}

/** The same bytes as `codec`, under a numeric brand. */
export function counted<Name extends string>(_name: Name, codec: Codec<number>): Codec<Count<Name>> {
  return codec as Codec<unknown> as Codec<Count<Name>>;
}
