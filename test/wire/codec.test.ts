import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { branded } from "../../src/wire/brand.ts";
import {
  bool,
  bytes,
  bytesView,
  constant,
  list,
  optional,
  raw,
  refine,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
} from "../../src/wire/codec.ts";
import { type AnyCodec, type Codec, decode, encode, withEncoding } from "../../src/wire/encoding.ts";
import { isFault } from "../../src/wire/fault.ts";
import { formatProperties } from "./format-properties.ts";

const hex = (codec: AnyCodec, value: unknown) =>
  Buffer.from(encode(codec as unknown as Codec<unknown>, value)).toString("hex");
const read = <T>(codec: Codec<T>, from: string) => decode(codec, Buffer.from(from, "hex"));
const unfit = (codec: AnyCodec, value: unknown) =>
  assert.throws(
    () => encode(codec as unknown as Codec<unknown>, value),
    (error) => isFault(error, "internal/encode"),
  );

const Shape = union({ point: [1, struct({ x: u8 })], empty: [2, struct({})] });

describe("An encoding", () => {
  it("has the layout that PROTOCOL.md § Encoding describes", () => {
    assert.equal(hex(u8, 255), "ff");
    assert.equal(hex(u16, 258), "0102");
    assert.equal(hex(u32, 0x01020304), "01020304");
    assert.equal(hex(u64, 0x1_02030405_0607), "0001020304050607");
    assert.equal(hex(u64, Number.MAX_SAFE_INTEGER), "001fffffffffffff");
    assert.equal(hex(bool, true), "01");
    assert.equal(hex(bytes(4), Uint8Array.of(7, 8)), "000000020708");
    assert.equal(hex(text(8), "é"), "00000002c3a9");
    assert.equal(hex(list(u8, 4), [5, 6]), "000000020506");
    assert.equal(hex(optional(u8), undefined), "00");
    assert.equal(hex(optional(u8), 9), "0109");
    assert.equal(hex(struct({ a: u8, b: u16 }), { b: 2, a: 1 }), "010002");
    assert.equal(hex(Shape, { kind: "point", x: 3 }), "0103");
  });

  it("refuses to write what it would not read", () => {
    for (const value of [-1, 256, 1.5, Number.NaN]) unfit(u8, value);
    unfit(u16, 0x10000);
    unfit(u32, 2 ** 32);
    unfit(u64, 2 ** 53);
    unfit(raw(2), Uint8Array.of(1));
    unfit(bytes(2), new Uint8Array(3));
    unfit(bytes(2, 1), new Uint8Array(0));
    unfit(text(2), "é1");
    unfit(list(u8, 1), [1, 2]);
    unfit(list(u8, 2, 1), []);
    unfit(Shape, { kind: "circle" });
    unfit(
      refine(u8, (value) => value > 3, "more than three"),
      3,
    );
  });

  it("is the same for texts of any length, wherever they begin, and leaves nothing behind them", () => {
    const pair = struct({ before: bytes(70_000), said: text(200_000), after: raw(64) });
    const units = fc.constantFrom("a", "é", "語", "\u{1f44b}", "\ud800");
    const anyText = fc.array(units, { minLength: 1, maxLength: 9 }).map((some) => some.join(""));
    fc.assert(
      fc.property(anyText, fc.nat(30), fc.constantFrom(0, 10, 20_000, 65_300, 65_500), (some, times, before) => {
        const said = some.repeat(times) + some.at(-1);
        const value = { before: new Uint8Array(before).fill(1), said, after: new Uint8Array(64) };
        const of = new TextEncoder().encode(said);
        const length = Buffer.alloc(4);
        length.writeUInt32BE(of.length);
        const tail = Buffer.concat([length, of, new Uint8Array(64)]);
        assert.deepEqual(Buffer.from(encode(pair, value)).subarray(4 + before), tail);
      }),
    );
    unfit(text(100), "é".repeat(51));
    unfit(text(100), "e".repeat(101));
    assert.equal(hex(text(100), "é".repeat(50)).length, 2 * 104);
    assert.deepEqual(encode(raw(300), new Uint8Array(300)), new Uint8Array(300));
  });

  it("may end at any length: growing loses nothing", () => {
    for (const length of [252, 253, 255, 256, 257, 511, 512, 513, 5000]) {
      const pair = struct({ first: raw(length), last: u8 });
      const value = { first: new Uint8Array(length).fill(7), last: 9 };
      assert.deepEqual(decode(pair, encode(pair, value)), value);
      const many = list(u8, 10_000);
      assert.equal(encode(many, new Array<number>(length).fill(1)).length, length + 4);
    }
  });

  it("that is lent is the same, and nothing of it is left afterwards", () => {
    const value = Uint8Array.of(1, 2, 3);
    let lent: Uint8Array = new Uint8Array();
    const kept = withEncoding(bytes(10), value, (encoding) => {
      lent = encoding;
      return encoding.slice();
    });
    assert.deepEqual(kept, encode(bytes(10), value));
    assert(lent.every((byte) => byte === 0));
    const inner = withEncoding(bytes(10), value, () => encode(bytes(10), value));
    assert.deepEqual(inner, kept, "one inside the other");
  });

  it("does not keep a larger buffer alive", () => {
    assert.equal(encode(u8, 1).buffer.byteLength, 1);
  });
});

describe("A decoder", () => {
  it("refuses numbers that a double cannot hold exactly", () => {
    assert.equal(read(u64, "0020000000000000"), undefined);
    assert.equal(read(u64, "ffffffffffffffff"), undefined);
  });

  it("refuses a second spelling of a truth value or an absence", () => {
    assert.equal(read(bool, "02"), undefined);
    assert.equal(read(optional(u8), "0201"), undefined);
  });

  it("refuses unknown versions and unknown variants", () => {
    assert.equal(read(constant(1), "02"), undefined);
    assert.equal(read(constant(1), "00"), undefined);
    assert.equal(read(Shape, "03"), undefined);
    assert.equal(read(Shape, "00"), undefined);
  });

  it("refuses lengths and counts over their limit, however few bytes follow", () => {
    assert.equal(read(bytes(2), "00000003010203"), undefined);
    assert.equal(read(bytes(2, 1), "00000000"), undefined);
    assert.equal(read(bytesView(2), "00000003010203"), undefined);
    assert.equal(read(bytesView(2, 1), "00000000"), undefined);
    assert.equal(read(bytesView(2), "0000000201"), undefined);
    assert.equal(read(list(u8, 1), "000000020102"), undefined);
    assert.equal(read(list(u8, 2, 1), "00000000"), undefined);
    assert.equal(read(bytes(0xffffffff), "ffffffff01"), undefined);
    assert.equal(read(list(u8, 0xffffffff), "ffffffff01"), undefined);
  });

  it("refuses text that is not UTF-8", () => {
    assert.equal(read(text(8), "00000002c080"), undefined);
  });

  it("copies out of a Node buffer too, whose slice would share memory", () => {
    const given = Buffer.from("0102", "hex");
    const value = decode(raw(2), given);
    given.fill(0);
    assert.deepEqual(value, Uint8Array.of(1, 2));
  });

  it("lets a fault of ours through instead of calling it malformed", () => {
    const broken: Codec<number> = {
      write: () => undefined,
      read: () => {
        throw new RangeError("ours");
      },
    };
    assert.throws(() => decode(broken, new Uint8Array(1)), RangeError);
  });
});

describe("A brand", () => {
  const Key = branded("test-key", 4);

  it("takes exactly its length", () => {
    assert.equal(Key.from(new Uint8Array(4)).length, Key.lengthBytes);
    for (const length of [0, 3, 5]) {
      assert.throws(
        () => Key.from(new Uint8Array(length)),
        (error) => isFault(error, "internal/invariant"),
      );
    }
  });
});

describe("A union", () => {
  it("cannot be declared with two variants of one tag", () => {
    assert.throws(() => union({ a: [1, struct({})], b: [1, struct({})] }), /share a tag/);
  });
});

const nested = struct({ flag: optional(list(struct({ n: u64, t: text(64) }), 4)), end: u16 });
formatProperties(
  "of nested lists and options",
  nested,
  fc.record(
    {
      flag: fc.option(
        fc.array(
          fc.record({ n: fc.maxSafeNat(), t: fc.string({ unit: "binary", maxLength: 16 }) }, { noNullPrototype: true }),
          { maxLength: 4 },
        ),
        { nil: undefined },
      ),
      end: fc.nat(0xffff),
    },
    { noNullPrototype: true },
  ),
);
