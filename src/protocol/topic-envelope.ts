/** Making envelopes of our own: signed by the topic's key, or unsigned deposits. @see PROTOCOL.md § Envelope */
import type { Primitives } from "../crypto/primitives.ts";
import { envelopeBodyHash, envelopeSigningBytes } from "../verify/envelope-check.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEnvelope, ENVELOPE_KIND, type EnvelopeKind, encodeEnvelope, NO_SIGNATURE } from "../wire/envelope.ts";
import { Signature, type Topic } from "../wire/ids.ts";

/** A topic whose private half we hold. */
export interface TopicKeys {
  readonly topic: Topic;
  readonly topicSeed: Uint8Array;
}

/** Encoded envelope of that kind, signed by the topic. */
export function signEnvelope(p: Primitives, keys: TopicKeys, kind: EnvelopeKind, body: Uint8Array): Uint8Array {
  const signed = envelopeSigningBytes(1, keys.topic, kind, envelopeBodyHash(p.sha256, body));
  const signature = Signature.from(p.sign(keys.topicSeed, signed));
  return encodeEnvelope({ version: 1, topic: keys.topic, kind, body, signature });
}

/** The same envelope, signed by the topic again; what is none of that topic stays as it is. */
export function signAnew(p: Primitives, keys: TopicKeys, encoded: Uint8Array): Uint8Array {
  const envelope = decodeEnvelope(encoded);
  if (!envelope || envelope.kind === ENVELOPE_KIND.deposit || !equalBytes(envelope.topic, keys.topic)) return encoded;
  return signEnvelope(p, keys, envelope.kind as EnvelopeKind, envelope.body);
}

/** Encoded envelope for somebody's inbox. */
export function depositEnvelope(inbox: Topic, body: Uint8Array): Uint8Array {
  return encodeEnvelope({
    version: 1,
    topic: inbox,
    kind: ENVELOPE_KIND.deposit,
    body,
    signature: NO_SIGNATURE,
  });
}
