/**
 * In which epoch a device sends, and when it renews the group's key.
 *
 * 1. Nothing is sent in an epoch that holds a device which is out of the group by all that we know.
 * 2. Whoever has no such epoch renews the key before it sends; whoever waits long enough for one does so by itself.
 *
 * @see PROTOCOL.md § Re-keying
 */
import { frontierHash } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { ROLE } from "../wire/entry.ts";
import type { EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { MERGED_HEADS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { type GroupView, memberOfDevice, ownerOfDevice } from "./group-view.ts";
import { ancestors, find, graphOf } from "./log-graph.ts";
import { isRootAction, resolve } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { isMergeable } from "./mergeable-heads.ts";
import { ACCOUNT } from "./records/account.ts";
import { HEADS } from "./records/conversation.ts";
import { EPOCH, type EpochState, FORK_END, LIVE, type LiveEpoch, SCHEDULE } from "./records/epoch.ts";
import { GROUP, type GroupState } from "./records/group.ts";
import { existingRoster } from "./saved-roster.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** A merge, or somebody's leaving, is followed by a re-key after this many ms and a random part, so that one member does it. */
const REKEY_SOON_MS = 5_000;
const REKEY_JITTER_MS = 30_000;
/** Ms for which a device waits for the secret of the newest entry before it re-keys itself, and a random part of as much again. */
const REKEY_KEYLESS_MS = 60_000;
/** Part of the schedule's time by which plain members wait longer than admins, who should renew the key. */
const MEMBERS_LATER = 0.5;
/** Part of the schedule's time over which those who may renew the key spread. */
const SCHEDULE_JITTER = 0.1;
/** Ms between which the schedule's time is kept, whatever a member may set: one who could set any would hold up the group, or the clock. */
const SCHEDULE_LEAST_MS = 3_600_000;
const SCHEDULE_MOST_MS = 365 * 24 * 3_600_000;
/** Ms for which a fork tree outlives the re-key that covers it: late concurrent entries still find their key. */
const FORK_AFTER_REKEY_MS = 7 * 24 * 3600 * 1000;

/** Settles which epoch we send in, and when we re-key unless somebody else does first. */
export function* chooseSending(
  work: Work,
  group: GroupState,
  log: LogState,
  frontier: readonly EntryHash[],
): Step<GroupState> {
  const live = (yield* read(work, LIVE, toHex(group.group)))?.epochs ?? [];
  const { view } = resolve(log);
  const phi = frontierHash(work.p, group.group, frontier);
  const open = live.filter(({ epoch }) => group.unclosed.some((each) => equalBytes(each, epoch)));
  const { device } = yield* readExisting(work, ACCOUNT);
  const isMember = memberOfDevice(view, device) !== undefined;
  const newest = open.find((each) => equalBytes(each.frontier, phi));
  const isWithout = frontier.length > 1 && frontier.length <= MERGED_HEADS_MAX && !isMergeable(log, frontier);
  const best = isMember && !isWithout ? (newest ?? (yield* newestSafe(work, open, log))) : undefined;
  const epochs = live.map((each) => ({
    ...each,
    supersededAt: each === best ? undefined : (each.supersededAt ?? (work.nowMs as TimeMs)),
  }));
  write(work, LIVE, toHex(group.group), { epochs });
  for (const [i, { topic, supersededAt }] of epochs.entries()) {
    const isSuperseded = supersededAt !== undefined;
    if (isSuperseded !== (live[i]?.supersededAt !== undefined))
      work.effects.push({ kind: "superseded", topic, isSuperseded });
  }
  yield* noteRekey(work, log, newest !== undefined);
  const rekeyAt = isMember
    ? yield* rekeyTime(work, group, log, { frontier, isCurrent: newest !== undefined })
    : undefined;
  return { ...group, sending: best?.epoch, members: view.members.size, rekeyAt };
}

/**
 * The newest epoch, if nobody is in it who should not be. An older one would not do: those who came later could not read
 * it. Of several with the same number the last one entered: it has the most heads.
 */
function* newestSafe(work: Work, open: readonly LiveEpoch[], log: LogState): Step<LiveEpoch | undefined> {
  const { view, counting } = resolve(log);
  const { places } = graphOf(log);
  for (const each of [...open].reverse().toSorted((a, b) => b.number - a.number)) {
    const { frontier } = yield* readExisting(work, EPOCH, toHex(each.epoch));
    if (!frontier.every((head) => counting.has(places.get(toHex(head)) ?? -1))) continue; // overruled since
    return (yield* isFree(work, each, view)) ? each : undefined;
  }
  return undefined;
}

/** Nobody is in the epoch who is out by the whole log. */
function* isFree(work: Work, { epoch }: LiveEpoch, view: GroupView): Step<boolean> {
  const devices = yield* existingRoster(work, toHex(epoch));
  return devices.every(({ device }) => ownerOfDevice(view, device) !== undefined);
}

interface Ahead {
  readonly frontier: readonly EntryHash[];
  /** We are in the epoch of the frontier. */
  readonly isCurrent: boolean;
}

/**
 * Several heads, or somebody who left: somebody re-keys soon. A head whose secret does not come: we re-key, so that
 * nobody is ever stuck. Else by the schedule.
 */
function* rekeyTime(
  work: Work,
  group: GroupState,
  log: LogState,
  { frontier, isCurrent }: Ahead,
): Step<TimeMs | undefined> {
  const hasLeave = frontier.some((head) => find(log, head)?.action.kind === "leave");
  if (frontier.length > 1 || hasLeave)
    return soonest(work, group, { leastMs: REKEY_SOON_MS, jitterMs: REKEY_JITTER_MS });
  if (!isCurrent) return soonest(work, group, { leastMs: REKEY_KEYLESS_MS, jitterMs: REKEY_KEYLESS_MS });
  return yield* scheduledTime(work, log);
}

interface Wait {
  readonly leastMs: number;
  readonly jitterMs: number;
}

/** What was planned before stands if it is within that time: else a stream of entries would put it off for ever. */
function soonest(work: Work, { rekeyAt }: GroupState, { leastMs, jitterMs }: Wait): TimeMs {
  if (rekeyAt !== undefined && rekeyAt <= work.nowMs + leastMs + jitterMs) return rekeyAt;
  return wakeWithin(work, leastMs, jitterMs);
}

function* scheduledTime(work: Work, log: LogState): Step<TimeMs | undefined> {
  const schedule = yield* read(work, SCHEDULE, toHex(log.group));
  const { device } = yield* readExisting(work, ACCOUNT);
  const { view } = resolve(log);
  const role = memberOfDevice(view, device)?.role ?? ROLE.member;
  if (!schedule || view.members.size < 2) return undefined;
  const [dice = 0] = work.random(1);
  const later = (role === ROLE.member ? MEMBERS_LATER : 0) + (SCHEDULE_JITTER * dice) / 256;
  const dueAt = Math.ceil(schedule.rekeyedAt + schedule.everyMs * (1 + later));
  const atMs = Math.max(dueAt, work.nowMs + REKEY_SOON_MS) as TimeMs;
  work.effects.push({ kind: "wake", atMs });
  return atMs;
}

/** A fresh random secret is in use: the schedule begins anew, and fork trees before it are kept for some days only. */
function* noteRekey(work: Work, log: LogState, isCurrent: boolean): Step<void> {
  const id = toHex(log.group);
  const before = yield* read(work, SCHEDULE, id);
  const { view, counting } = resolve(log);
  const { everyMessages } = view.settings.rekey;
  const everyMs = Math.min(Math.max(view.settings.rekey.everyMs, SCHEDULE_LEAST_MS), SCHEDULE_MOST_MS);
  const roots = log.entries.filter((each, place) => counting.has(place) && isRootAction(each.action.kind));
  const newest = roots.reduce<LogEntry | undefined>(
    (best, each) => (best && best.number > each.number ? best : each),
    undefined,
  );
  if (!newest || !isCurrent || (before && equalBytes(before.root, newest.hash))) {
    if (before) write(work, SCHEDULE, id, { ...before, everyMs, everyMessages });
    return;
  }
  const heads = (yield* read(work, HEADS, id))?.heads ?? [];
  const rekeyedDepth = Math.max(0, ...heads.map((each) => each.depth));
  const rekeyedAt = work.nowMs as TimeMs;
  write(work, SCHEDULE, id, { root: newest.hash, rekeyedAt, rekeyedDepth, everyMs, everyMessages });
  yield* endForks(work, log, newest.hash);
}

function* endForks(work: Work, log: LogState, head: EntryHash): Step<void> {
  const covered = ancestors(log, [head]);
  for (const { epoch, frontier } of (yield* read(work, LIVE, toHex(log.group)))?.epochs ?? []) {
    const state: EpochState = yield* readExisting(work, EPOCH, toHex(epoch));
    const isCovered = state.frontier.every((each) => covered.has(toHex(each)) && !equalBytes(each, head));
    if (!isCovered || (yield* read(work, FORK_END, toHex(frontier)))) continue;
    write(work, FORK_END, toHex(frontier), { at: (work.nowMs + FORK_AFTER_REKEY_MS) as TimeMs });
  }
}

/** So many messages were said since the key was fresh that it is time for another. */
export function* rekeyAfterMessages(work: Work, groupId: GroupId): Step<void> {
  const id = toHex(groupId);
  const schedule = yield* read(work, SCHEDULE, id);
  const heads = (yield* read(work, HEADS, id))?.heads ?? [];
  const said = Math.max(0, ...heads.map(({ depth }) => depth)) - (schedule?.rekeyedDepth ?? 0);
  if (!schedule || said < schedule.everyMessages) return;
  const group = yield* readExisting(work, GROUP, id);
  if (group.members < 2) return;
  const rekeyAt = soonest(work, group, { leastMs: REKEY_SOON_MS, jitterMs: REKEY_JITTER_MS });
  if (rekeyAt !== group.rekeyAt) write(work, GROUP, id, { ...group, rekeyAt });
}

function wakeWithin(work: Work, leastMs: number, jitterMs: number): TimeMs {
  const [a = 0, b = 0] = work.random(2);
  const atMs = work.nowMs + leastMs + Math.floor(((a * 256 + b) / 65_536) * jitterMs);
  work.effects.push({ kind: "wake", atMs });
  return atMs as TimeMs;
}
