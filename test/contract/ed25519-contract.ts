import assert from "node:assert/strict";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, it } from "mocha";
import { encodingsAllowed, strictVerifier } from "../../src/verify/ed25519-strict.ts";
import type { Verifier } from "../../src/verify/verifier.ts";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const seed = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const publicKey = ed25519.getPublicKey(seed);
const message = Buffer.from("a message");
const signature = ed25519.sign(message, seed);

/** Little-endian, 32 bytes. */
function encodedScalar(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function scalarOf(encoded: Uint8Array): bigint {
  return encoded.reduceRight((value, each) => (value << 8n) | BigInt(each), 0n);
}

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
const challenge = (r: Uint8Array, a: Uint8Array, m: Uint8Array): bigint => scalarOf(sha512(join(r, a, m))) % ORDER;

/** The fourteen encodings of points of small order: eight canonical ones and six that are not (ZIP 215). */
const SMALL_ORDER = [
  ...ED25519_TORSION_SUBGROUP,
  `01${"00".repeat(30)}80`,
  `ec${"ff".repeat(31)}`,
  `ed${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(31)}`,
  `ee${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(31)}`,
].map((each) => Uint8Array.from(Buffer.from(each, "hex")));

const torsion = Point.fromHex(ED25519_TORSION_SUBGROUP[1] ?? "");
/** For a secret scalar of our choice, so that key and R can be given a part of order 8. */
const secret = 0x1234567890abcdefn;

/** A signature with key a·B (+ T) and R = r·B (+ T) that satisfies S = r + k·a. */
function signedBy(options: { tweakKey: boolean; tweakR: boolean; text: Uint8Array }) {
  const a = Point.BASE.multiply(secret);
  const r = Point.BASE.multiply(77n);
  const key = (options.tweakKey ? a.add(torsion) : a).toBytes();
  const commitment = (options.tweakR ? r.add(torsion) : r).toBytes();
  const k = challenge(commitment, key, options.text);
  return { key, k, signature: join(commitment, encodedScalar((77n + k * secret) % ORDER)) };
}

/** What the one strict check must accept and refuse, whoever computes the equation. */
export function ed25519Contract(name: string, { verify }: Verifier): void {
  describe(`strict Ed25519 (${name})`, () => {
    it("accepts what it should", () => {
      assert.equal(verify(publicKey, message, signature), true);
      const { key, signature: own } = signedBy({ tweakKey: false, tweakR: false, text: message });
      assert.equal(verify(key, message, own), true);
    });

    it("refuses a flipped bit anywhere", () => {
      const flip = (bytes: Uint8Array, bit: number) =>
        bytes.map((each, i) => (i === (bit >> 3) % bytes.length ? each ^ (1 << (bit & 7)) : each));
      fc.assert(
        fc.property(fc.nat({ max: 511 }), (bit) => {
          assert.equal(verify(publicKey, message, flip(signature, bit)), false);
          assert.equal(verify(flip(publicKey, bit), message, signature), false);
          assert.equal(verify(publicKey, flip(message, bit), signature), false);
        }),
        { numRuns: 30 },
      );
    });

    it("refuses every pair of small-order or non-canonical A and R (the 196 cases of ZIP 215)", () => {
      const text = Buffer.from("Zcash");
      const accepted = SMALL_ORDER.flatMap((a) =>
        SMALL_ORDER.filter((r) => verify(a, text, join(r, new Uint8Array(32)))),
      );
      assert.equal(SMALL_ORDER.length, 14);
      assert.equal(accepted.length, 0);
      const lenient = SMALL_ORDER.every((a) => ed25519.verify(join(a, new Uint8Array(32)), text, a));
      assert.equal(lenient, true, "noble's own check accepts them: this test would see the difference");
    });

    it("refuses a small-order R even where the equation holds", () => {
      // S = k·a, R = the neutral point: S·B = R + k·A
      const neutral = SMALL_ORDER[0] ?? new Uint8Array();
      const key = Point.BASE.multiply(secret).toBytes();
      const forged = join(neutral, encodedScalar((challenge(neutral, key, message) * secret) % ORDER));
      assert.equal(ed25519.verify(forged, message, key, { zip215: false }), true);
      assert.equal(verify(key, message, forged), false);
    });

    it("refuses S of L and above", () => {
      const s = scalarOf(signature.subarray(32));
      for (const added of [ORDER, 2n * ORDER, 8n * ORDER]) {
        const longer = join(signature.subarray(0, 32), encodedScalar(s + added));
        assert.equal(verify(publicKey, message, longer), false);
      }
      const exactly = join(signature.subarray(0, 32), encodedScalar(ORDER));
      assert.equal(encodingsAllowed(publicKey, exactly), false);
      assert.equal(encodingsAllowed(publicKey, join(signature.subarray(0, 32), encodedScalar(ORDER - 1n))), true);
    });

    it("refuses y of p and above", () => {
      const p = 2n ** 255n - 19n;
      for (const y of [p, p + 3n, p + 18n]) {
        assert.equal(encodingsAllowed(encodedScalar(y), signature), false);
        assert.equal(encodingsAllowed(publicKey, join(encodedScalar(y), signature.subarray(32))), false);
      }
      assert.equal(encodingsAllowed(encodedScalar(p - 2n), signature), true);
    });

    it("refuses other lengths", () => {
      for (const each of [signature.subarray(0, 63), join(signature, new Uint8Array(1)), new Uint8Array()])
        assert.equal(verify(publicKey, message, each), false);
      for (const each of [publicKey.subarray(0, 31), join(publicKey, new Uint8Array(1)), new Uint8Array()])
        assert.equal(verify(each, message, signature), false);
    });

    it("refuses a key that is not on the curve", () => {
      assert.equal(verify(encodedScalar(2n), message, signature), false);
    });

    it("decides a key of mixed order by the cofactorless equation", () => {
      const seen = { held: 0, failed: 0 };
      for (let i = 0; i < 64; i++) {
        const text = Buffer.from(`mixed ${i}`);
        const { key, k, signature: own } = signedBy({ tweakKey: true, tweakR: false, text });
        assert.equal(ed25519.verify(own, text, key), true, "a cofactored check accepts all of them");
        assert.equal(verify(key, text, own), k % 8n === 0n);
        seen[k % 8n === 0n ? "held" : "failed"]++;
      }
      assert(seen.held > 0 && seen.failed > 0);
    });

    it("refuses R of mixed order", () => {
      const { key, signature: own } = signedBy({ tweakKey: false, tweakR: true, text: message });
      assert.equal(ed25519.verify(own, message, key), true);
      assert.equal(verify(key, message, own), false);
    });

    it("never asks the equation about refused encodings, and changes nothing it is given", () => {
      let asked = 0;
      const counting = strictVerifier(() => {
        asked++;
        return true;
      });
      assert.equal(counting(SMALL_ORDER[0] ?? publicKey, message, signature), false);
      assert.equal(asked, 0);
      const buffers = [publicKey, message, signature].map((each) => Buffer.from(each));
      const copies = buffers.map((each) => each.toString("hex"));
      const [a = message, m = message, s = message] = buffers;
      assert.equal(verify(a, m, s), true);
      assert.deepEqual(
        buffers.map((each) => each.toString("hex")),
        copies,
      );
    });
  });
}
