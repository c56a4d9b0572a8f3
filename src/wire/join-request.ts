/**
 * What a joiner posts at an invite's rendezvous topic, in a sealed box (as for an inbox) that only the group's members
 * can open: holders of the link cannot, so they have nothing to check a guessed room password against.
 * @see PROTOCOL.md § Invites
 */
import { bytes, constant, raw, struct } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
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
  /** By the device over the same and the proof, so that nobody asks, and fails, in another's name. */
  signature: Signature,
});
export type JoinRequest = Infer<typeof JoinRequest>;

/** Why somebody is not let in. After the first three this link never lets them in; `removed`: only an admin's own hand does. */
export const JOIN_REFUSAL = { expired: 1, revoked: 2, usedUp: 3, removed: 4, wrongPassword: 5, paused: 6 } as const;
export type JoinRefusal = keyof typeof JOIN_REFUSAL;

export const encodeJoinRequest = (request: JoinRequest): Uint8Array => encode(JoinRequest, request);
export const decodeJoinRequest = (encoded: Uint8Array): JoinRequest | undefined => decode(JoinRequest, encoded);
