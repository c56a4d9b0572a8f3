/**
 * The account topic's keys, all from the account's seed, and the box in which its devices' snapshots lie.
 *
 * ```
 * topic seed = KDF("account-topic", account seed)      key = KDF("account-key", account seed)
 * commitment = KDF("account-commitment", key, nonce)
 * ciphertext = XChaCha20-Poly1305(KDF("account-box", key, nonce), nonce, aad = topic; padded snapshot)
 * ```
 * 1. Whoever has the recovery words has these keys; nobody else can read, write or even find the topic.
 * 2. One body has one plaintext: the commitment fixes the key, and is compared in constant time.
 *
 * @see PROTOCOL.md § Account topic
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { deriveKey } from "../crypto/kdf.ts";
import { pad, unpad } from "../crypto/padme.ts";
import type { Primitives } from "../crypto/primitives.ts";
import {
  type AccountSnapshot,
  decodeAccountSnapshot,
  decodeSealedSnapshot,
  encodeAccountSnapshot,
  encodeSealedSnapshot,
} from "../wire/account-snapshot.ts";
import { Nonce, Topic } from "../wire/ids.ts";

/** What an account's devices share the topic with; secrets of 32 bytes. */
export interface AccountTopicKeys {
  readonly topic: Topic;
  readonly topicSeed: Uint8Array;
  readonly key: Uint8Array;
}

/** From the 32-byte seed that the recovery words stand for. */
export function accountTopicKeys(p: Primitives, accountSeed: Uint8Array): AccountTopicKeys {
  const topicSeed = deriveKey(p, "account-topic", accountSeed);
  return {
    topicSeed,
    topic: Topic.from(p.signingPublicKey(topicSeed)),
    key: deriveKey(p, "account-key", accountSeed),
  };
}

/** Body of an envelope in the account topic. `nonce`: 24 random bytes. */
export function sealAccountSnapshot(
  p: Primitives,
  { key, topic }: AccountTopicKeys,
  snapshot: AccountSnapshot,
  nonce: Nonce,
): Uint8Array {
  const sealed = p.seal(deriveKey(p, "account-box", key, nonce), nonce, topic, pad(encodeAccountSnapshot(snapshot)));
  const commitment = deriveKey(p, "account-commitment", key, nonce);
  return encodeSealedSnapshot({ version: 1, nonce: Nonce.from(nonce), commitment, ciphertext: sealed });
}

/** The snapshot, or `undefined` when no device of this account made the body. */
export function openAccountSnapshot(
  p: Primitives,
  { key, topic }: AccountTopicKeys,
  body: Uint8Array,
): AccountSnapshot | undefined {
  const sealed = decodeSealedSnapshot(body);
  if (!sealed || !equalInConstantTime(deriveKey(p, "account-commitment", key, sealed.nonce), sealed.commitment))
    return undefined;
  const padded = p.open(deriveKey(p, "account-box", key, sealed.nonce), sealed.nonce, topic, sealed.ciphertext);
  const encoded = padded && unpad(padded);
  return encoded && decodeAccountSnapshot(encoded);
}
