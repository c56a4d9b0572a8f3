/**
 * Links that people pass on: `hermes://join/…` and `hermes://contact/…`, base64url of a record and a
 * 4-byte checksum (the protocol computes it), so that a mistyped or cut link is told from a wrong one.
 * @see PROTOCOL.md § Links
 */
import { bool, constant, type Infer, list, raw, struct, text } from "./codec.ts";
import { AccountKey, GroupId, SealingKey, TimeMs } from "./ids.ts";
import { ADDRESS_MAX_BYTES, RELAYS_MAX } from "./limits.ts";

const relays = list(text(ADDRESS_MAX_BYTES), RELAYS_MAX);

export const InviteLink = struct({
  version: constant(1),
  group: GroupId,
  inviter: AccountKey,
  /** Makes the proof, with the room password if there is one. In no log. */
  secret: raw(32),
  /** Of the topic where joiners ask. */
  topicSeed: raw(32),
  /** What they post there is sealed to this key. */
  sealingKey: SealingKey,
  expiresAt: TimeMs,
  /** A room password has to be given as well. */
  password: bool,
  relays,
});
export type InviteLink = Infer<typeof InviteLink>;

export const ContactLink = struct({ version: constant(1), account: AccountKey, relays });
export type ContactLink = Infer<typeof ContactLink>;

/** Beginnings of the two forms. */
export const INVITE_LINK_PREFIX = "hermes://join/";
export const CONTACT_LINK_PREFIX = "hermes://contact/";
/** Bytes of the checksum at the end of a link. */
export const LINK_CHECKSUM_BYTES = 4;
