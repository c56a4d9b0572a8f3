import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { noblePrimitives as noble } from "../../src/crypto/noble-primitives.ts";
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import { nativePrimitives as native } from "../../src/crypto-native/native-primitives.ts";
import { ed25519Contract } from "../contract/ed25519-contract.ts";
import { mlKemContract } from "../contract/ml-kem-contract.ts";
import { primitivesContract } from "../contract/primitives-contract.ts";
import { wycheproofContract } from "../contract/wycheproof-contract.ts";

primitivesContract("native", native);
mlKemContract("native", native);
wycheproofContract("native", native);
ed25519Contract("native", native);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyBytes = fc.uint8Array({ maxLength: 300 });
const cheap = { memoryKiB: 8_192, passes: 1 };

describe("native and noble primitives", () => {
  it("answer the same on random input", () => {
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(24), anyBytes, anyBytes, (a, b, nonce, aad, text) => {
        assert.deepEqual(native.sha256(text), noble.sha256(text));
        assert.deepEqual(native.hmac(text, aad), noble.hmac(text, aad));
        assert.deepEqual(native.signingPublicKey(a), noble.signingPublicKey(a));
        assert.deepEqual(native.sign(a, text), noble.sign(a, text));
        assert.deepEqual(native.agreementPublicKey(a), noble.agreementPublicKey(a));
        assert.deepEqual(native.agree(a, b), noble.agree(a, b));
        const sealed = noble.seal(a, nonce, aad, text);
        assert.deepEqual(native.seal(a, nonce, aad, text), sealed);
        assert.deepEqual(native.open(a, nonce, aad, sealed), text);
      }),
      { numRuns: 50 },
    );
  });

  it("refuse the same mutated signatures and ciphertexts", () => {
    const place = fc.record({ at: fc.nat(63), bit: fc.nat(7) });
    fc.assert(
      fc.property(bytes(32), bytes(24), anyBytes, place, (seed, nonce, text, { at, bit }) => {
        const flip = (value: Uint8Array) =>
          value.map((each, i) => (i === at % value.length ? each ^ (1 << bit) : each));
        const key = noble.signingPublicKey(seed);
        const signature = noble.sign(seed, text);
        const sealed = noble.seal(seed, nonce, nonce, text);
        for (const p of [native, noble]) {
          assert.equal(p.verify(key, text, flip(signature)), false);
          assert.equal(p.verify(flip(key), text, signature), false);
          assert.equal(p.open(seed, nonce, nonce, flip(sealed)), undefined);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("stretch a passphrase to the same key", () => {
    const [passphrase, salt] = [Uint8Array.of(1, 2, 3), new Uint8Array(16)];
    assert.deepEqual(native.argon2id(passphrase, salt, cheap), noble.argon2id(passphrase, salt, cheap));
  });

  it("never share memory with anything else", () => {
    for (const value of [native.sha256(new Uint8Array(3)), native.hmac(new Uint8Array(3), new Uint8Array(3))])
      assert.equal(value.buffer.byteLength, 32);
  });

  it("are chosen by name, the native ones unless asked otherwise", async () => {
    assert.equal((await choosePrimitives()).provider, "native");
    assert.equal((await choosePrimitives("noble")).provider, "noble");
  });
});
