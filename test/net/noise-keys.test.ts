import assert from "node:assert/strict";
import { defaultCrypto } from "@chainsafe/libp2p-noise/crypto";
import { describe, it } from "mocha";
import { noiseCrypto } from "../../src/net/noise-keys.ts";

const agree = (own: Uint8Array, theirs: Uint8Array): string =>
  Buffer.from(noiseCrypto.generateX25519SharedKey(own, theirs).subarray()).toString("hex");
const agreeAsNoise = (own: Uint8Array, theirs: Uint8Array): string =>
  Buffer.from(defaultCrypto.generateX25519SharedKey(own, theirs).subarray()).toString("hex");

describe("keys of the Noise handshake", () => {
  it("agree as noise's own do, from both sides and for copies of the bytes", () => {
    for (let i = 0; i < 20; i++) {
      const ours = noiseCrypto.generateX25519KeyPair();
      const theirs = defaultCrypto.generateX25519KeyPair();
      assert.deepEqual([ours.publicKey.length, ours.privateKey.length], [32, 32]);
      const expected = agreeAsNoise(ours.privateKey.slice(), theirs.publicKey);
      assert.equal(agree(ours.privateKey, theirs.publicKey), expected);
      assert.equal(agree(ours.privateKey.slice(), theirs.publicKey), expected);
      assert.equal(agreeAsNoise(theirs.privateKey, ours.publicKey), expected);
    }
  });

  it("refuse what noise's own refuse: points of small order, keys of another length", () => {
    const { privateKey } = noiseCrypto.generateX25519KeyPair();
    for (const bad of [new Uint8Array(32), new Uint8Array(32).fill(1, 0, 1), new Uint8Array(31), new Uint8Array(33)]) {
      assert.throws(() => agreeAsNoise(privateKey.slice(), bad));
      assert.throws(() => agree(privateKey, bad));
    }
  });
});
