import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { fromBase64Url, fromHex, toBase64Url, toHex } from "../../src/wire/text-forms.ts";

const anyBytes = fc.uint8Array({ maxLength: 100, size: "max" });

const FORMS = [
  { name: "hex", to: toHex, from: fromHex },
  { name: "base64url", to: toBase64Url, from: fromBase64Url },
] as const;

for (const { name, to, from } of FORMS) {
  describe(`The text form ${name}`, () => {
    it("is written as Node writes it, and comes back", () => {
      fc.assert(
        fc.property(anyBytes, (bytes) => {
          assert.equal(to(bytes), Buffer.from(bytes).toString(name));
          assert.deepEqual(from(to(bytes)), bytes);
        }),
      );
    });

    it("has one form of each value: any text that is read is written the same", () => {
      const letters = fc.string({ unit: fc.constantFrom(..."09afAFgzZ-_+/= é𝄞"), maxLength: 9 });
      fc.assert(
        fc.property(fc.oneof(letters, fc.string()), (text) => {
          const bytes = from(text);
          if (bytes !== undefined) assert.equal(to(bytes), text);
        }),
        { numRuns: 1000 },
      );
    });
  });
}

describe("Hex", () => {
  it("refuses capitals, odd lengths, spaces and prefixes", () => {
    for (const text of ["AB", "abc", "ab ", " ab", "0xab", "ab\n", "gg"]) assert.equal(fromHex(text), undefined, text);
  });
});

describe("Base64url", () => {
  it("refuses padding, the other alphabet, impossible lengths and left-over bits", () => {
    for (const text of ["AA==", "AA=", "+/+/", "A", "AAAAA", "AB", "AAB", "AA\n", "AA A"]) {
      assert.equal(fromBase64Url(text), undefined, text);
    }
  });
});
