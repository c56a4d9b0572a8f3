/**
 * Records of a group's membership log: entries that are judged, that wait, and that are to be said or asked for.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bytes, raw, struct, u8, u32 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { ENTRY_CORE_MAX_BYTES } from "../../wire/entry.ts";
import { TimeMs } from "../../wire/ids.ts";
import { LogEntry, LogState } from "../log-state.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

/** How many entries of a group's membership log are saved, and a chain of hashes over their records; id: group. */
const LogHead = struct({ entries: u32, digest: raw(32) });
export type LogHead = Infer<typeof LogHead>;
export const LOG_HEAD: RecordType<LogHead> = record("log-head/", LogHead);

/** An entry of the membership log as judged; id: {@link loggedId}. */
export const LOGGED: RecordType<LogEntry> = record("logged/", LogEntry);

/** Group (hex), and the place in the log, 6 hex digits. */
export const loggedId = (group: string, place: number): string => `${group}/${place.toString(16).padStart(6, "0")}`;

/** The whole log in one record, as earlier versions kept it: read once, and then erased. */
export const WHOLE_LOG: RecordType<LogState> = record("membership/", LogState);

/** An encoded entry and where it stands in the conversation; id: group/hash. */
export const ENTRY: RecordType<{ readonly encoded: Uint8Array; readonly depth: number }> = record(
  "entry/",
  struct({ encoded: bytes(ENTRY_CORE_MAX_BYTES + 128), depth: u32 }),
);

/** An entry whose parents have not come yet; id: group/hash. */
export const WAITING: RecordType<{ readonly encoded: Uint8Array }> = record(
  "waiting/",
  struct({ encoded: bytes(ENTRY_CORE_MAX_BYTES + 128) }),
);

/** When a plain member's entry was taken in last that much of the log came beside; id: group/account. */
export const LATE: RecordType<{ readonly at: TimeMs }> = record("late/", struct({ at: TimeMs }));

/** Waiting entries kept for one group, beside those in places that each account has for itself. */
export const WAITING_ENTRIES_MAX = 1_000;

/** A head's topic lacks some entries, or lacked them a moment ago; id: group/entry. */
export const PASSING: RecordType<{ readonly next: number; readonly dueAt: TimeMs }> = record(
  "passing/",
  struct({
    /** Place in the log up to which it has what it needs. */
    next: u32,
    /** When to go on, or to forget it. */
    dueAt: TimeMs,
  }),
);

/** When heads of a group are merged that so many others came beside of late that each is not; id: group. */
export const MERGING: RecordType<{ readonly dueAt: TimeMs }> = record("merging/", struct({ dueAt: TimeMs }));

/** When links of our account in a group are looked at, of which some may not count; id: group. */
export const LINK_AGAIN: RecordType<{ readonly dueAt: TimeMs }> = record("link-again/", struct({ dueAt: TimeMs }));

/** Parents of a waiting entry are missing: when a member is asked for them, and how many were; id: group. */
export const WANTED: RecordType<{ readonly dueAt: TimeMs; readonly asked: number }> = record(
  "wanted/",
  struct({ dueAt: TimeMs, asked: u8 }),
);

/** Since when a member's device asked for entries, and how often it was answered; id: group/device. */
export const ANSWERED: RecordType<{ readonly at: TimeMs; readonly answers: number }> = record(
  "answered/",
  struct({ at: TimeMs, answers: u8 }),
);

/** An entry came in a letter and by no topic yet; when it is posted by us; id: group/entry. */
export const UNPOSTED: RecordType<{ readonly dueAt: TimeMs }> = record("unposted/", struct({ dueAt: TimeMs }));
