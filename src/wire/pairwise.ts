/**
 * What is left in an inbox: a sealed box, in it a pairwise envelope, in that a ratchet message.
 *
 * ```
 * deposit body      version 1 | ephemeral 32 | commitment 32 | ciphertext (of the padded envelope)
 * pairwise envelope version 1 | 1 initial: device certificate, identity certificate, ephemeral 32, prekey ids,
 *                                          kem ciphertext 1,088, ratchet message
 *                             | 2 ratchet: sender device 32, ratchet message
 * ratchet message   header 80 (nonce 24, sealed header 40 + 16) | nonce 24 | ciphertext
 * header            ratchet key 32 | length of the previous chain 4 | number in this chain 4
 * inner text        since 8 | payload
 * ```
 * @see PROTOCOL.md § Pairwise sessions
 */

import { branded } from "./brand.ts";
import { DeviceCertificate, IdentityCertificate } from "./bundle.ts";
import { bytes, constant, optional, raw, struct, u32, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { DeviceKey, KemCiphertext, Nonce, PrekeyId, TimeMs } from "./ids.ts";
import { BODY_MAX_BYTES } from "./limits.ts";

/**
 * Application payload of one pairwise message. With the initial form's certificates and KEM ciphertext
 * (1,600 bytes) it stays under 63,488, the largest Padmé size that fits a body.
 */
export const PAIRWISE_PAYLOAD_MAX_BYTES = 61_440;

/** X25519 public key used for one purpose at one time: an ephemeral or a ratchet key, 32 bytes. */
export const EphemeralKey = branded("ephemeral-key", 32);
export type EphemeralKey = Infer<typeof EphemeralKey>;

/** Bytes of the body of a deposit beside its ciphertext. */
export const DEPOSIT_OVERHEAD_BYTES = 1 + 32 + 32 + 4;

/** Body of a deposit: a box that only the owner of the inbox can open. */
export const DepositBody = struct({
  version: constant(1),
  ephemeral: EphemeralKey,
  commitment: raw(32),
  ciphertext: bytes(BODY_MAX_BYTES - DEPOSIT_OVERHEAD_BYTES, 16),
});
export type DepositBody = Infer<typeof DepositBody>;

/** Encoded length of {@link RatchetHeader}: constant, so that it says nothing. */
export const RATCHET_HEADER_BYTES = 40;

/** What a header holds once opened. */
export const RatchetHeader = struct({ ratchetKey: EphemeralKey, previousLength: u32, number: u32 });
export type RatchetHeader = Infer<typeof RatchetHeader>;

/** One message of a Double Ratchet. */
export const RatchetMessage = struct({
  headerNonce: Nonce,
  header: raw(RATCHET_HEADER_BYTES + 16),
  nonce: Nonce,
  ciphertext: bytes(BODY_MAX_BYTES, 16),
});
export type RatchetMessage = Infer<typeof RatchetMessage>;

/** What the responder needs to set up the session, beside the certificates. */
export const InitialFields = struct({
  /** The initiator's ephemeral key EK. */
  ephemeral: EphemeralKey,
  signedPrekey: PrekeyId,
  lastResort: PrekeyId,
  /** When present, its X25519 and ML-KEM keys were used; otherwise the last-resort ML-KEM key. */
  oneTime: optional(PrekeyId),
  kemCiphertext: KemCiphertext,
});
export type InitialFields = Infer<typeof InitialFields>;

export const PairwiseForm = union({
  /** Until the initiator has heard from the responder, each message can set up the session. */
  initial: [
    1,
    struct({
      certificate: DeviceCertificate,
      identity: IdentityCertificate,
      fields: InitialFields,
      message: RatchetMessage,
    }),
  ],
  ratchet: [2, struct({ sender: DeviceKey, message: RatchetMessage })],
});
export type PairwiseForm = Infer<typeof PairwiseForm>;

export const PairwiseEnvelope = struct({ version: constant(1), form: PairwiseForm });
export type PairwiseEnvelope = Infer<typeof PairwiseEnvelope>;

/** The device that claims to have written this; nothing is proved before the session has opened it. */
export function senderOf(envelope: PairwiseEnvelope): DeviceKey {
  return envelope.form.kind === "initial" ? envelope.form.certificate.device : envelope.form.sender;
}

/** Plaintext of a ratchet message. `since`: when the sender joined this session, by its own clock. */
export const InnerText = struct({ since: TimeMs, payload: bytes(PAIRWISE_PAYLOAD_MAX_BYTES) });
export type InnerText = Infer<typeof InnerText>;

export const encodeDepositBody = (body: DepositBody): Uint8Array => encode(DepositBody, body);
export const decodeDepositBody = (encoded: Uint8Array): DepositBody | undefined => decode(DepositBody, encoded);
export const encodePairwiseEnvelope = (envelope: PairwiseEnvelope): Uint8Array => encode(PairwiseEnvelope, envelope);
export const decodePairwiseEnvelope = (encoded: Uint8Array): PairwiseEnvelope | undefined =>
  decode(PairwiseEnvelope, encoded);
