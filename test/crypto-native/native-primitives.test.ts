import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { noblePrimitives as noble } from "../../src/crypto/noble-primitives.ts";
import { choosePrimitives } from "../../src/crypto-native/choose-primitives.ts";
import { nativePrimitives as native } from "../../src/crypto-native/native-primitives.ts";
import { type Kem, loadKem, quickKem } from "../../src/crypto-native/wasm-kem.ts";
import { ed25519Contract } from "../contract/ed25519-contract.ts";
import { mlKemContract } from "../contract/ml-kem-contract.ts";
import { primitivesContract } from "../contract/primitives-contract.ts";
import { wycheproofContract } from "../contract/wycheproof-contract.ts";

primitivesContract("native", native);
const quick = { ...native, ...(await loadKem()) };
primitivesContract("native, its ML-KEM loaded,", quick);
mlKemContract("WebAssembly's", quick);
wycheproofContract("native", native);
ed25519Contract("native", native);

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const anyBytes = fc.uint8Array({ maxLength: 300, size: "max" });
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

  it("open what is as large as a chunk of a file to all of its bytes, in memory of its own, or to nothing", () => {
    const text = new Uint8Array(262_144).map((_, i) => (i * 31) ^ (i >> 8));
    const [key, nonce] = [new Uint8Array(32).fill(1), new Uint8Array(24).fill(2)];
    const sealed = native.seal(key, nonce, nonce, text);
    const opened = native.open(key, nonce, nonce, sealed);
    assert.deepEqual([opened, opened?.buffer.byteLength], [text, text.length]);
    sealed[200_000] = (sealed[200_000] ?? 0) ^ 1;
    assert.equal(native.open(key, nonce, nonce, sealed), undefined);
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

  it("make, encapsulate and decapsulate the same, before and after WebAssembly is loaded", () => {
    const alike = fc.property(bytes(64), bytes(32), fc.nat(), (seed, random, at) => {
      const { publicKey, secretKey } = noble.kemKeyPair(seed);
      const sent = noble.kemEncapsulate(publicKey, random);
      assert(sent !== undefined);
      const damaged = sent.ciphertext.map((each, i) => (i === at % sent.ciphertext.length ? each ^ 1 : each));
      for (const p of [native, quick]) {
        assert.deepEqual(p.kemKeyPair(seed), { publicKey, secretKey });
        assert.deepEqual(p.kemEncapsulate(publicKey, random), sent);
        for (const each of [sent.ciphertext, damaged])
          assert.deepEqual(p.kemDecapsulate(secretKey, each), noble.kemDecapsulate(secretKey, each));
      }
    });
    fc.assert(alike, { numRuns: 30 });
  });

  it("use the portable ML-KEM until the first call's other one is there", async () => {
    const calls: string[] = [];
    const named = (name: string): Kem => ({
      kemKeyPair: (seed) => {
        calls.push(name);
        return noble.kemKeyPair(seed);
      },
      kemEncapsulate: noble.kemEncapsulate,
      kemDecapsulate: noble.kemDecapsulate,
    });
    let arrive: (kem: Kem) => void = () => undefined;
    const loading = new Promise<Kem>((resolve) => {
      arrive = resolve;
    });
    const kem = quickKem(named("portable"), () => loading);
    for (let i = 0; i < 2; i++) kem.kemKeyPair(new Uint8Array(64));
    arrive(named("quick"));
    await loading;
    kem.kemKeyPair(new Uint8Array(64));
    assert.deepEqual(calls, ["portable", "portable", "quick"]);
  });

  it("keep to the portable ML-KEM where the other cannot be loaded", async () => {
    const failing = Promise.reject(new Error("no WebAssembly"));
    const kem = quickKem(noble, () => failing);
    kem.kemKeyPair(new Uint8Array(64));
    await failing.catch(() => undefined);
    assert.deepEqual(kem.kemKeyPair(new Uint8Array(64)), noble.kemKeyPair(new Uint8Array(64)));
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
