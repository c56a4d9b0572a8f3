import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { decodeUtf8, encodeUtf8, portableUtf8 } from "../../src/wire/utf8.ts";

const encoder = new TextEncoder();

/** What the platform's strict decoder says; it is the reference. */
function reference(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Any UTF-16 units at all, surrogates often and in any order. */
const anyUnits = fc
  .array(fc.oneof(fc.nat(0xffff), fc.integer({ min: 0xd7ff, max: 0xe000 })), { maxLength: 60, size: "max" })
  .map((units) => String.fromCharCode(...units));

/** Bytes that are often lead and continuation bytes, so that many are nearly valid. */
const nearlyUtf8 = fc.array(
  fc.oneof(
    fc.constantFrom(0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2),
    fc.integer({ min: 0xdf, max: 0xff }),
  ),
  { maxLength: 6 },
);

describe("UTF-8", () => {
  it("encodes like TextEncoder, lone surrogates included", () => {
    fc.assert(fc.property(anyUnits, (text) => assert.deepEqual(encodeUtf8(text), encoder.encode(text))));
  });

  it("decodes like the fatal TextDecoder on nearly valid bytes", () => {
    fc.assert(
      fc.property(nearlyUtf8, (list) => {
        const bytes = Uint8Array.from(list);
        assert.equal(decodeUtf8(bytes), reference(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it("decodes like the fatal TextDecoder on damaged text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), fc.nat(255), (text, at, value) => {
        const bytes = encoder.encode(text);
        if (bytes.length > 0) bytes[at % bytes.length] = value;
        assert.equal(decodeUtf8(bytes), reference(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it("is the same with the platform's coder, which long texts take, and without", () => {
    const long = fc
      .tuple(fc.string({ unit: "binary", maxLength: 80, size: "max" }), anyUnits)
      .map(([a, b]) => a + b.repeat(3) + a);
    fc.assert(
      fc.property(long, fc.nat(), fc.nat(255), (text, at, value) => {
        const bytes = encodeUtf8(text);
        assert.deepEqual(bytes, portableUtf8.encode(text));
        assert.equal(decodeUtf8(bytes), portableUtf8.decode(bytes));
        const damaged = Uint8Array.from(bytes);
        if (damaged.length > 0) damaged[at % damaged.length] = value;
        assert.equal(decodeUtf8(damaged), portableUtf8.decode(damaged));
      }),
      { numRuns: 500 },
    );
  });

  it("refuses overlong forms, surrogates, and what is above U+10FFFF", () => {
    const forms = ["c080", "e08080", "f0808080", "eda080", "edbfbf", "f4908080", "f5808080", "80", "e282", "ff"];
    for (const hex of forms) assert.equal(decodeUtf8(Buffer.from(hex, "hex")), undefined, hex);
  });

  it("keeps a byte order mark: one text has one encoding", () => {
    assert.equal(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61)), "\ufeffa");
  });

  it("takes the longest text there is", () => {
    const text = "𝄞é".repeat(10_000);
    assert.equal(decodeUtf8(encodeUtf8(text)), text);
  });
});
