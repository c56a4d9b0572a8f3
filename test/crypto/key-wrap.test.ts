import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { COST_RANGE, DEFAULT_COST, KeyFile, passphraseBytes, unwrapKey, wrapKey } from "../../src/crypto/key-wrap.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import type { Primitives } from "../../src/crypto/primitives.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { randomFrom } from "./paired-devices.ts";

const random = randomFrom("key wrap");
const cost = { memoryKiB: COST_RANGE.memoryKiB[0], passes: 1 };
const passphrase = passphraseBytes("correct horse");
const dataKey = random(32);
/** Argon2id is judged by its own vectors; here a hash stands in where only the calls around it matter. */
const quick: Primitives = { ...p, argon2id: (secret, salt) => p.hmac(salt, secret) };

describe("A key file", () => {
  it("gives the data key for the right passphrase and says which one was wrong", () => {
    const file = wrapKey(p, passphrase, dataKey, { random: random(40), cost });
    assert.deepEqual(unwrapKey(p, passphrase, file), { kind: "unwrapped", dataKey });
    assert.deepEqual(unwrapKey(p, passphraseBytes("correct  horse"), file), { kind: "wrong-passphrase" });
  }).timeout(10_000);

  it("costs 64 MiB and 3 passes unless told otherwise", () => {
    const file = decode(KeyFile, wrapKey(quick, passphrase, dataKey, { random: random(40) }));
    assert.deepEqual({ memoryKiB: file?.memoryKiB, passes: file?.passes }, { memoryKiB: 65_536, passes: 3 });
    assert.deepEqual(DEFAULT_COST, { memoryKiB: 65_536, passes: 3 });
  });

  it("does the same work for a right and a wrong passphrase", () => {
    const file = wrapKey(quick, passphrase, dataKey, { random: random(40), cost });
    const work = [passphrase, passphraseBytes("wrong")].map((each) => {
      let stretched = 0;
      const argon2id: Primitives["argon2id"] = (...input) => {
        stretched++;
        return quick.argon2id(...input);
      };
      const counting: Primitives = { ...quick, argon2id };
      unwrapKey(counting, each, file);
      return stretched;
    });
    assert.deepEqual(work, [1, 1]);
  });

  it("refuses a cost out of range before any work", () => {
    const file = decode(KeyFile, wrapKey(quick, passphrase, dataKey, { random: random(40), cost }));
    assert(file);
    const working: Primitives = { ...p, argon2id: () => assert.fail("there was work") };
    const at = 1 + 16;
    for (const memoryKiB of [COST_RANGE.memoryKiB[0] - 1, COST_RANGE.memoryKiB[1] + 1]) {
      const encoded: Uint8Array = encode(KeyFile, file);
      new DataView(encoded.buffer).setUint32(at, memoryKiB);
      assert.deepEqual(unwrapKey(working, passphrase, encoded), { kind: "malformed" });
      assert.throws(() => wrapKey(quick, passphrase, dataKey, { random: random(40), cost: { memoryKiB, passes: 1 } }), {
        code: "internal/encode",
      });
    }
    const manyPasses: Uint8Array = encode(KeyFile, file);
    new DataView(manyPasses.buffer).setUint32(at + 4, COST_RANGE.passes[1] + 1);
    assert.deepEqual(unwrapKey(working, passphrase, manyPasses), { kind: "malformed" });
  });

  it("gives no key when any byte of it was changed", () => {
    const file = wrapKey(quick, passphrase, dataKey, { random: random(40), cost });
    for (let at = 0; at < file.length; at++)
      assert.notEqual(unwrapKey(quick, passphrase, file.with(at, (file[at] ?? 0) ^ 1)).kind, "unwrapped", `byte ${at}`);
    assert.deepEqual(unwrapKey(quick, passphrase, file.subarray(1)), { kind: "malformed" });
  });

  it("has one meaning for however a keyboard composes the passphrase", () => {
    assert.deepEqual(passphraseBytes("Zoe\u0308"), passphraseBytes("Zo\u00eb"));
  });
});
