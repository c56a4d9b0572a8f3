/** Topics whose private key the test holds: envelopes, proofs and subscriptions of them. */
import { ed25519 } from "@noble/curves/ed25519.js";
import type { TopicSubscription } from "../../src/client/ports/network.ts";
import { envelopeBodyHash, envelopeSigningBytes } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { openProofBytes } from "../../src/verify/open-proof.ts";
import { ENVELOPE_KIND, encodeEnvelope, NO_SIGNATURE } from "../../src/wire/envelope.ts";
import { type Sequence, Signature, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";

export interface TopicKey {
  readonly topic: Topic;
  readonly sign: (bytes: Uint8Array) => Signature;
  /** A signed message envelope with this text as its body. */
  readonly envelope: (text: string | Uint8Array) => Uint8Array;
  /** An unsigned one, as anyone may leave in an inbox. */
  readonly deposit: (text: string) => Uint8Array;
  /** Reads from `cursor` on, which the test may move. */
  readonly subscription: (options?: { inbox?: boolean; cursor?: () => number }) => TopicSubscription;
}

/** The topic whose private key is 32 times `byte`. */
export function topicKey(byte: number): TopicKey {
  const seed = new Uint8Array(32).fill(byte);
  const topic = Topic.from(ed25519.getPublicKey(seed));
  const sign = (bytes: Uint8Array): Signature => Signature.from(ed25519.sign(bytes, seed));
  return {
    topic,
    sign,
    envelope: (text) => {
      const body = typeof text === "string" ? new Uint8Array(Buffer.from(text)) : text;
      const hash = envelopeBodyHash(nobleVerifier.sha256, body);
      const signature = sign(envelopeSigningBytes(1, topic, ENVELOPE_KIND.message, hash));
      return encodeEnvelope({ version: 1, topic, kind: ENVELOPE_KIND.message, body, signature });
    },
    deposit: (text) =>
      encodeEnvelope({
        version: 1,
        topic,
        kind: ENVELOPE_KIND.deposit,
        body: new Uint8Array(Buffer.from(text)),
        signature: NO_SIGNATURE,
      }),
    subscription: ({ inbox = false, cursor = () => 0 } = {}) => ({
      topic,
      inbox,
      prove: (nonce, holderPeerId, openerPeerId) =>
        sign(openProofBytes({ topic, nonce, holderPeerId, openerPeerId, inbox })),
      cursor: async () => cursor() as Sequence,
    }),
  };
}

/** Text that the body of an encoded envelope holds. */
export function bodyText(encoded: Uint8Array): string {
  return Buffer.from(encoded.subarray(38, encoded.length - 64)).toString();
}

export const sameTopic = (a: Uint8Array, b: Uint8Array): boolean => toHex(a) === toHex(b);
