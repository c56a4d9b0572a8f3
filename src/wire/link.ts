/**
 * Links that people pass on: `hermes://join/…` and `hermes://contact/…`, base64url of a record and a
 * 4-byte checksum (the protocol computes it), so that a mistyped or cut link is told from a wrong one.
 * @see PROTOCOL.md § Links
 */
import { bool, constant, list, raw, struct, text } from "./codec.ts";
import type { Infer } from "./encoding.ts";
import { AccountKey, GroupId, SealingKey, TimeMs } from "./ids.ts";
import { ADDRESS_MAX_BYTES, LINK_ADDRESSES_MAX, RELAYS_MAX } from "./limits.ts";

const relays = list(text(ADDRESS_MAX_BYTES), RELAYS_MAX);

/** Direct addresses of whoever made the link. */
const addresses = list(text(ADDRESS_MAX_BYTES), LINK_ADDRESSES_MAX, 1);

const invite = {
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
};

/** Without direct addresses: what there was first, and what is still written where there are none. */
export const InviteLink = struct({ version: constant(1), ...invite });
export const AddressedInviteLink = struct({ version: constant(2), ...invite, addresses });
export type InviteLink = Infer<typeof InviteLink> | Infer<typeof AddressedInviteLink>;

const contact = { account: AccountKey, relays };
export const ContactLink = struct({ version: constant(1), ...contact });
export const AddressedContactLink = struct({ version: constant(2), ...contact, addresses });
export type ContactLink = Infer<typeof ContactLink> | Infer<typeof AddressedContactLink>;

/** Where whoever made the link may be reached without a relay. */
export const addressesOf = (link: InviteLink | ContactLink): readonly string[] =>
  link.version === 2 ? link.addresses : [];

/** The same link with these addresses, as far as they have a place in it. */
export function withAddresses<L extends InviteLink | ContactLink>(link: L, direct: readonly string[]): L {
  const [...some] = direct.slice(0, LINK_ADDRESSES_MAX);
  return some.length === 0 ? link : { ...link, version: 2, addresses: some };
}

/** Beginnings of the two forms. */
export const INVITE_LINK_PREFIX = "hermes://join/";
export const CONTACT_LINK_PREFIX = "hermes://contact/";
/** Bytes of the checksum at the end of a link. */
export const LINK_CHECKSUM_BYTES = 4;
