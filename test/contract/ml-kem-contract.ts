import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { describe, it } from "mocha";
import type { Primitives } from "../../src/crypto/primitives.ts";

type KeyGeneration = Record<"d" | "z" | "dkBegins" | "ekHash", string>;

interface MlKem {
  readonly keyGen: readonly KeyGeneration[];
  readonly encapsulation: readonly Record<"ek" | "m" | "c" | "k", string>[];
  readonly decapsulation: readonly Record<"d" | "z" | "c" | "k", string>[];
}

const VECTORS = JSON.parse(readFileSync(new URL("../vectors/ml-kem-768.json", import.meta.url), "utf8")) as MlKem;

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (value: Uint8Array): string => Buffer.from(value).toString("hex");

/** What every provider must answer to NIST's (ACVP) and Wycheproof's vectors of FIPS 203. */
export function mlKemContract(name: string, p: Primitives): void {
  describe(`${name} ML-KEM-768, on vectors of ACVP and Wycheproof`, () => {
    it("makes the key pairs that follow from d and z", () => {
      for (const { d, z, dkBegins, ekHash } of VECTORS.keyGen) {
        const { publicKey, secretKey } = p.kemKeyPair(hex(d + z));
        assert.equal(toHex(sha3_256(publicKey)), ekHash.toLowerCase());
        assert.equal(toHex(secretKey.subarray(0, 32)), dkBegins.toLowerCase());
        assert.equal(toHex(secretKey.subarray(1152, 2336)), toHex(publicKey));
        assert.equal(toHex(secretKey.subarray(2336)), (ekHash + z).toLowerCase());
      }
    });

    it("encapsulates", () => {
      for (const { ek, m, c, k } of VECTORS.encapsulation) {
        const sent = p.kemEncapsulate(hex(ek), hex(m));
        assert(sent !== undefined);
        assert.equal(toHex(sent.ciphertext), c.toLowerCase());
        assert.equal(toHex(sent.secret), k.toLowerCase());
      }
    });

    it("answers a ciphertext that nobody made with the secret of implicit rejection", () => {
      for (const { d, z, c, k } of VECTORS.decapsulation)
        assert.equal(toHex(p.kemDecapsulate(p.kemKeyPair(hex(d + z)).secretKey, hex(c))), k);
    });

    it("refuses keys with any coefficient of the modulus or above", () => {
      for (const { ek, m } of VECTORS.encapsulation)
        for (const at of [0, 3, 381, 384, 1149]) {
          const beyond = hex(ek);
          beyond[at] = 0x01; // 3329 = 0xd01, little-endian in 12 bits
          beyond[at + 1] = ((beyond[at + 1] ?? 0) & 0xf0) | 0x0d;
          assert.equal(p.kemEncapsulate(beyond, hex(m)), undefined, `coefficient at byte ${at}`);
        }
    });
  });
}
