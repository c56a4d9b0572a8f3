/**
 * The three functions from which every key and hash of Hermes follows.
 *
 * ```
 * H(l, ..)       = SHA-256(lp(l) || lp each)
 * KDF(l, k, ..)  = HKDF-Expand-SHA-256(k, lp(l) || lp each, 32)
 * X(l, v1 .. vn) = HKDF-Extract-SHA-256(salt = l, v1 || .. || vn), the values being 32 bytes each
 * ```
 * @see PROTOCOL.md § Notation; RFC 5869
 */
import type { LabelName } from "../verify/labels.ts";
import { label } from "../verify/labels.ts";
import { concat, lpAll, passingTranscript } from "../verify/transcript.ts";
import type { Primitives } from "./primitives.ts";

/** The counter of HKDF-Expand's only block. */
const FIRST_BLOCK = Uint8Array.of(1);

/** H: 32 bytes. */
export function hashOf(p: Primitives, name: LabelName, ...parts: readonly Uint8Array[]): Uint8Array {
  return p.sha256(passingTranscript(name, ...parts));
}

/** KDF: 32 bytes from `key`, which must itself be pseudorandom (32 bytes). */
export function deriveKey(
  p: Primitives,
  name: LabelName,
  key: Uint8Array,
  ...parts: readonly Uint8Array[]
): Uint8Array {
  return p.hmac(key, concat(lpAll(name, ...parts), FIRST_BLOCK));
}

/** X: 32 bytes from secrets of which one at least is pseudorandom. */
export function extract(p: Primitives, name: LabelName, ...values: readonly Uint8Array[]): Uint8Array {
  const joined = concat(...values);
  const out = p.hmac(label(name), joined);
  joined.fill(0);
  return out;
}
