/**
 * The membership log in the profile: a head, and a record for each entry, so that an entry costs the same however long
 * the log is. Logs that were read or written a moment ago are remembered with all that was derived from them.
 *
 * 1. The head names the entries before it: their number, and a chain of hashes over their records. A log is taken from
 *    memory only if both are those of the profile's head.
 * 2. Records of entries stand in the order of the log and are only ever added; what lies beyond the head's number counts for nothing.
 *
 * @see PROTOCOL.md § Saved records
 */
import { hashOf } from "../crypto/kdf.ts";
import { Fault } from "../wire/fault.ts";
import { GroupId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { withEntries } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { ACCOUNT } from "./records/account.ts";
import { LOG_HEAD, LOGGED, type LogHead, loggedId } from "./records/log.ts";
import { type Reading, read, readExisting, type Step, scan, write } from "./step.ts";

/** Entries whose places differ in the last two hex digits: read at a time, and then others get a turn. */
const BLOCK = 256;
/** Logs remembered: of the groups in which something happens at a time; and their entries, since a long one is large. */
const LOGS_MAX = 64;
const ENTRIES_MAX = 50_000;

const EMPTY: LogHead = { entries: 0, digest: new Uint8Array(32) };

let recent: { readonly name: string; readonly log: LogState }[] = [];

/** By our own device too: what is derived from a log goes over to the longer one, which another profile may not have. */
function* nameOf(work: Reading, group: string, { entries, digest }: LogHead): Step<string> {
  const { device } = yield* readExisting(work, ACCOUNT);
  return `${toHex(device)}/${group}/${entries}/${toHex(digest)}`;
}

function remember(name: string, log: LogState): LogState {
  const others = recent.filter((each) => each.name !== name && each.log !== log).slice(0, LOGS_MAX - 1);
  let room = ENTRIES_MAX;
  recent = [{ name, log }];
  for (const each of others) {
    room -= each.log.entries.length;
    if (room > 0) recent.push(each);
  }
  return log;
}

/** A group's log (hex), or `undefined` when we have none. */
export function* readLog(work: Reading, group: string): Step<LogState | undefined> {
  const head = yield* read(work, LOG_HEAD, group);
  if (!head) return undefined;
  const name = yield* nameOf(work, group, head);
  const known = recent.find((each) => each.name === name)?.log;
  return remember(name, known ?? (yield* loadLog(work, group, head)));
}

/** A group's log (hex), which must exist. */
export function* existingLog(work: Reading, group: string): Step<LogState> {
  return (yield* readLog(work, group)) ?? lacking();
}

function lacking(): never {
  throw new Fault(
    "storage/corrupt",
    "the profile lacks a part of a group's membership log; it was damaged: restore it from the recovery words",
  );
}

function* loadLog(work: Reading, group: string, { entries: count }: LogHead): Step<LogState> {
  let log: LogState = { group: GroupId.from(fromHex(group) ?? new Uint8Array()), entries: [] };
  for (let at = 0; at < count; at += BLOCK) {
    const found = yield* scan(work, LOGGED, loggedId(group, at).slice(0, -2), BLOCK);
    const block = found.slice(0, count - at).map(([, entry]) => entry);
    if (block.length < Math.min(BLOCK, count - at)) lacking();
    log = withEntries(log, block);
  }
  return log;
}

/** Saves what a group's log has beyond the saved one, up to that place. */
export function* saveLog(work: Work, log: LogState, upTo = log.entries.length): Step<void> {
  const group = toHex(log.group);
  const saved = (yield* read(work, LOG_HEAD, group)) ?? EMPTY;
  let { digest } = saved;
  for (let place = saved.entries; place < upTo; place++) {
    const entry = log.entries[place];
    const id = loggedId(group, place);
    if (!entry) break;
    write(work, LOGGED, id, entry);
    digest = hashOf(work.p, "saved-log", digest, work.written.get(LOGGED.prefix + id) ?? digest);
  }
  const head = { entries: Math.max(saved.entries, upTo), digest };
  write(work, LOG_HEAD, group, head);
  if (upTo === log.entries.length) remember(yield* nameOf(work, group, head), log);
}

/** The next saving begins with the first entry. */
export function beginLog(work: Work, group: GroupId): void {
  write(work, LOG_HEAD, toHex(group), null);
}
