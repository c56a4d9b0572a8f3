/**
 * How a reader proves to a holder that it has a topic's private key, without saying who it is. The proof is
 * bound to the holder's nonce and to both PeerIds, so nobody can pass it on; and to the inbox flag, so that a
 * holder cannot be made to open a group's topic to anonymous deposits.
 *
 * @see PROTOCOL.md § Open proof
 */
import type { Topic } from "../wire/ids.ts";
import { byte, lpAll } from "./transcript.ts";
import type { Verifier } from "./verifier.ts";

/** What an open proof is about. */
export interface OpenClaim {
  readonly topic: Topic;
  /** 32 random bytes of the holder's challenge on this stream. */
  readonly nonce: Uint8Array;
  /** The PeerIds as the connection authenticated them, in multihash form. */
  readonly holderPeerId: Uint8Array;
  readonly openerPeerId: Uint8Array;
  /** True when the topic is the opener's own inbox. */
  readonly inbox: boolean;
}

/** What the topic's key signs. */
export function openProofBytes(claim: OpenClaim): Uint8Array {
  const { topic, nonce, holderPeerId, openerPeerId, inbox } = claim;
  return lpAll("open", topic, nonce, holderPeerId, openerPeerId, byte(inbox ? 1 : 0));
}

/** `valid` when `signature` is by the claimed topic over exactly this claim. */
export function checkOpenProof(verifier: Verifier, claim: OpenClaim, signature: Uint8Array): "valid" | "forged" {
  return verifier.verify(claim.topic, openProofBytes(claim), signature) ? "valid" : "forged";
}
