/**
 * Records of a group as this device has it: its state, who is in it, and where they are reached.
 *
 * @see PROTOCOL.md § Saved records
 */
import { list, optional, struct, text, u8, u32, u64 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, EntryHash, EpochId, GroupId, TimeMs } from "../../wire/ids.ts";
import {
  ADDRESS_MAX_BYTES,
  MEMBER_ADDRESS_MAX_BYTES,
  MEMBER_ADDRESSES_MAX,
  NAME_MAX_BYTES,
  RELAYS_MAX,
} from "../../wire/limits.ts";
import type { RecordType } from "../step.ts";
import { record, relays } from "./record.ts";

/** Epochs in which we have not yet told how many messages we sent; older ones end by time alone. */
export const UNCLOSED_EPOCHS_MAX = 256;

/** Key entries whose secret we wait for. */
export const MISSING_SECRETS_MAX = 1_024;

/** A group as this device has it; small, read with every message. */
export const GroupState = struct({
  group: GroupId,
  name: text(NAME_MAX_BYTES),
  joinedAt: TimeMs,
  members: u32,
  /** Our own entries: the next number and the last hash. */
  entrySeq: u64,
  entryPrev: optional(EntryHash),
  relays,
  /** Epoch in which we send. */
  sending: optional(EpochId),
  unclosed: list(EpochId, UNCLOSED_EPOCHS_MAX),
  missing: list(EntryHash, MISSING_SECRETS_MAX),
  /** When we will re-key unless somebody else does first. */
  rekeyAt: optional(TimeMs),
});
export type GroupState = Infer<typeof GroupState>;
export const GROUP: RecordType<GroupState> = record("group/", GroupState);

/** We are out of this group; id: group. What was said before stays readable. */
export const OUT: RecordType<{ readonly by: AccountKey; readonly at: TimeMs }> = record(
  "out/",
  struct({ by: AccountKey, at: TimeMs }),
);

/** What a member is shown as; id: group/account. */
export const MEMBER: RecordType<{ readonly name: string; readonly role: number }> = record(
  "member/",
  struct({ name: text(NAME_MAX_BYTES), role: u8 }),
);

/** The name that a member has told after it was added, and where in the conversation; id: group/account. */
export const NAMED: RecordType<{ readonly name: string; readonly depth: number; readonly sentAt: TimeMs }> = record(
  "named/",
  struct({ name: text(NAME_MAX_BYTES), depth: u32, sentAt: TimeMs }),
);

/** Where a member's device said that it can be reached; our own is what we said last. id: group/device. */
export const MEMBER_ADDRESS: RecordType<{
  readonly addresses: readonly string[];
  readonly saidAt: TimeMs;
  readonly expiresAt: TimeMs;
}> = record(
  "member-address/",
  struct({
    addresses: list(text(MEMBER_ADDRESS_MAX_BYTES), MEMBER_ADDRESSES_MAX),
    saidAt: TimeMs,
    expiresAt: TimeMs,
  }),
);

/** A relay that a group has left, and until when it is used all the same. */
const FormerRelay = struct({ address: text(ADDRESS_MAX_BYTES), until: TimeMs });
export type FormerRelay = Infer<typeof FormerRelay>;

/** Relays that a group's settings name no more, the last first; id: group. */
export const FORMER_RELAYS: RecordType<{ readonly relays: readonly FormerRelay[] }> = record(
  "former-relays/",
  struct({ relays: list(FormerRelay, RELAYS_MAX) }),
);
