/** Links as text: base64url of a record and the first 4 bytes of its hash. @see PROTOCOL.md § Links */
import { hashOf } from "../crypto/kdf.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { concat, equalBytes } from "../verify/transcript.ts";
import { decode, encode } from "../wire/encoding.ts";
import {
  AddressedContactLink,
  AddressedInviteLink,
  CONTACT_LINK_PREFIX,
  ContactLink,
  INVITE_LINK_PREFIX,
  InviteLink,
  LINK_CHECKSUM_BYTES,
} from "../wire/link.ts";
import { fromBase64Url, toBase64Url } from "../wire/text-forms.ts";

/** `hermes://join/…` */
export const inviteLinkText = (p: Primitives, link: InviteLink): string =>
  linkText(p, INVITE_LINK_PREFIX, link.version === 1 ? encode(InviteLink, link) : encode(AddressedInviteLink, link));
/** `hermes://contact/…` */
export const contactLinkText = (p: Primitives, link: ContactLink): string =>
  linkText(p, CONTACT_LINK_PREFIX, link.version === 1 ? encode(ContactLink, link) : encode(AddressedContactLink, link));
/** The invite, or `undefined` when the text is cut, mistyped or something else. */
export const parseInviteLink = (p: Primitives, text: string): InviteLink | undefined =>
  parseLink(
    p,
    INVITE_LINK_PREFIX,
    text,
    (encoded) => decode(InviteLink, encoded) ?? decode(AddressedInviteLink, encoded),
  );
/** The contact, or `undefined` when the text is cut, mistyped or something else. */
export const parseContactLink = (p: Primitives, text: string): ContactLink | undefined =>
  parseLink(
    p,
    CONTACT_LINK_PREFIX,
    text,
    (encoded) => decode(ContactLink, encoded) ?? decode(AddressedContactLink, encoded),
  );

/** Characters of the longest link that is looked at: 8 relays and 4 addresses of 512 bytes and the keys, in base64. */
const LINK_MAX_CHARACTERS = 9_000;

function linkText(p: Primitives, prefix: string, encoded: Uint8Array): string {
  return prefix + toBase64Url(concat(encoded, checksum(p, encoded)));
}

function parseLink<T>(
  p: Primitives,
  prefix: string,
  text: string,
  parse: (encoded: Uint8Array) => T | undefined,
): T | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix) || trimmed.length > LINK_MAX_CHARACTERS) return undefined;
  const all = fromBase64Url(trimmed.slice(prefix.length));
  if (!all || all.length <= LINK_CHECKSUM_BYTES) return undefined;
  const encoded = all.subarray(0, -LINK_CHECKSUM_BYTES);
  return equalBytes(checksum(p, encoded), all.subarray(-LINK_CHECKSUM_BYTES)) ? parse(encoded) : undefined;
}

function checksum(p: Primitives, encoded: Uint8Array): Uint8Array {
  return hashOf(p, "link-checksum", encoded).slice(0, LINK_CHECKSUM_BYTES);
}
