/**
 * The one strict Ed25519 check. Libraries disagree on odd signatures, and members who disagree fork the
 * group; so the encodings are judged here, on bytes alone, and only the equation is left to a library.
 *
 * 1. Exact lengths: 32-byte key, 64-byte signature.
 * 2. S < L.
 * 3. A and R are canonical (y < p) and not of small order (nor the two encodings of x = 0 with its sign bit set).
 * 4. Then the cofactorless equation, on bytes: encode(S·B - k·A) = R, k = SHA-512(R || A || M) mod L.
 *
 * A of mixed order is allowed by 3 and decided by 4, as in RFC 8032 implementations that are cofactorless.
 * @see PROTOCOL.md § Signatures; RFC 8032 §5.1
 */
import { fromHex } from "../wire/text-forms.ts";

/** Step 4, given encodings that passed steps 1 to 3. Answers `false` when A is not on the curve. Never throws. */
export type SignatureEquation = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** L, the order of the base point, little-endian. */
const GROUP_ORDER = bytesOfHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
/** p = 2^255 - 19, little-endian. */
const FIELD_PRIME = bytesOfHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
/** The y coordinates of the eight points of small order: 1, -1, 0 and the two of order 8. */
const SMALL_ORDER_Y = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
].map(bytesOfHex);

/** Puts the checks of the encodings before `equation`. */
export function strictVerifier(equation: SignatureEquation): SignatureEquation {
  return (publicKey, message, signature) =>
    encodingsAllowed(publicKey, signature) && equation(publicKey, message, signature);
}

/** Steps 1 to 3. Public data only: the time depends on the contents. */
export function encodingsAllowed(publicKey: Uint8Array, signature: Uint8Array): boolean {
  return (
    publicKey.length === 32 &&
    signature.length === 64 &&
    lessLittleEndian(signature.subarray(32), GROUP_ORDER) &&
    pointAllowed(publicKey) &&
    pointAllowed(signature.subarray(0, 32))
  );
}

/** The last byte of a point holds the sign of x, which is no part of y. */
const WITHOUT_SIGN = 0x7f;

function pointAllowed(encoded: Uint8Array): boolean {
  return lessLittleEndian(encoded, FIELD_PRIME, WITHOUT_SIGN) && !SMALL_ORDER_Y.some((small) => hasY(encoded, small));
}

/** Compared from the beginning, where points differ in their first byte but for one in 256. */
function hasY(encoded: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (encoded[i] !== y[i]) return false;
  return ((encoded[31] ?? 0) & WITHOUT_SIGN) === y[31];
}

function lessLittleEndian(a: Uint8Array, b: Uint8Array, lastByteMask = 0xff): boolean {
  for (let i = 31; i >= 0; i--) {
    const difference = ((a[i] ?? 0) & (i === 31 ? lastByteMask : 0xff)) - (b[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function bytesOfHex(hex: string): Uint8Array {
  return fromHex(hex) as Uint8Array;
}
