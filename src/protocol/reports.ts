/**
 * How far our messages have come: what other devices say they have stored, and what we say ourselves.
 *
 * 1. A device says of each chain up to which message it has all of it, so it never claims a message that it lacks.
 * 2. Nothing is said sooner than REPORT_DELAY_MS after something came, and then of all that came by then: a report does not
 *    tell when its author reads.
 * 3. A group of any size makes about twenty reports a minute: the more devices, the seldomer each one speaks.
 * 4. What is heard twice, or late, changes nothing; a report costs its hearer at most SENT_MAX records.
 *
 * @see PROTOCOL.md § Reports
 */
import { isSaidBy, openLive } from "../crypto/live-box.ts";
import type { PeerChain } from "../crypto/sender-chain.ts";
import { equalBytes } from "../verify/transcript.ts";
import { EpochId, type Iteration, type MessageId, type TimeMs, type Topic } from "../wire/ids.ts";
import { REPORT_CHAINS_MAX } from "../wire/limits.ts";
import type { StoredChain } from "../wire/live.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { deepest } from "./group-lines.ts";
import { liveEpoch, sayInPassing } from "./live-saying.ts";
import { hearAddresses } from "./member-addresses.ts";
import { ACCOUNT } from "./records/account.ts";
import { HEADS } from "./records/conversation.ts";
import { CHAIN, chainId, EPOCH, type EpochState, OWN_CHAIN } from "./records/epoch.ts";
import { HEARD, SENT, SENT_MAX, sentId, TO_HEAR, TO_REPORT, type ToReportState } from "./records/report.ts";
import { TOPIC } from "./records/topic.ts";
import { existingRoster, rosterSize } from "./saved-roster.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms between what comes and the earliest report of it. */
const REPORT_DELAY_MS = 2_000;
/** Ms that each device of an epoch adds to the time between two reports of one of them. */
const REPORT_SHARE_MS = 3_000;
/** Devices over which the first report after a silence is spread, a second for each. */
const SPREAD_DEVICES = 30;
/** Epochs of which is asked after an absence: those of the groups of one screen. */
const ASKED_EPOCHS_MAX = 64;
/** Epochs of which it is known that something may be asked. */
const TO_HEAR_MAX = 256;

/** A message by the device with this index is stored: that will be said. */
export function* noteToReport(work: Work, epoch: EpochState, index: number): Step<void> {
  const id = toHex(epoch.epoch);
  const before = (yield* read(work, TO_REPORT, id)) ?? NOTHING_SAID;
  const { indexes, lastAt } = before;
  const isKnown = indexes.includes(index) || indexes.length === REPORT_CHAINS_MAX;
  const dueAt = before.dueAt ?? (yield* nextReport(work, epoch.epoch, lastAt));
  const cameAt = work.nowMs as TimeMs;
  write(work, TO_REPORT, id, { ...before, dueAt, cameAt, indexes: isKnown ? indexes : [...indexes, index] });
  if (before.dueAt === undefined) work.effects.push({ kind: "wake", atMs: dueAt, report: epoch.epoch });
}

const NOTHING_SAID: ToReportState = {
  dueAt: undefined,
  lastAt: 0 as TimeMs,
  cameAt: 0 as TimeMs,
  indexes: [],
  fixed: undefined,
};

function* nextReport(work: Work, epoch: EpochId, lastAt: number | undefined): Step<TimeMs> {
  const devices = yield* rosterSize(work, toHex(epoch));
  const [a = 0, b = 0] = work.random(2);
  const spread = ((a * 256 + b) / 65_536) * Math.min(devices, SPREAD_DEVICES) * 1_000;
  const turn = (lastAt ?? 0) + devices * REPORT_SHARE_MS;
  return Math.round(Math.max(work.nowMs + REPORT_DELAY_MS, turn) + spread) as TimeMs;
}

/** Says of every epoch whose time has come what of it is stored. */
export function* reportDue(work: Work): Step<void> {
  for (const [id, state] of yield* scan(work, TO_REPORT)) yield* reportIfDue(work, id, state);
}

/** The same of one epoch. */
export function* reportOf(work: Work, epoch: EpochId): Step<void> {
  const state = yield* read(work, TO_REPORT, toHex(epoch));
  if (state) yield* reportIfDue(work, toHex(epoch), state);
}

/** At a start: what waited to be said when the program ended is said at its time. */
export function* wakeForReports(work: Work): Step<void> {
  for (const [id, { dueAt }] of yield* scan(work, TO_REPORT))
    if (dueAt !== undefined)
      work.effects.push({ kind: "wake", atMs: dueAt, report: EpochId.from(fromHex(id) ?? new Uint8Array()) });
}

function* reportIfDue(work: Work, id: string, state: ToReportState): Step<void> {
  if (state.dueAt === undefined || state.dueAt > work.nowMs) return;
  const epoch = yield* read(work, EPOCH, id);
  if (epoch) yield* report(work, epoch, state);
  else write(work, TO_REPORT, id, null);
}

/** Where something has just come, what is said is fixed now and said when that is no news any more. */
function* report(work: Work, epoch: EpochState, state: ToReportState): Step<void> {
  const id = toHex(epoch.epoch);
  const { fixed, cameAt } = state;
  if (!fixed && cameAt + REPORT_DELAY_MS > work.nowMs) {
    const dueAt = (work.nowMs + REPORT_DELAY_MS) as TimeMs;
    const { indexes } = state;
    write(work, TO_REPORT, id, { ...state, dueAt, indexes: [], fixed: yield* storedNow(work, epoch, indexes) });
    work.effects.push({ kind: "wake", atMs: dueAt, report: epoch.epoch });
    return;
  }
  const lastAt = work.nowMs as TimeMs;
  const indexes = fixed ? state.indexes : [];
  const dueAt = indexes.length > 0 ? yield* nextReport(work, epoch.epoch, lastAt) : undefined;
  write(work, TO_REPORT, id, { dueAt, lastAt, cameAt, indexes, fixed: undefined });
  if (dueAt !== undefined) work.effects.push({ kind: "wake", atMs: dueAt, report: epoch.epoch });
  yield* sayInPassing(work, epoch, { kind: "report", ...(fixed ?? (yield* storedNow(work, epoch, state.indexes))) });
}

function* storedNow(work: Work, epoch: EpochState, indexes: readonly number[]) {
  const chains = yield* storedChains(work, epoch.epoch, indexes);
  const heads = (yield* read(work, HEADS, toHex(epoch.group)))?.heads ?? [];
  return { chains, frontier: deepest(heads).map((head) => head.id) };
}

function* storedChains(work: Work, epoch: EpochId, indexes: readonly number[]): Step<readonly StoredChain[]> {
  const chains: StoredChain[] = [];
  for (const index of indexes) {
    const known = yield* read(work, CHAIN, chainId(epoch, index));
    if (known) chains.push({ index, upTo: completeUpTo(known.chain) });
  }
  return chains;
}

/** The first iteration that has not come. */
function completeUpTo({ skipped, ranges, next }: PeerChain): Iteration {
  return Math.min(next, skipped[0]?.iteration ?? next, ranges[0]?.from ?? next) as Iteration;
}

/** Somebody who reads this topic said something in passing. What is not genuine is passed over: anybody may have made it. */
export function* overhear(work: Work, topic: Topic, body: Uint8Array): Step<void> {
  const use = (yield* read(work, TOPIC, toHex(topic)))?.use;
  const epoch = use?.kind === "epoch" ? yield* read(work, EPOCH, toHex(use.epoch)) : undefined;
  if (!epoch) return;
  const heard = openLive(work.p, liveEpoch(epoch), body);
  if (typeof heard === "string" || heard.index === epoch.ownIndex) return;
  const devices = yield* existingRoster(work, toHex(epoch.epoch));
  const speaker = devices[heard.index];
  if (!speaker || !isSaidBy(work.p, liveEpoch(epoch), heard, speaker.device)) return;
  const { account } = yield* readExisting(work, ACCOUNT);
  const others = devices.filter((each) => !equalBytes(each.account, account)).length;
  switch (heard.said.kind) {
    case "report":
      if (equalBytes(speaker.account, account)) return;
      yield* noteBehind(work, epoch, heard.said.chains);
      return yield* hearReport(work, epoch, { index: heard.index, chains: heard.said.chains, of: others });
    case "pleaseReport":
      if (yield* read(work, CHAIN, chainId(epoch.epoch, heard.index))) yield* noteToReport(work, epoch, heard.index);
      return;
    case "addresses":
      return yield* hearAddresses(work, epoch, { device: speaker.device, saidAt: heard.saidAt, said: heard.said });
    default:
      return heard.said satisfies never;
  }
}

/**
 * Whoever says so has all of a chain up to there, and had it two seconds ago. A lie costs a look, and those are seldom
 * (client/gap-filling.ts); a truth shows what a relay leaves out before anybody cites it.
 */
function* noteBehind(work: Work, epoch: EpochState, chains: readonly StoredChain[]): Step<void> {
  for (const { index, upTo } of chains) {
    if (index === epoch.ownIndex) continue;
    const known = yield* read(work, CHAIN, chainId(epoch.epoch, index));
    if ((known ? completeUpTo(known.chain) : 0) >= upTo) continue;
    announce(work, { kind: "behind", group: epoch.group });
    return;
  }
}

interface Report {
  readonly index: number;
  readonly chains: readonly StoredChain[];
  /** Devices of others in the epoch. */
  readonly of: number;
}

function* hearReport(work: Work, epoch: EpochState, { index, chains, of }: Report): Step<void> {
  const upTo = chains.find((each) => each.index === epoch.ownIndex)?.upTo;
  if (upTo === undefined) return;
  const id = toHex(epoch.epoch);
  const heard = (yield* read(work, HEARD, id))?.devices ?? [];
  const before = heard.find((each) => each.index === index)?.upTo ?? 0;
  const own = yield* read(work, OWN_CHAIN, id);
  const until = Math.min(upTo, own?.chain.iteration ?? upTo) as Iteration;
  if (until <= before) return;
  const devices = [...heard.filter((each) => each.index !== index), { index, upTo: until }];
  write(work, HEARD, id, { devices });
  const isAll = devices.filter((each) => each.upTo >= (own?.chain.iteration ?? 0)).length >= of;
  if (isAll) write(work, TO_HEAR, id, null);
  for (let at = Math.max(before, until - SENT_MAX); at < until; at++) {
    const sent = yield* read(work, SENT, sentId(epoch.epoch, at));
    if (!sent) continue;
    const count = sent.devices + 1;
    write(work, SENT, sentId(epoch.epoch, at), { ...sent, devices: count });
    const line = { group: toHex(epoch.group), id: toHex(sent.id), state: "delivered" as const };
    const delivery = { devices: count, of: Math.max(of, count) };
    work.lineStates.push({ ...line, delivery });
    announce(work, { kind: "line-state", ...line, delivery });
  }
}

/** A message of ours with that place in our chain left: what others say of it will be counted. */
export function noteSent(work: Work, epoch: EpochId, iteration: number, id: MessageId): void {
  write(work, SENT, sentId(epoch, iteration), { id, devices: 0, isTaken: false });
  write(work, TO_HEAR, toHex(epoch), { at: work.nowMs as TimeMs });
  if (iteration >= SENT_MAX) write(work, SENT, sentId(epoch, iteration - SENT_MAX), null);
}

/**
 * A member to whom we are connected gave a message of ours back, which it does once it has stored it. Whose device it is
 * does not show, so nothing is counted, and where it may be another one of our own it means nothing.
 */
export function* noteTaken(work: Work, epoch: EpochState, iteration: number): Step<void> {
  const sent = yield* read(work, SENT, sentId(epoch.epoch, iteration));
  if (!sent || sent.isTaken || sent.devices > 0) return;
  const { account } = yield* readExisting(work, ACCOUNT);
  const devices = yield* existingRoster(work, toHex(epoch.epoch));
  if (devices.filter((each) => equalBytes(each.account, account)).length > 1) return;
  write(work, SENT, sentId(epoch.epoch, iteration), { ...sent, isTaken: true });
  const line = { group: toHex(epoch.group), id: toHex(sent.id), state: "delivered" as const };
  work.lineStates.push(line);
  announce(work, { kind: "line-state", ...line });
}

/**
 * We can be heard again: asks how far what we sent has come, where somebody has not said it; in the epochs in which we sent
 * last. What this costs does not depend on the number of groups.
 */
export function* askForReports(work: Work): Step<void> {
  const waiting = yield* scan(work, TO_HEAR, "", TO_HEAR_MAX);
  const newest = [...waiting].sort(([, a], [, b]) => b.at - a.at);
  for (const [id] of newest.slice(0, ASKED_EPOCHS_MAX)) {
    const epoch = yield* read(work, EPOCH, id);
    if (epoch) yield* sayInPassing(work, epoch, { kind: "pleaseReport" });
  }
  for (const [id] of newest.slice(TO_HEAR_MAX / 2)) write(work, TO_HEAR, id, null); // others come before them for long
}
