/**
 * What everyone who stores or forwards an envelope checks: the topic is a public key, and the envelope is
 * signed by it. A deposit (mail to an inbox) carries no signature, since anyone may write there.
 *
 * @see PROTOCOL.md § Envelope
 */
import { ENVELOPE_KIND, ENVELOPE_SIGNATURE_BYTES, type Envelope } from "../wire/envelope.ts";
import { EnvelopeId } from "../wire/ids.ts";
import { byte, lpAll } from "./transcript.ts";
import type { Verifier } from "./verifier.ts";

/** SHA-256 of an encoded envelope without its trailing signature, which anyone in the epoch could make anew. */
export function envelopeId(sha256: Verifier["sha256"], encoded: Uint8Array): EnvelopeId {
  return EnvelopeId.from(sha256(encoded.subarray(0, encoded.length - ENVELOPE_SIGNATURE_BYTES)));
}

/** H("body", body): 32 bytes, so that a signer need not hold a large body twice. */
export function envelopeBodyHash(sha256: Verifier["sha256"], body: Uint8Array): Uint8Array {
  return sha256(lpAll("body", body));
}

/** What the topic's key signs: label, version, topic, kind and {@link envelopeBodyHash}. */
export function envelopeSigningBytes(
  version: number,
  topic: Uint8Array,
  kind: number,
  bodyHash: Uint8Array,
): Uint8Array {
  return lpAll("envelope", byte(version), topic, byte(kind), bodyHash);
}

/** `valid` when a deposit's signature is all zero and any other envelope's is by its topic. */
export function checkEnvelope(verifier: Verifier, envelope: Envelope): "valid" | "forged" {
  const { version, topic, kind, body, signature } = envelope;
  if (kind === ENVELOPE_KIND.deposit) return signature.every((each) => each === 0) ? "valid" : "forged";
  const signed = envelopeSigningBytes(version, topic, kind, envelopeBodyHash(verifier.sha256, body));
  return verifier.verify(topic, signed, signature) ? "valid" : "forged";
}
