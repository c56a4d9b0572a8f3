/** Saved form of a group's membership log: what later judgements need of each entry, not the entries themselves. */
import { list, optional, raw, struct, text, u8, u32, u64, union } from "../wire/codec.ts";
import type { Infer } from "../wire/encoding.ts";
import { Settings } from "../wire/entry.ts";
import { AccountKey, DeviceKey, EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { DEVICES_PER_ACCOUNT_MAX, ENTRY_PARENTS_MAX, MEMBERS_PER_ADD_MAX, NAME_MAX_BYTES } from "../wire/limits.ts";

/** Entries of one log that we keep: a bound on memory; 100,000 membership changes. */
export const LOG_ENTRIES_MAX = 100_000;
/** Entries in the past of one entry: half of that, so that branches that meet find room, and everybody judges alike. */
export const PAST_ENTRIES_MAX = 50_000;
/** The same of an entry by a plain member: the rest is for admins, who can always remove whoever fills the log. */
export const PAST_OF_MEMBERS_MAX = PAST_ENTRIES_MAX / 2;

/** A member of a create or add entry, without the certificates, which were checked. */
export const LoggedMember = struct({
  account: AccountKey,
  role: u8,
  name: text(NAME_MAX_BYTES),
  devices: list(DeviceKey, DEVICES_PER_ACCOUNT_MAX),
  invite: optional(EntryHash),
});
export type LoggedMember = Infer<typeof LoggedMember>;

const members = list(LoggedMember, MEMBERS_PER_ADD_MAX);

/** What an entry does, as far as others are judged by it. Tags are those of {@link Action}. */
export const LoggedAction = union({
  create: [1, struct({ name: text(NAME_MAX_BYTES), members })],
  add: [2, struct({ members })],
  link: [3, struct({ account: AccountKey, device: DeviceKey })],
  unlink: [4, struct({ device: DeviceKey })],
  remove: [5, struct({ accounts: list(AccountKey, MEMBERS_PER_ADD_MAX) })],
  leave: [6, struct({})],
  role: [7, struct({ account: AccountKey, role: u8 })],
  invite: [8, struct({ rendezvousSeed: raw(32), proofKey: raw(32), role: u8, uses: u32, expiresAt: TimeMs })],
  revokeInvite: [9, struct({ invite: EntryHash })],
  settings: [10, Settings],
  rekey: [11, struct({})],
});
export type LoggedAction = Infer<typeof LoggedAction>;

export const LogEntry = struct({
  hash: EntryHash,
  author: DeviceKey,
  /** Whose device that is. */
  account: AccountKey,
  seq: u64,
  parents: list(EntryHash, ENTRY_PARENTS_MAX),
  /** Longest path to the create entry. */
  generation: u32,
  action: LoggedAction,
  /** Rank that its author had in its past. */
  rank: u8,
  /** Least rank that allows it. */
  needs: u8,
  /** The newest entry by an admin or the owner in its past; absent for create. */
  adminBefore: optional(EntryHash),
  /** x(e). */
  coreHash: raw(32),
  /** K of its past. */
  keyParents: list(EntryHash, ENTRY_PARENTS_MAX),
  /** Number of the epoch that it starts, by the longest path. */
  number: u32,
});
export type LogEntry = Infer<typeof LogEntry>;

/** Entries that were allowed by their own past, in an order in which parents come first. */
export const LogState = struct({
  group: GroupId,
  entries: list(LogEntry, LOG_ENTRIES_MAX),
});
export type LogState = Infer<typeof LogState>;
