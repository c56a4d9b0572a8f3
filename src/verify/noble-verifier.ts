/**
 * The portable {@link Verifier}. noble's own `verify` is cofactored, so the equation is computed here from its
 * point arithmetic. Only public data passes through, so variable-time arithmetic is right.
 */
import { mulAddUnsafe } from "@noble/curves/abstract/curve.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { strictVerifier } from "./ed25519-strict.ts";
import { equalBytes } from "./transcript.ts";
import type { Verifier } from "./verifier.ts";

const { Point } = ed25519;

/** SHA-256 and strict Ed25519 in JavaScript alone. */
export const nobleVerifier: Verifier = { sha256, verify: strictVerifier(equationHolds) };

function equationHolds(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = pointOf(publicKey);
  if (key === undefined) return false;
  const r = signature.subarray(0, 32);
  const s = integerOf(signature.subarray(32));
  const digest = sha512.create().update(r).update(publicKey).update(message).digest();
  const k = Point.Fn.create(integerOf(digest));
  return equalBytes(mulAddUnsafe(Point, [Point.BASE, key.negate()], [s, k]).toBytes(), r);
}

/** The point, or `undefined` when the bytes are not on the curve. */
function pointOf(encoded: Uint8Array): InstanceType<typeof Point> | undefined {
  try {
    return Point.fromBytes(encoded);
  } catch {
    return undefined; // noble's only answer to a y without x; lengths were checked before
  }
}

function integerOf(littleEndian: Uint8Array): bigint {
  const view = new DataView(littleEndian.buffer, littleEndian.byteOffset, littleEndian.byteLength);
  let value = 0n;
  for (let at = littleEndian.length - 8; at >= 0; at -= 8) value = (value << 64n) | view.getBigUint64(at, true);
  return value;
}
