/**
 * The epochs of concurrent heads: combined without a round trip, and what newcomers are told of heads they cannot derive.
 *
 * 1. Every subset of up to MERGED_SUBSETS_MAX heads is an epoch somebody may have sent in, so each is entered.
 * 2. Where long branches meet, what lies between is passed by: a head that many others came beside is merged once in
 *    MERGE_PAUSE_MS, so the work grows as the branches do, and no fork tree is used up by others.
 *
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { Contribution, contribution, epochKeys, frontierHash, mergedSecret } from "../crypto/epoch-secrets.ts";
import type { ForkTree } from "../crypto/puncturable-tree.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { EntryHash, EpochId, GroupId, TimeMs } from "../wire/ids.ts";
import { MERGED_HEADS_MAX } from "../wire/limits.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { enter } from "./entered-epoch.ts";
import { find, pastOf, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { frontierOf } from "./membership-log.ts";
import { isAdmitting, isMergeable } from "./mergeable-heads.ts";
import { type Addressee, tell } from "./pairwise.ts";
import { ACCOUNT } from "./records/account.ts";
import { FORK } from "./records/epoch.ts";
import { GROUP, type GroupState, OUT } from "./records/group.ts";
import { CONTRIBUTION } from "./records/key-delivery.ts";
import { MERGING } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { devicesIn, indexIn, newDevices } from "./roster.ts";
import { existingLog } from "./saved-log.ts";
import { chooseSending } from "./sending-epoch.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Heads of which every subset is entered: 15 epochs; beyond that only single heads and all together. */
const MERGED_SUBSETS_MAX = 4;
/** Nodes of a fork tree from which nothing more is taken: each use adds up to 127, and 16,384 are the most that can be saved. */
export const FORK_NODES_MAX = 8_192;

/** Nodes of the fork tree of a head that was merged often already: 8 uses. From then on it waits for more to come. */
const BUSY_NODES = 1_024;
/** Ms between two merges with such a head. */
const MERGE_PAUSE_MS = 2_000;

/** Whether a fork tree can still lose a point: somebody who adds entry after entry beside it must not make it grow without end. */
export const hasRoom = ({ nodes }: ForkTree): boolean => nodes.length < FORK_NODES_MAX;

const isBusy = ({ nodes }: ForkTree): boolean => nodes.length >= BUSY_NODES;

type ContributionItem = Extract<PayloadItem, { kind: "contribution" }>;

/** Merges of one step: the group after them, and what newcomers are told of them all at the end. */
export interface Merging {
  group: GroupState;
  readonly log: LogState;
  /** By device (hex). */
  readonly news: Map<string, { readonly to: Addressee; readonly items: ContributionItem[] }>;
}

export const beginMerging = (group: GroupState, log: LogState): Merging => ({ group, log, news: new Map() });

/** Tells newcomers what they lack; answers the group. */
export function* endMerging(work: Work, { group, news }: Merging): Step<GroupState> {
  for (const { to, items } of news.values()) {
    yield* tell(work, to, items);
    for (const { value } of items) value.fill(0);
  }
  return group;
}

/** Enters the epochs of the frontier's heads together, now or, where many came in a row, a moment later. */
export function* mergeFrontier(work: Work, merging: Merging, frontier: readonly EntryHash[]): Step<void> {
  if (yield* isPutOff(work, merging.log, frontier)) return;
  for (const heads of mergedSubsets(frontier)) yield* enterMerged(work, merging, heads);
}

function* isPutOff(work: Work, log: LogState, frontier: readonly EntryHash[]): Step<boolean> {
  if (frontier.length < 2) return false;
  const id = toHex(log.group);
  const planned = yield* read(work, MERGING, id);
  if (planned && planned.dueAt > work.nowMs) return true;
  if (planned) write(work, MERGING, id, null);
  let isOften = false;
  for (const head of planned ? [] : frontier) {
    const fork = yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [head])));
    isOften ||= fork !== undefined && isBusy(fork.tree);
  }
  if (!isOften) return false;
  const dueAt = (work.nowMs + MERGE_PAUSE_MS) as TimeMs;
  write(work, MERGING, id, { dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
  return true;
}

/** Enters what was put off and is due. */
export function* mergeDue(work: Work): Step<void> {
  for (const [id, { dueAt }] of yield* scan(work, MERGING)) {
    if (dueAt > work.nowMs) continue;
    write(work, MERGING, id, null);
    if (yield* read(work, OUT, id)) continue;
    const log = yield* existingLog(work, id);
    const frontier = frontierOf(log);
    const merging = beginMerging(yield* readExisting(work, GROUP, id), log);
    for (const heads of mergedSubsets(frontier)) yield* enterMerged(work, merging, heads);
    write(work, GROUP, id, yield* chooseSending(work, yield* endMerging(work, merging), log, frontier));
  }
}

/** At a start: what is due at some time. */
export function* wakeForMerges(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, MERGING)) work.effects.push({ kind: "wake", atMs: dueAt });
}

/**
 * Enters the epoch of these heads, old or new, if their contributions are here: somebody may have sent in it before
 * the heads were re-keyed.
 */
export function* enterHeads(
  work: Work,
  group: GroupState,
  log: LogState,
  heads: readonly EntryHash[],
): Step<GroupState> {
  const merging = beginMerging(group, log);
  yield* enterMerged(work, merging, heads);
  return yield* chooseSending(work, yield* endMerging(work, merging), log, frontierOf(log));
}

/** Merges with these heads on which entries were written: their authors sent in them, though all was re-keyed since. */
export function writtenOn(log: LogState, heads: readonly EntryHash[]): readonly (readonly EntryHash[])[] {
  if (heads.length === 0) return [];
  const fresh = new Set(heads.map(toHex));
  return log.entries
    .map(({ keyParents }) => keyParents)
    .filter(
      (some) => some.length > 1 && some.length <= MERGED_HEADS_MAX && some.some((head) => fresh.has(toHex(head))),
    );
}

/** Concurrent entries, newest first, with each of which a new one is combined. */
const PAIRS_MAX = 8;

/** Key entries that are neither in the past of this one nor have it in theirs, in the log's order. */
function concurrentTo(log: LogState, hash: EntryHash): readonly LogEntry[] {
  const past = pastOf(log, [hash]);
  const later = sinceThen(log, hash);
  if (past.length + later.length > log.entries.length) return []; // all are before or after it
  const related = new Set([...past.map((place) => log.entries[place]), ...later]);
  return log.entries.filter((each) => isKeyAction(each.action.kind) && !related.has(each));
}

/**
 * When two branches meet, each device passes through frontiers of its own, and may send in them: with two branches
 * these are pairs of one entry of each. Both keys must be here; newcomers are told by whoever added them.
 */
export function* enterPairs(work: Work, merging: Merging, hash: EntryHash): Step<void> {
  const { log } = merging;
  for (const other of concurrentTo(log, hash).slice(-PAIRS_MAX)) {
    const fork = yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [other.hash])));
    if (fork && !isBusy(fork.tree)) yield* enterMerged(work, merging, [hash, other.hash]);
  }
}

/** Subsets of two and more heads, smaller ones first. */
export function mergedSubsets(frontier: readonly EntryHash[]): readonly (readonly EntryHash[])[] {
  if (frontier.length < 2 || frontier.length > MERGED_HEADS_MAX) return [];
  if (frontier.length > MERGED_SUBSETS_MAX) return [frontier];
  const subsets: EntryHash[][] = [];
  for (let mask = 1; mask < 1 << frontier.length; mask++) {
    const subset = frontier.filter((_, i) => (mask >> i) & 1);
    if (subset.length > 1) subsets.push(subset);
  }
  return subsets.sort((a, b) => a.length - b.length);
}

/** Enters the epoch of these heads together, if it can be and was not. */
export function* enterMerged(work: Work, merging: Merging, heads: readonly EntryHash[]): Step<void> {
  const { log } = merging;
  const phi = frontierHash(work.p, log.group, heads);
  if ((yield* read(work, FORK, toHex(phi))) || !isMergeable(log, heads)) return;
  const contributions: HeadContribution[] = [];
  for (const head of heads) {
    const value = yield* contributionOf(work, log.group, head, heads);
    if (!value) return;
    contributions.push({ head, contribution: value });
  }
  yield* noteNewcomers(work, merging, heads, contributions);
  const secret = mergedSecret(work.p, contributions, phi);
  for (const each of contributions) each.contribution.fill(0);
  for (const head of heads) write(work, CONTRIBUTION, contributionId(work, log.group, head, heads), null);
  const number = 1 + Math.max(...heads.map((head) => find(log, head)?.number ?? 0));
  merging.group = yield* enter(work, merging.group, log, { heads, secret, number });
}

interface HeadContribution {
  readonly head: EntryHash;
  readonly contribution: Contribution;
}

/**
 * Those whom we added in one branch cannot derive the others: whoever added them sends what they lack. Only to those who
 * are in the merged epoch: with all contributions anybody could enter it.
 */
function* noteNewcomers(
  work: Work,
  { log, news }: Merging,
  heads: readonly EntryHash[],
  contributions: readonly HeadContribution[],
): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const adds = log.entries.filter((each) => isAdmitting(each) && equalBytes(each.author, account.device));
  if (adds.length === 0) return;
  const pasts = new Map(heads.map((head) => [head, new Set(pastOf(log, [head]).map((place) => log.entries[place]))]));
  const inside = devicesIn(log, heads);
  for (const add of adds) {
    const lacking = contributions.filter(({ head }) => !pasts.get(head)?.has(add));
    for (const to of lacking.length > 0 ? newDevices(add) : []) {
      if (indexIn(inside, to.device) < 0) continue;
      const told = news.get(toHex(to.device)) ?? { to, items: [] };
      news.set(toHex(to.device), told);
      for (const { head, contribution: value } of lacking)
        told.items.push({ kind: "contribution", group: log.group, head, frontier: heads, value: value.slice() });
    }
  }
}

/**
 * c(head, F): the one that was kept or given, or from the head's fork tree, which loses that point. It is kept
 * until the merge is complete, so that a newcomer can still be told.
 */
function* contributionOf(
  work: Work,
  group: GroupId,
  head: EntryHash,
  heads: readonly EntryHash[],
): Step<Contribution | undefined> {
  const found = yield* findContribution(work, group, head, heads);
  if (!found?.tree) return found?.contribution; // taken before, or told by whoever added us
  const single = toHex(frontierHash(work.p, group, [head]));
  write(work, FORK, single, { ...(yield* readExisting(work, FORK, single)), tree: found.tree });
  write(work, CONTRIBUTION, contributionId(work, group, head, heads), { value: found.contribution });
  return found.contribution;
}

/** c(head, F), and the head's fork tree without that point where it is taken from that. Nothing is changed. */
function* findContribution(work: Work, group: GroupId, head: EntryHash, heads: readonly EntryHash[]) {
  const fork = yield* read(work, FORK, toHex(frontierHash(work.p, group, [head])));
  const taken =
    fork && hasRoom(fork.tree) ? contribution(work.p, fork.tree, frontierHash(work.p, group, heads)) : undefined;
  if (taken) return { contribution: taken.contribution, tree: taken.fork };
  const kept = yield* read(work, CONTRIBUTION, contributionId(work, group, head, heads));
  return kept && { contribution: Contribution.from(kept.value), tree: undefined };
}

/** The epoch of these heads, if we are not in it and could be. Nothing is used up for that. */
export function* mergedEpochId(work: Work, log: LogState, heads: readonly EntryHash[]): Step<EpochId | undefined> {
  const phi = frontierHash(work.p, log.group, heads);
  if (yield* read(work, FORK, toHex(phi))) return undefined;
  const contributions: HeadContribution[] = [];
  for (const head of heads) {
    const found = yield* findContribution(work, log.group, head, heads);
    if (!found) return undefined;
    contributions.push({ head, contribution: Contribution.from(found.contribution.slice()) });
    if (found.tree) found.contribution.fill(0); // else it is a record's
  }
  const secret = mergedSecret(work.p, contributions, phi);
  const { epochId } = epochKeys(work.p, secret, phi);
  for (const each of [secret, ...contributions.map(({ contribution: value }) => value)]) each.fill(0);
  return epochId;
}

/** Id of a saved contribution. */
export function contributionId(work: Work, group: GroupId, head: EntryHash, heads: readonly EntryHash[]): string {
  return idOf(group, frontierHash(work.p, group, heads), head);
}
