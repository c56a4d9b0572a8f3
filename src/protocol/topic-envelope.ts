/** Making envelopes of our own: signed by the topic's key, or unsigned deposits. @see PROTOCOL.md § Envelope */
import type { Primitives } from "../crypto/primitives.ts";
import { envelopeBodyHash, envelopeSigningBytes } from "../verify/envelope-check.ts";
import { ENVELOPE_KIND, type EnvelopeKind, encodeEnvelope, NO_SIGNATURE } from "../wire/envelope.ts";
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
