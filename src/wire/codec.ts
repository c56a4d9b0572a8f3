/**
 * Codecs, and how larger ones are made of smaller ones.
 *
 * Integers are big-endian; variable bytes carry a u32 length; lists carry a u32 count. Every limit has a name, and every
 * value one encoding. Decoded byte strings are copies, so a small field never keeps a large frame alive. Only
 * {@link bytesView} lends.
 *
 * @see PROTOCOL.md § Encoding
 */
import { type AnyCodec, type Codec, type Infer, malformed, reserve, take, unfit, type Writer } from "./encoding.ts";
import { decodeUtf8, encodeUtf8, UTF8_PER_UNIT_MAX, writeLongUtf8 } from "./utf8.ts";

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
