/**
 * Records of the account and of this device: who we are, what our devices share, what a screen keeps.
 *
 * @see PROTOCOL.md § Saved records
 */
import { ACCOUNT_CONTACTS_MAX, AccountItem } from "../../wire/account-snapshot.ts";
import { IdentityCertificate } from "../../wire/bundle.ts";
import { list, optional, struct, text, u8, u64 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, DeviceKey, LogId, Sequence, Signature, SlotKey, TimeMs, Topic } from "../../wire/ids.ts";
import { NAME_MAX_BYTES, TEXT_MAX_BYTES } from "../../wire/limits.ts";
import type { RecordType } from "../step.ts";
import { record, relays, secret } from "./record.ts";

/** One of a device's two inboxes. */
export const InboxKeys = struct({ topicSeed: secret, topic: Topic, sealingSecret: secret });
export type InboxKeys = Infer<typeof InboxKeys>;

/** The account and this device. */
export const AccountState = struct({
  accountSeed: secret,
  account: AccountKey,
  deviceSeed: secret,
  device: DeviceKey,
  certificate: Signature,
  name: text(NAME_MAX_BYTES),
  identitySecret: secret,
  identity: IdentityCertificate,
  slotSeed: secret,
  slot: SlotKey,
  /** For first contact. */
  publicInbox: InboxKeys,
  /** Told only to groups and sessions. */
  privateInbox: InboxKeys,
  relays,
  createdAt: TimeMs,
});
export type AccountState = Infer<typeof AccountState>;
export const ACCOUNT: RecordType<AccountState> = record("account", AccountState);

/** When we last found that this profile is an old copy. */
export const RESTORED: RecordType<{ readonly at: TimeMs }> = record("restored", struct({ at: TimeMs }));

/** What the devices of our account share, thing by thing; id: `itemId` of account-topic-items.ts. */
export const SHARED: RecordType<AccountItem> = record("shared/", AccountItem);

/** Envelopes of one snapshot in the account topic: far more than any account needs. */
export const SNAPSHOT_PARTS_MAX = 1_024;

/** What this device has said in the account topic. */
export const SharingState = struct({
  /** Grows with each change of what is shared, by us or by others. */
  revision: u64,
  /** When the last snapshot was posted; 0 for never. */
  postedAt: TimeMs,
  /** Numbers of its envelopes in the outbox. */
  outbox: list(u64, SNAPSHOT_PARTS_MAX),
  /** Where the first envelope of our newest snapshot was read. */
  first: optional(struct({ log: LogId, sequence: Sequence })),
});
export type SharingState = Infer<typeof SharingState>;
export const SHARING: RecordType<SharingState> = record("sharing", SharingState);

/** A group of our account that this device is not in yet, and whom it asks to be let in; id: group. */
export const LinkingState = struct({
  name: text(NAME_MAX_BYTES),
  relays,
  /** Our own account first. */
  contacts: list(AccountKey, ACCOUNT_CONTACTS_MAX + 1),
  /** So many of them are asked by now. */
  asked: u8,
  /** To whose devices letters are on their way. */
  told: list(AccountKey, ACCOUNT_CONTACTS_MAX + 1),
  /** When the next one is asked. */
  nextAt: TimeMs,
});
export type LinkingState = Infer<typeof LinkingState>;
export const LINKING: RecordType<LinkingState> = record("linking/", LinkingState);

/** A device of a verified person, or a namesake of one, of which we have told; id: account/device, or group/account. */
export const TOLD_KEY: RecordType<{ readonly at: TimeMs }> = record("told-key/", struct({ at: TimeMs }));

/** Names that are remembered of one verified person; the one that was given up longest ago makes room. */
export const FORMER_NAMES_MAX = 16;
/** Names under which a verified person was known before the present one, the newest first; id: account. */
export const FORMER_NAMES: RecordType<{ readonly names: readonly string[] }> = record(
  "former-names/",
  struct({ names: list(text(NAME_MAX_BYTES), FORMER_NAMES_MAX) }),
);

/** A small text that a screen keeps: a draft, a preference; id: hex of its name in UTF-8. */
export const NOTE: RecordType<{ readonly text: string }> = record("note/", struct({ text: text(TEXT_MAX_BYTES) }));
