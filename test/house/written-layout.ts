/**
 * The layouts of PROTOCOL.md, read as a second description of every format: an encoder that shares nothing with
 * `src/wire/codec.ts`, and for each bound of a layout the smallest and largest bytes that must and must not decode.
 */
import assert from "node:assert/strict";

/** A layout as the document writes it. */
export type Layout =
  | { readonly kind: "uint"; readonly bytes: number; readonly least: bigint; readonly most: bigint }
  | { readonly kind: "raw"; readonly length: number }
  | { readonly kind: "bytes"; readonly lengths: readonly [number, number]; readonly isChoice: boolean }
  | { readonly kind: "list"; readonly item: Layout; readonly counts: readonly [number, number] }
  | { readonly kind: "optional"; readonly item: Layout }
  | { readonly kind: "fields"; readonly fields: readonly (readonly [string, Layout])[] }
  | { readonly kind: "variants"; readonly variants: readonly (readonly [number, string, Layout])[] }
  | { readonly kind: "name"; readonly name: string };

/** What the document calls by name: layouts, and limits. */
export interface Names {
  readonly layouts: ReadonlyMap<string, Layout>;
  readonly limits: ReadonlyMap<string, number>;
}

/** Bytes with what a decoder has to make of them. */
export interface Probe {
  readonly bytes: Uint8Array;
  readonly isValid: boolean;
  /** Which part is at which bound. */
  readonly about: string;
}

const UINTS: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8 };
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads one layout; an unknown word is an assertion error. */
export function parseLayout(text: string, limits: ReadonlyMap<string, number>): Layout {
  const tokens = text.match(/\.\.|\w+|[(){}:,]/g) ?? [];
  let at = 0;
  const take = (): string => tokens[at++] ?? assert.fail(`"${text}" ends early`);
  const expect = (token: string): void => assert.equal(take(), token, `in "${text}"`);
  const number = (): number => {
    const word = take();
    return limits.get(word) ?? (/^\d+$/.test(word) ? Number(word) : assert.fail(`no limit is called ${word}`));
  };
  const pair = (): { readonly ends: [number, number]; readonly isChoice: boolean } => {
    const first = number();
    if (tokens[at] !== ".." && tokens[at] !== "or") return { ends: [0, first], isChoice: false };
    const isChoice = take() === "or";
    return { ends: [first, number()], isChoice };
  };
  const inside = <T>(read: () => T): T => {
    expect("(");
    const value = read();
    expect(")");
    return value;
  };
  const one = (): Layout => {
    const word = take();
    if (word === "{") return fields();
    const bytes = UINTS[word];
    if (bytes !== undefined) {
      const most = bytes === 8 ? SAFE : (1n << BigInt(8 * bytes)) - 1n;
      if (tokens[at] !== "(") return { kind: "uint", bytes, least: 0n, most };
      const [a, b] = inside(pair).ends;
      return { kind: "uint", bytes, least: BigInt(a), most: BigInt(b) };
    }
    switch (word) {
      case "const": {
        const value = BigInt(inside(number));
        return { kind: "uint", bytes: 1, least: value, most: value };
      }
      case "bool":
        return { kind: "uint", bytes: 1, least: 0n, most: 1n };
      case "raw":
        return { kind: "raw", length: inside(number) };
      case "bytes":
      case "text": {
        const { ends, isChoice } = inside(pair);
        return { kind: "bytes", lengths: ends, isChoice };
      }
      case "opt":
        return { kind: "optional", item: inside(one) };
      case "list":
        return inside(() => {
          const item = one();
          expect(",");
          return { kind: "list", item, counts: pair().ends };
        });
      default:
        return { kind: "name", name: word };
    }
  };
  const fields = (): Layout => {
    const found: (readonly [string, Layout])[] = [];
    while (tokens[at] !== "}") {
      const name = take();
      expect(":");
      found.push([name, one()]);
      if (tokens[at] === ",") take();
    }
    take();
    return { kind: "fields", fields: found };
  };
  const layout = one();
  assert.equal(at, tokens.length, `something follows in "${text}"`);
  return layout;
}

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(0x61); // also valid UTF-8

function uint(bytes: number, value: bigint): Uint8Array {
  const out = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i++) out[bytes - 1 - i] = Number((value >> BigInt(8 * i)) & 0xffn);
  return out;
}

/** Bytes of the shortest value. */
export function shortest(names: Names, layout: Layout): Uint8Array {
  switch (layout.kind) {
    case "uint":
      return uint(layout.bytes, layout.least);
    case "raw":
      return filled(layout.length);
    case "bytes":
      return join(uint(4, BigInt(layout.lengths[0])), filled(layout.lengths[0]));
    case "list":
      return repeated(layout.counts[0], shortest(names, layout.item));
    case "optional":
      return uint(1, 0n);
    case "fields":
      return join(...layout.fields.map(([, field]) => shortest(names, field)));
    case "variants": {
      const [tag, , first] = layout.variants[0] ?? assert.fail("no variants");
      return join(uint(1, BigInt(tag)), shortest(names, first));
    }
    case "name":
      return shortest(names, named(names, layout.name));
  }
}

function named({ layouts }: Names, name: string): Layout {
  return layouts.get(name) ?? assert.fail(`no layout is called ${name}`);
}

function repeated(count: number, item: Uint8Array): Uint8Array {
  return join(uint(4, BigInt(count)), ...Array.from({ length: count }, () => item));
}

/** Every bound of a layout, met and missed by one. */
export function probes(names: Names, layout: Layout): readonly Probe[] {
  const probe = (about: string, bytes: Uint8Array, isValid: boolean): Probe => ({ about, bytes, isValid });
  switch (layout.kind) {
    case "uint": {
      const { bytes, least, most } = layout;
      const room = (1n << BigInt(8 * bytes)) - 1n;
      return [least - 1n, least, most, most + 1n]
        .filter((value) => value >= 0n && value <= room)
        .map((value) => probe(`= ${value}`, uint(bytes, value), value >= least && value <= most));
    }
    case "raw":
      return [probe("", filled(layout.length), true)];
    case "bytes": {
      const [least, most] = layout.lengths;
      const isValid = (n: number) => (layout.isChoice ? n === least || n === most : n >= least && n <= most);
      return [least - 1, least, least + 1, most - 1, most, most + 1]
        .filter((length) => length >= 0)
        .map((length) => probe(`of ${length} bytes`, join(uint(4, BigInt(length)), filled(length)), isValid(length)));
    }
    case "list": {
      const item = shortest(names, layout.item);
      const [least, most] = layout.counts;
      const counts = [least - 1, least, most, most + 1]
        .filter((count) => count >= 0)
        .map((count) => probe(`of ${count}`, repeated(count, item), count >= least && count <= most));
      return [...counts, ...itemProbes(names, layout.item, layout.counts)];
    }
    case "optional": {
      const inside = probes(names, layout.item).map((each) => ({ ...each, bytes: join(uint(1, 1n), each.bytes) }));
      return [probe("absent", uint(1, 0n), true), probe("presence 2", uint(1, 2n), false), ...inside];
    }
    case "fields":
      return layout.fields.flatMap(([name, field], i) => fieldProbes(names, layout.fields, { name, field, i }));
    case "variants":
      return [...variantProbes(names, layout.variants), ...strangeTags(names, layout)];
    case "name":
      return probes(names, named(names, layout.name));
  }
}

function itemProbes(names: Names, item: Layout, [least]: readonly [number, number]): readonly Probe[] {
  const others = Array.from({ length: Math.max(0, least - 1) }, () => shortest(names, item));
  const count = uint(4, BigInt(others.length + 1));
  return probes(names, item).map((each) => ({ ...each, bytes: join(count, ...others, each.bytes) }));
}

function fieldProbes(
  names: Names,
  fields: readonly (readonly [string, Layout])[],
  { name, field, i }: { readonly name: string; readonly field: Layout; readonly i: number },
): readonly Probe[] {
  const before = fields.slice(0, i).map(([, each]) => shortest(names, each));
  const after = fields.slice(i + 1).map(([, each]) => shortest(names, each));
  return probes(names, field).map(({ about, bytes, isValid }) => ({
    about: `${name} ${about}`,
    bytes: join(...before, bytes, ...after),
    isValid,
  }));
}

type Variants = readonly (readonly [number, string, Layout])[];

function variantProbes(names: Names, variants: Variants): readonly Probe[] {
  return variants.flatMap(([tag, kind, layout]) => {
    const inside = layout.kind === "fields" && layout.fields.length === 0 ? EMPTY : probes(names, layout);
    return inside.map((each) => ({
      ...each,
      about: `${kind} ${each.about}`,
      bytes: join(uint(1, BigInt(tag)), each.bytes),
    }));
  });
}

const EMPTY: readonly Probe[] = [{ about: "", bytes: new Uint8Array(), isValid: true }];

function strangeTags(names: Names, layout: Layout & { readonly kind: "variants" }): readonly Probe[] {
  const known = new Set(layout.variants.map(([tag]) => tag));
  const rest = shortest(names, layout).subarray(1);
  return Array.from({ length: 16 }, (_, tag) => tag)
    .filter((tag) => !known.has(tag))
    .map((tag) => ({ about: `tag ${tag}`, bytes: join(uint(1, BigInt(tag)), rest), isValid: false }));
}

/** Names of the fields of a decoded value must be the written ones, in their order; variants carry their name as `kind`. */
export function assertFields(names: Names, layout: Layout, value: unknown): void {
  switch (layout.kind) {
    case "name":
      assertFields(names, named(names, layout.name), value);
      return;
    case "optional":
      if (value !== undefined) assertFields(names, layout.item, value);
      return;
    case "list":
      for (const each of value as unknown[]) assertFields(names, layout.item, each);
      return;
    case "fields":
      assert.deepEqual(Object.keys(value as object), namesOf(layout));
      for (const [name, field] of layout.fields) assertFields(names, field, (value as Record<string, unknown>)[name]);
      return;
    case "variants": {
      const { kind, ...fields } = value as { readonly kind: string };
      const found = layout.variants.find(([, variant]) => variant === kind) ?? assert.fail(`no variant ${kind}`);
      assertFields(names, found[2], fields);
      return;
    }
    default:
      return;
  }
}

function namesOf({ fields }: Layout & { readonly kind: "fields" }): readonly string[] {
  return fields.map(([name]) => name);
}
