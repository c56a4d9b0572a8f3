import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { decodeRecoveryWords, encodeRecoveryWords } from "../../src/crypto/recovery-words.ts";

const anySeed = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("Recovery words", () => {
  it("give back the seed, however they are spaced and capitalised", () => {
    const property = fc.property(anySeed, (seed) => {
      const words = encodeRecoveryWords(seed);
      assert.equal(words.split(" ").length, 24);
      assert.deepEqual(decodeRecoveryWords(words), { kind: "seed", seed });
      assert.deepEqual(decodeRecoveryWords(`\n ${words.toUpperCase().replaceAll(" ", "  \n")} `), {
        kind: "seed",
        seed,
      });
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("are those of BIP-39", () => {
    assert.equal(encodeRecoveryWords(new Uint8Array(32)), `${"abandon ".repeat(23)}art`);
    assert.equal(encodeRecoveryWords(new Uint8Array(32).fill(255)), `${"zoo ".repeat(23)}vote`);
  });

  it("say what is wrong with them", () => {
    const words = encodeRecoveryWords(new Uint8Array(32)).split(" ");
    assert.deepEqual(decodeRecoveryWords(words.slice(1).join(" ")), { kind: "wrong-count", count: 23 });
    assert.deepEqual(decodeRecoveryWords(""), { kind: "wrong-count", count: 0 });
    assert.deepEqual(decodeRecoveryWords(words.with(4, "abandoned").join(" ")), { kind: "unknown-word", position: 5 });
    assert.deepEqual(decodeRecoveryWords(words.with(4, "zoo").join(" ")), { kind: "wrong-checksum" });
  });

  it("answer any text with a value", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => decodeRecoveryWords(text).kind !== "seed"));
    const lone = Array.from({ length: 24 }, () => "\ud800").join(" ");
    assert.deepEqual(decodeRecoveryWords(lone), { kind: "unknown-word", position: 1 });
  });
});
