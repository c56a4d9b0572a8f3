import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { contactLinkText, inviteLinkText, parseContactLink, parseInviteLink } from "../../src/protocol/link.ts";
import { AccountKey, GroupId, SealingKey } from "../../src/wire/ids.ts";
import type { ContactLink, InviteLink } from "../../src/wire/link.ts";
import { anyText, anyU64, brandedBytes, bytesOf, record } from "../wire/arbitraries.ts";
import { p } from "./device.ts";

const relays = fc.array(anyText(200), { maxLength: 8 });
const anyInvite = record<InviteLink>({
  version: fc.constant(1 as const),
  group: brandedBytes(GroupId),
  inviter: brandedBytes(AccountKey),
  secret: bytesOf(32, 32),
  topicSeed: bytesOf(32, 32),
  sealingKey: brandedBytes(SealingKey),
  expiresAt: anyU64(),
  password: fc.boolean(),
  relays,
});
const anyContact = record<ContactLink>({
  version: fc.constant(1 as const),
  account: brandedBytes(AccountKey),
  relays,
});
const runs = { numRuns: 50 };

describe("links", () => {
  it("come back as they were, also with space around them", () => {
    fc.assert(
      fc.property(anyInvite, anyContact, (invite, contact) => {
        assert.deepEqual(parseInviteLink(p, ` ${inviteLinkText(p, invite)}\n`), invite);
        assert.deepEqual(parseContactLink(p, contactLinkText(p, contact)), contact);
      }),
      runs,
    );
  });

  it("that were cut are told from whole ones", () => {
    fc.assert(
      fc.property(anyInvite, fc.nat(), (invite, at) => {
        const text = inviteLinkText(p, invite);
        assert.equal(parseInviteLink(p, text.slice(0, at % text.length)), undefined);
      }),
      runs,
    );
  });

  it("with one wrong character are told from right ones", () => {
    fc.assert(
      fc.property(anyInvite, fc.nat(), fc.constantFrom(..."AZaz09-_ "), (invite, where, character) => {
        const text = inviteLinkText(p, invite);
        const at = "hermes://join/".length + (where % (text.length - "hermes://join/".length));
        const mistyped = text.slice(0, at) + character + text.slice(at + 1);
        fc.pre(mistyped !== text);
        assert.equal(parseInviteLink(p, mistyped), undefined);
      }),
      runs,
    );
  });

  it("of one kind are not read as the other, nor is any other text", () => {
    fc.assert(
      fc.property(anyInvite, anyContact, fc.string(), (invite, contact, text) => {
        assert.equal(parseContactLink(p, inviteLinkText(p, invite)), undefined);
        assert.equal(parseInviteLink(p, contactLinkText(p, contact)), undefined);
        assert.equal(parseInviteLink(p, text), undefined);
        assert.equal(parseInviteLink(p, `hermes://join/${text}`), undefined);
      }),
      runs,
    );
    assert.equal(parseInviteLink(p, `hermes://join/${"A".repeat(100_000)}`), undefined);
  });
});
