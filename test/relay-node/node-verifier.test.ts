import assert from "node:assert/strict";
import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { describe, it } from "mocha";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
type Signed = readonly [key: Uint8Array, message: Uint8Array, signature: Uint8Array];

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function integerOf(encoded: Uint8Array): bigint {
  return encoded.reduceRight((value, each) => (value << 8n) | BigInt(each), 0n);
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** Both providers' common answer; fails where they disagree. */
function verdict(...[key, message, signature]: Signed): boolean {
  const portable = nobleVerifier.verify(key, message, signature);
  assert.equal(nodeVerifier.verify(key, message, signature), portable);
  return portable;
}

function signed(seedByte: number, message: Uint8Array): Signed {
  const seed = new Uint8Array(32).fill(seedByte);
  return [ed25519.getPublicKey(seed), message, ed25519.sign(message, seed)];
}

/** S = r + k·a for key a·B + i·T and R = r·B + j·T, where T has order 8. */
function withTorsion(i: number, j: number, message: Uint8Array): Signed {
  const [a, r] = [0x1234567890abcdefn, 77n];
  const torsion = (times: number) => Point.fromHex(ED25519_TORSION_SUBGROUP[times] ?? "");
  const key = Point.BASE.multiply(a).add(torsion(i)).toBytes();
  const commitment = Point.BASE.multiply(r).add(torsion(j)).toBytes();
  const k = integerOf(sha512(join(commitment, key, message))) % ORDER;
  return [key, message, join(commitment, littleEndian((r + k * a) % ORDER))];
}

describe("the relay's native verifier, which judges like the portable one", () => {
  it("accepts good signatures of any message and refuses a flipped bit anywhere", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200, size: "max" }),
        fc.nat(255),
        fc.nat(511),
        (message, seedByte, bit) => {
          const [key, , signature] = signed(seedByte, message);
          assert.equal(verdict(key, message, signature), true);
          const flipped = signature.map((each, at) => (at === bit >> 3 ? each ^ (1 << (bit & 7)) : each));
          assert.equal(verdict(key, message, flipped), false);
          verdict(
            key.map((each, at) => (at === (bit >> 3) % 32 ? each ^ (1 << (bit & 7)) : each)),
            message,
            signature,
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it("refuses S that is not reduced, and wrong lengths", () => {
    const [key, message, signature] = signed(1, Buffer.from("message"));
    const grown = join(signature.subarray(0, 32), littleEndian(integerOf(signature.subarray(32)) + ORDER));
    assert.equal(verdict(key, message, grown), false);
    for (const length of [0, 32, 63, 65, 128])
      assert.equal(verdict(key, message, join(signature, signature).slice(0, length)), false);
    for (const length of [0, 31, 33]) assert.equal(verdict(join(key, key).slice(0, length), message, signature), false);
  });

  it("judges keys and commitments of small and of mixed order alike", () => {
    const small = ED25519_TORSION_SUBGROUP.map((each) => Uint8Array.from(Buffer.from(each, "hex")));
    for (const a of small) {
      for (const r of small) assert.equal(verdict(a, Buffer.from("Zcash"), join(r, new Uint8Array(32))), false);
    }
    const verdicts = Array.from({ length: 64 }, (_, n) => verdict(...withTorsion(n >> 3, n & 7, Buffer.from([n]))));
    assert(verdicts.includes(true) && verdicts.includes(false));
  });

  it("refuses bytes that are no point", () => {
    const [, message, signature] = signed(2, Buffer.from("message"));
    for (let y = 2; y < 40; y++) assert.equal(verdict(littleEndian(BigInt(y)), message, signature), false);
  });

  it("hashes as the portable one", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (data) => {
        assert.deepEqual(nodeVerifier.sha256(data), nobleVerifier.sha256(data));
      }),
    );
  });
});
