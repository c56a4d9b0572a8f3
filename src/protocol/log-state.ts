/** Saved form of a group's membership log: what later judgements need of each entry, not the entries themselves. */
import { type Codec, type Infer, list, optional, raw, struct, text, u8, u32, u64 } from "../wire/codec.ts";
import type { Action } from "../wire/entry.ts";
import { AccountKey, DeviceKey, EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { ENTRY_PARENTS_MAX, NAME_MAX_BYTES } from "../wire/limits.ts";

/** Entries of one log that we keep: a bound on memory; 100,000 membership changes. */
export const LOG_ENTRIES_MAX = 100_000;

const ACTION_TAGS = { create: 1, add: 2, invite: 8, rekey: 11 } as const satisfies Record<Action["kind"], number>;

const actionKind: Codec<Action["kind"]> = {
  write: (w, v) => u8.write(w, ACTION_TAGS[v]),
  read: (r) => {
    const tag = u8.read(r);
    const found = Object.entries(ACTION_TAGS).find(([, each]) => each === tag);
    return (found?.[0] ?? "rekey") as Action["kind"];
  },
};

export const LogEntry = struct({
  hash: EntryHash,
  author: DeviceKey,
  seq: u64,
  parents: list(EntryHash, ENTRY_PARENTS_MAX),
  /** Longest path to the create entry. */
  generation: u32,
  action: actionKind,
  /** x(e). */
  coreHash: raw(32),
  /** K of this entry, itself included when it is a key entry. */
  keyHeads: list(EntryHash, ENTRY_PARENTS_MAX),
  /** K of its past. */
  keyParents: list(EntryHash, ENTRY_PARENTS_MAX),
  /** Number of the epoch that it starts, by the longest path. */
  number: u32,
});
export type LogEntry = Infer<typeof LogEntry>;

export const LogMember = struct({
  account: AccountKey,
  role: u8,
  name: text(NAME_MAX_BYTES),
  devices: list(DeviceKey, 8),
  addedBy: EntryHash,
  invite: optional(EntryHash),
});

export const InviteMeta = struct({
  entry: EntryHash,
  rendezvousSeed: raw(32),
  proofKey: raw(32),
  role: u8,
  uses: u32,
  expiresAt: TimeMs,
});
export type InviteMeta = Infer<typeof InviteMeta>;

export const LogState = struct({
  group: GroupId,
  name: text(NAME_MAX_BYTES),
  /** In an order in which parents come first. */
  entries: list(LogEntry, LOG_ENTRIES_MAX),
  heads: list(EntryHash, LOG_ENTRIES_MAX),
  members: list(LogMember, LOG_ENTRIES_MAX),
  invites: list(InviteMeta, LOG_ENTRIES_MAX),
});
export type LogState = Infer<typeof LogState>;
