/**
 * Sealing to an inbox: anyone can leave a box that only the inbox's owner can open, and that names nobody.
 *
 * ```
 * k          = X("sealed-key", agree(ephemeral, sealing key), ephemeral public, sealing key)
 * commitment = KDF("sealed-commitment", k, inbox)
 * ciphertext = XChaCha20-Poly1305(KDF("sealed-box", k, inbox), nonce 0, aad = inbox; padded plaintext)
 * ```
 * 1. One box has one plaintext: the commitment fixes the key, and is compared in constant time.
 * 2. A key seals once, since each box has a fresh ephemeral; so the nonce is zero.
 *
 * Says nothing about the sender: who wrote is proved by the pairwise session inside.
 * @see PROTOCOL.md § Sealing to an inbox
 */

import type { SealingKey, Topic } from "../wire/ids.ts";
import { type DepositBody, decodeDepositBody, EphemeralKey, encodeDepositBody } from "../wire/pairwise.ts";
import { equalInConstantTime } from "./constant-time.ts";
import { deriveKey, extract } from "./kdf.ts";
import { pad, unpad } from "./padme.ts";
import type { Primitives } from "./primitives.ts";

const ZERO_NONCE = new Uint8Array(24);

/** Where a box goes: told by a checked certificate or by an authenticated peer. */
export interface BoxAddress {
  readonly inbox: Topic;
  readonly sealingKey: SealingKey;
}

/**
 * Body of a deposit for that inbox. `ephemeralSecret`: 32 random bytes, for this box only.
 * Whoever publishes a sealing key of small order gets boxes that nobody can open.
 */
export function sealBox(p: Primitives, to: BoxAddress, plaintext: Uint8Array, ephemeralSecret: Uint8Array): Uint8Array {
  const shared = p.agree(ephemeralSecret, to.sealingKey) ?? ephemeralSecret;
  const ephemeral = EphemeralKey.from(p.agreementPublicKey(ephemeralSecret));
  const { key, commitment } = boxKeys(p, to, shared, ephemeral);
  return encodeDepositBody({
    version: 1,
    ephemeral,
    commitment,
    ciphertext: p.seal(key, ZERO_NONCE, to.inbox, pad(plaintext)),
  });
}

/** The plaintext, or `undefined` when `body` is no box for this inbox. `sealingSecret`: 32-byte X25519 secret. */
export function openBox(
  p: Primitives,
  inbox: Topic,
  sealingSecret: Uint8Array,
  body: Uint8Array,
): Uint8Array | undefined {
  const box = decodeDepositBody(body);
  const padded = box === undefined ? undefined : openDecoded(p, inbox, sealingSecret, box);
  return padded === undefined ? undefined : unpad(padded);
}

function openDecoded(p: Primitives, inbox: Topic, sealingSecret: Uint8Array, box: DepositBody): Uint8Array | undefined {
  const shared = p.agree(sealingSecret, box.ephemeral);
  if (shared === undefined) return undefined;
  const sealingKey = p.agreementPublicKey(sealingSecret) as SealingKey;
  const { key, commitment } = boxKeys(p, { inbox, sealingKey }, shared, box.ephemeral);
  if (!equalInConstantTime(commitment, box.commitment)) return undefined;
  return p.open(key, ZERO_NONCE, inbox, box.ciphertext);
}

function boxKeys(p: Primitives, to: BoxAddress, shared: Uint8Array, ephemeral: Uint8Array) {
  const secret = extract(p, "sealed-key", shared, ephemeral, to.sealingKey);
  return {
    key: deriveKey(p, "sealed-box", secret, to.inbox),
    commitment: deriveKey(p, "sealed-commitment", secret, to.inbox),
  };
}
