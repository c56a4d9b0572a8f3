/**
 * Entries by plain members that much of the log came beside. Such an entry makes all of that a stretch of concurrent ones,
 * which is judged anew: half a second in a log of 4,000. So of each account one is taken at a time, and the next when
 * LATE_PAUSE_MS are over; until then it waits.
 *
 * 1. An entry is only put off: what counts does not depend on when it is taken.
 * 2. Nobody but its author makes an account's entries wait.
 *
 * @see PROTOCOL.md § Membership log
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore, type EntryCore, ROLE } from "../wire/entry.ts";
import type { AccountKey, TimeMs } from "../wire/ids.ts";
import type { Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { find, pastOf } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { LATE } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { read, type Step, scan, write } from "./step.ts";

/** Entries that are not in the past of a new one and make it late: a stretch of so many is judged in some milliseconds. */
export const LATE_BEHIND = 256;
/** Ms between two late entries of one account: a flood of them takes 2 % of a core, and honest devices write one or two. */
export const LATE_PAUSE_MS = 30_000;

/** Until when an entry has to wait whose parents are here; `undefined` when it can be taken now. Cheap, before any signature. */
export function* putOffUntil(work: Work, log: LogState, encoded: Uint8Array): Step<TimeMs | undefined> {
  if (log.entries.length <= LATE_BEHIND) return undefined;
  const encodedCore = decodeEntry(encoded)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  const account = core && plainAuthor(log, core);
  const last = account && (yield* read(work, LATE, idOf(log.group, account)));
  const dueAt = (last ? last.at + LATE_PAUSE_MS : 0) as TimeMs;
  return core && dueAt > work.nowMs && isLate(log, core) ? dueAt : undefined;
}

/** Of an entry that was taken into this log. */
export function noteIfLate(work: Work, log: LogState, core: EntryCore): void {
  const account = log.entries.length > LATE_BEHIND ? plainAuthor(log, core) : undefined;
  if (account && isLate(log, core)) write(work, LATE, idOf(log.group, account), { at: work.nowMs as TimeMs });
}

/** Its parents are here, and much of the log is not in its past. */
const isLate = (log: LogState, { parents }: EntryCore): boolean =>
  parents.every((parent) => find(log, parent)) && log.entries.length - pastOf(log, parents).length > LATE_BEHIND;

/** Whose entry it is, unless it is by an admin, who could do worse. Who is out has written before, or writes one such entry. */
function plainAuthor(log: LogState, { author }: EntryCore): AccountKey | undefined {
  const member = memberOfDevice(resolve(log).view, author);
  if (!member) return log.entries.findLast((each) => equalBytes(each.author, author))?.account;
  return member.role === ROLE.member ? member.account : undefined;
}

/** Groups (hex) in which somebody's pause is over. */
export function* groupsAfterPause(work: Work): Step<ReadonlySet<string>> {
  const groups = new Set<string>();
  for (const [id, { at }] of yield* scan(work, LATE)) {
    if (at + LATE_PAUSE_MS > work.nowMs) continue;
    write(work, LATE, id, null);
    groups.add(id.split("/")[0] ?? "");
  }
  return groups;
}

/** At a start. */
export function* wakeForLate(work: Work): Step<void> {
  for (const [, { at }] of yield* scan(work, LATE)) work.effects.push({ kind: "wake", atMs: at + LATE_PAUSE_MS });
}
