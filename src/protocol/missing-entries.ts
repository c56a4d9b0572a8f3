/**
 * Entries that do not come by the topics that a device reads: their author told them to some members only, or the others
 * write in an epoch that we lack.
 *
 * 1. Whoever holds an entry whose parents do not come asks its author and other members for them. Every member may have
 *    every entry, and judges it by its signature, so it does not matter who answers.
 * 2. What came in a letter and in no topic that the others read is posted there by whoever notices.
 *
 * @see PROTOCOL.md § Membership log
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore, type EntryCore } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { ENTRY_PARENTS_MAX } from "../wire/limits.ts";
import { PAYLOAD_ITEMS_MAX, type PayloadItem } from "../wire/pairwise-payload.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { type GroupView, memberOfDevice, unlinkedName } from "./group-view.ts";
import { find, pastOf } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { hashOfEntry } from "./membership-log.ts";
import { type Addressee, tell } from "./pairwise.ts";
import { epochOf, newestBefore, post } from "./passing-on.ts";
import { receiveEntry } from "./received-entries.ts";
import { ACCOUNT } from "./records/account.ts";
import type { EpochState } from "./records/epoch.ts";
import { GROUP } from "./records/group.ts";
import { ANSWERED, ENTRY, UNPOSTED, WAITING, WANTED } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { newDevices } from "./roster.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Members that are asked for the parents of what waits, one after the other; then the next entry that waits begins anew. */
const ASKED_MAX = 8;
/** Ms until the next is asked, once it is known that something is still missing. */
const ASK_AGAIN_MS = 30_000;
/** Bytes of entries in one answer, unless one alone is longer. */
const ANSWER_BYTES = 44_000;
/** Answers to one device in an hour: 2.8 MB of log. */
const ANSWERS_MAX = 64;
const ANSWERS_MS = 3_600_000;
/** Ms for which an entry that came in a letter may still come by a topic, and a random part of as much again. */
const UNPOSTED_MS = 15_000;
/** Ms after which an entry is looked at again that still waits for its parents, and a random part of as much again. */
const UNPOSTED_WAITING_MS = 60_000;

type WantedItem = Extract<PayloadItem, { kind: "wanted" }>;
type EntryItem = Extract<PayloadItem, { kind: "entry" }>;

function wakeLater(work: Work, leastMs: number): TimeMs {
  const [dice = 0] = work.random(1);
  const atMs = Math.ceil(work.nowMs + leastMs * (1 + dice / 256)) as TimeMs;
  work.effects.push({ kind: "wake", atMs });
  return atMs;
}

/** Asks one member of each group where parents are still missing and it is time. */
export function* askForEntries(work: Work): Step<void> {
  for (const [id, { dueAt, asked }] of yield* scan(work, WANTED)) {
    if (dueAt > work.nowMs) continue;
    const log = yield* existingLog(work, id);
    const waiting = yield* waitingOf(work, log);
    const wanted = yield* missingParents(work, log, waiting);
    const to = wanted.length > 0 && asked < ASKED_MAX ? yield* whomToAsk(work, log, waiting, asked) : undefined;
    if (!to) {
      write(work, WANTED, id, null);
      continue;
    }
    const heads = resolve(log).heads.slice(0, ENTRY_PARENTS_MAX);
    yield* tell(work, to, [{ kind: "wanted", group: log.group, wanted, heads }]);
    write(work, WANTED, id, { dueAt: wakeLater(work, ASK_AGAIN_MS), asked: asked + 1 });
  }
}

function* waitingOf(work: Work, { group }: LogState): Step<readonly EntryCore[]> {
  const saved = yield* scan(work, WAITING, `${toHex(group)}/`);
  return saved.flatMap(([, { encoded }]) => {
    const core = decodeEntry(encoded)?.core;
    return (core && decodeEntryCore(core)) ?? [];
  });
}

/** Parents that neither are here nor wait themselves, at most as many as are asked for at a time. */
function* missingParents(work: Work, log: LogState, waiting: readonly EntryCore[]): Step<readonly EntryHash[]> {
  const missing = new Map<string, EntryHash>();
  for (const parent of waiting.flatMap(({ parents }) => parents)) {
    const isHere = find(log, parent) ?? (yield* read(work, WAITING, idOf(log.group, parent)));
    if (!isHere && missing.size < ENTRY_PARENTS_MAX) missing.set(toHex(parent), parent);
  }
  return [...missing.values()];
}

/** In turn somebody who should have it, and any member, since an author may have made its parents up. */
function* whomToAsk(
  work: Work,
  log: LogState,
  waiting: readonly EntryCore[],
  asked: number,
): Step<Addressee | undefined> {
  const { device: self } = yield* readExisting(work, ACCOUNT);
  const { view } = resolve(log);
  const isOther = ({ device }: Addressee): boolean => !equalBytes(device, self);
  const having = waiting.flatMap((core) => thoseHaving(view, core)).filter(isOther);
  const chosen = asked % 2 === 0 ? having[asked / 2] : undefined;
  if (chosen) return chosen;
  const all = [...view.members.values()].flatMap(({ account, devices }) =>
    devices.map((device) => ({ account, device })),
  );
  const others = all.filter(isOther);
  const [high = 0, low = 0] = work.random(2);
  return others[Math.floor(((256 * high + low) / 65_536) * others.length)];
}

/** The author of an entry, and those whom it lets in: for us they may be no members yet. */
function thoseHaving(view: GroupView, { author, action }: EntryCore): readonly Addressee[] {
  const account = memberOfDevice(view, author)?.account;
  if (!account) return [];
  const added = action.kind === "add" ? action.members : [];
  return [
    ...added.flatMap((each) => each.devices.map(({ device }) => ({ account: each.account, device }))),
    { account, device: author },
  ];
}

/**
 * A member's device lacks entries: it gets those, what leads to them, and what else is not in the past of its heads, as
 * far as one letter goes. Also somebody who has left answers: the others may not have heard of that.
 */
export function* answerWanted(work: Work, from: DeviceKey, { group, wanted, heads }: WantedItem): Step<void> {
  if (!(yield* read(work, GROUP, toHex(group)))) return;
  const log = yield* existingLog(work, toHex(group));
  const account = accountOf(log, from);
  if (!account || !(yield* mayAnswer(work, group, from))) return;
  const items: PayloadItem[] = [];
  let free = ANSWER_BYTES;
  for (const { hash } of lackedEntries(log, wanted, heads)) {
    const { encoded } = yield* readExisting(work, ENTRY, idOf(group, hash));
    free -= encoded.length;
    if (items.length > 0 && (free < 0 || items.length >= PAYLOAD_ITEMS_MAX)) break;
    items.push({ kind: "entry", group, signed: encoded });
  }
  if (items.length > 0) yield* tell(work, { account, device: from }, items);
}

/**
 * The account whose device may have the log: a member's, also one that a link let in which does not count. It has the
 * account's certificate, for which anybody would link it.
 */
function accountOf(log: LogState, device: DeviceKey): AccountKey | undefined {
  const { view } = resolve(log);
  const member = memberOfDevice(view, device);
  if (member) return member.account;
  const isIn = ({ account }: Addressee): boolean =>
    view.members.has(toHex(account)) && !view.unlinked.has(unlinkedName(account, device));
  const found = log.entries.flatMap(newDevices).filter((each) => equalBytes(each.device, device));
  return found.find(isIn)?.account;
}

function lackedEntries(log: LogState, wanted: readonly EntryHash[], heads: readonly EntryHash[]): readonly LogEntry[] {
  const known = new Set(pastOf(log, heads));
  const first = pastOf(log, wanted);
  const places = new Set([...first, ...log.entries.keys()].filter((place) => !known.has(place)));
  return [...places].flatMap((place) => log.entries[place] ?? []);
}

function* mayAnswer(work: Work, group: GroupId, from: DeviceKey): Step<boolean> {
  const id = idOf(group, from);
  if (work.written.has(ANSWERED.prefix + id)) return false; // a letter holds 64 items: one of them is answered, with all that fits
  const before = yield* read(work, ANSWERED, id);
  const count = before && work.nowMs - before.at < ANSWERS_MS ? before : { at: work.nowMs as TimeMs, answers: 0 };
  if (count.answers >= ANSWERS_MAX) return false;
  write(work, ANSWERED, id, { ...count, answers: count.answers + 1 });
  return true;
}

/** An entry that we asked for, parents first. Where something is still missing after it, the next request follows at once. */
export function* receiveWanted(work: Work, { group, signed }: EntryItem): Step<void> {
  const id = toHex(group);
  if (!(yield* read(work, WANTED, id))) return;
  const before = (yield* existingLog(work, id)).entries.length;
  yield* receiveEntry(work, group, signed, "letter");
  if ((yield* existingLog(work, id)).entries.length === before) return;
  const dueAt = (work.nowMs + 1) as TimeMs;
  work.effects.push({ kind: "wake", atMs: dueAt });
  write(work, WANTED, id, { dueAt, asked: 0 });
}

/** This entry came in a letter, or by a topic of few: whether the others have it shows when it comes by theirs. */
export function noteUnposted(work: Work, group: GroupId, entry: EntryHash): void {
  write(work, UNPOSTED, idOf(group, entry), { dueAt: wakeLater(work, UNPOSTED_MS) });
}

/**
 * An entry came by the topic of an epoch. If that is the one that it was written on, or we cannot tell, the others have it
 * too. If its author was not in that one, those who read nothing else may wait for it: it is posted there unless it comes.
 */
export function* noteInTopic(work: Work, epoch: EpochState, encoded: Uint8Array): Step<void> {
  const hash = hashOfEntry(work.p, encoded);
  const isOwn = hash && epoch.frontier.some((head) => equalBytes(head, hash));
  if (!hash || isOwn) return;
  const id = idOf(epoch.group, hash);
  const log = yield* existingLog(work, toHex(epoch.group));
  const base = yield* epochOf(work, log, find(log, hash)?.keyParents ?? []);
  const isElsewhere = base !== undefined && !equalBytes(base.epoch, epoch.epoch);
  if (!isElsewhere) write(work, UNPOSTED, id, null);
  else if (work.written.has(ENTRY.prefix + id)) noteUnposted(work, epoch.group, hash); // it is new
}

/** Posts what came by no topic for long enough to that of the epoch that it was written on, or of the newest before it. */
export function* postUnposted(work: Work): Step<void> {
  for (const [id, { dueAt }] of yield* scan(work, UNPOSTED)) {
    if (dueAt > work.nowMs) continue;
    const isWaiting = (yield* read(work, WAITING, id)) !== undefined; // for its parents: it is of no use to anybody before
    write(work, UNPOSTED, id, isWaiting ? { dueAt: wakeLater(work, UNPOSTED_WAITING_MS) } : null);
    const [groupId = ""] = id.split("/");
    const saved = yield* read(work, ENTRY, id);
    const log = saved && (yield* existingLog(work, groupId));
    const entry = log && find(log, fromHex(id.split("/")[1] ?? "") ?? new Uint8Array());
    if (!saved || !entry) continue;
    const base = (yield* epochOf(work, log, entry.keyParents)) ?? (yield* newestBefore(work, groupId, entry.number));
    yield* post(work, base, entry.hash, saved.encoded);
  }
}

/** At a start: what is due at some time. Counts of answers that are over are erased. */
export function* wakeForEntries(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, WANTED)) work.effects.push({ kind: "wake", atMs: dueAt });
  for (const [, { dueAt }] of yield* scan(work, UNPOSTED)) work.effects.push({ kind: "wake", atMs: dueAt });
  for (const [id, { at }] of yield* scan(work, ANSWERED))
    if (work.nowMs - at >= ANSWERS_MS) write(work, ANSWERED, id, null);
}
