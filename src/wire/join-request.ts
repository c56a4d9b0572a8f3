/**
 * What a joiner posts at an invite's rendezvous topic, sealed under a key that the link gives.
 *
 * ```
 * body = nonce 24 | XChaCha20-Poly1305(rendezvous key; padded request)
 * ```
 * @see PROTOCOL.md § Invites
 */
import { bytes, constant, decode, encode, type Infer, raw, struct } from "./codec.ts";
import { GroupId, Signature } from "./ids.ts";
import { SEALED_PREKEY_MAX_BYTES } from "./limits.ts";

export const JoinRequest = struct({
  version: constant(1),
  group: GroupId,
  /** Encoded prekey bundle of the joiner's device: who it is and how to write to it. */
  bundle: bytes(SEALED_PREKEY_MAX_BYTES, 1),
  nonce: raw(32),
  /** By the invite's proof key over group, account, device and nonce. */
  proof: Signature,
});
export type JoinRequest = Infer<typeof JoinRequest>;

export const encodeJoinRequest = (request: JoinRequest): Uint8Array => encode(JoinRequest, request);
export const decodeJoinRequest = (encoded: Uint8Array): JoinRequest | undefined => decode(JoinRequest, encoded);
