/**
 * The envelope: all that a relay or a stranger ever sees.
 *
 * ```
 * version  1   0x01
 * topic   32   Ed25519 public key
 * kind     1   1 message, 2 entry, 3 deposit, 4 rendezvous
 * body     4 + n, n <= 65,434
 * signature 64  by the topic's key; all zero for a deposit (anyone may write to an inbox)
 * ```
 * @see PROTOCOL.md § Envelope
 */
import { bytes, constant, refine, struct, u8 } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { Signature, Topic } from "./ids.ts";
import { BODY_MAX_BYTES } from "./limits.ts";

/** What a body is; the relay uses it only to choose the quota. */
export const ENVELOPE_KIND = { message: 1, entry: 2, deposit: 3, rendezvous: 4 } as const;
export type EnvelopeKind = (typeof ENVELOPE_KIND)[keyof typeof ENVELOPE_KIND];

const kind = refine(u8, (value) => value >= 1 && value <= 4, "envelope kind");

/** Signature field of a deposit. */
export const NO_SIGNATURE: Signature = Signature.from(new Uint8Array(64));

export const Envelope = struct({
  version: constant(1),
  topic: Topic,
  kind,
  body: bytes(BODY_MAX_BYTES),
  signature: Signature,
});
export type Envelope = Infer<typeof Envelope>;

/** Bytes of the trailing signature: the id covers everything before it. */
export const ENVELOPE_SIGNATURE_BYTES = 64;

/** Encoded form, at most ENVELOPE_MAX_BYTES. */
export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encode(Envelope, envelope);
}

/** True for encoded mail to an inbox, judged by its kind alone. */
export const isDeposit = (encoded: Uint8Array): boolean => kindOf(encoded) === ENVELOPE_KIND.deposit;
/** Kind of an encoded envelope; 0 for none. Nothing is checked. */
export const kindOf = (encoded: Uint8Array): number => encoded[KIND_AT] ?? 0;
/** Topic of an encoded envelope (32 bytes), a view; nothing is checked. */
export const topicOf = (encoded: Uint8Array): Uint8Array => encoded.subarray(1, KIND_AT);
/** Bytes before the kind: version and topic. */
const KIND_AT = 33;

/** The envelope, or `undefined` when the bytes are not exactly one. */
export function decodeEnvelope(encoded: Uint8Array): Envelope | undefined {
  return decode(Envelope, encoded);
}
