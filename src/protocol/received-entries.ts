/**
 * Entries that others wrote: which are taken in now, which wait for their parents or their time, and what each releases.
 *
 * 1. In which order entries come makes no difference to what counts in the end.
 *
 * @see PROTOCOL.md § Membership log
 */
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { absorb } from "./group-log.ts";
import { groupsAfterPause, noteIfLate, putOffUntil } from "./late-entries.ts";
import { isFlood } from "./log-flood.ts";
import { find } from "./log-graph.ts";
import type { LogState } from "./log-state.ts";
import { acceptEntry, hashOfEntry } from "./membership-log.ts";
import { GROUP } from "./records/group.ts";
import { existingLog, readLog } from "./saved-log.ts";
import { readExisting, type Step } from "./step.ts";
import { addSystemLines, beforeEntry } from "./system-lines.ts";
import { released, wait } from "./waiting-room.ts";

/** How entries of others come: by a topic or with a key; in a letter that we asked for; with the branch of an admin. */
export type EntryWay = "topic" | "letter" | "branch";

/**
 * An entry from somebody else: from a topic, a delivery or the waiting room. Accepted ones release those that waited.
 * One that comes in a letter or with a branch is dropped when its parents are not here. Of one account's that come late
 * one is taken at a time, but for a branch, which is given by an admin or by a device of ours.
 */
export function* receiveEntry(work: Work, groupId: GroupId, encoded: Uint8Array, way: EntryWay = "topic"): Step<void> {
  const log = yield* existingLog(work, toHex(groupId));
  yield* takeAll(work, log, [encoded], way);
}

/** Entries whose time to wait is over. */
export function* takeLate(work: Work): Step<void> {
  for (const id of yield* groupsAfterPause(work)) {
    const log = yield* readLog(work, id);
    if (log) yield* takeAll(work, log, yield* released(work, log), "topic");
  }
}

/** Takes these entries in, and what they release. */
function* takeAll(work: Work, { group }: LogState, entries: readonly Uint8Array[], way: EntryWay): Step<void> {
  const queue = [...entries];
  for (let next = queue.shift(); next; next = queue.shift()) {
    const log = yield* existingLog(work, toHex(group));
    if (isFlood(log, next) || (way !== "branch" && (yield* isPutOff(work, log, next)))) continue;
    const accepted = yield* takeOne(work, log, next, way === "topic" || !entries.includes(next));
    if (accepted) queue.push(...(yield* released(work, accepted)));
  }
}

/** Whether the entry has come late and too soon; then it waits. */
function* isPutOff(work: Work, log: LogState, encoded: Uint8Array): Step<boolean> {
  const dueAt = yield* putOffUntil(work, log, encoded);
  const hash = hashOfEntry(work.p, encoded);
  if (dueAt === undefined || !hash || find(log, hash)) return false;
  yield* wait(work, log, hash, encoded);
  work.effects.push({ kind: "wake", atMs: dueAt });
  return true;
}

/** The log with the entry in it, if it is allowed. */
function* takeOne(work: Work, log: LogState, encoded: Uint8Array, mayWait: boolean): Step<LogState | undefined> {
  const group = yield* readExisting(work, GROUP, toHex(log.group));
  const before = beforeEntry(work.p, log, encoded);
  const verdict = acceptEntry(work.p, log.group, log, encoded);
  if (verdict.kind === "waiting" && mayWait) yield* wait(work, log, verdict.hash, encoded);
  if (verdict.kind === "forged") announce(work, { kind: "warning", code: "forged", group: log.group });
  if (verdict.kind !== "accepted") return undefined;
  noteIfLate(work, log, verdict.core);
  yield* absorb(work, group, { ...verdict, encoded, before }, undefined);
  yield* addSystemLines(work, { ...verdict, before });
  return verdict.log;
}
