/**
 * From the membership log to secrets: which epochs this device can enter, which one it sends in, and what
 * newcomers are told of heads they cannot derive.
 *
 * 1. An epoch's secret lives only inside one step; what is saved are its keys and its punctured trees.
 * 2. A secret that does not confirm its entry is a missing secret; it never makes the entry invalid.
 * 3. Concurrent heads are combined without a round trip; every subset of up to MERGED_SUBSETS_MAX heads is an
 *    epoch somebody may have sent in, so each is entered.
 *
 * @see PROTOCOL.md § Group key schedule
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import {
  Contribution,
  CoreHash,
  confirmation,
  contribution,
  derivedSecret,
  type EpochSecret,
  epochKeys,
  frontierHash,
  mergedSecret,
  rootSecret,
} from "../crypto/epoch-secrets.ts";
import type { ForkTree } from "../crypto/puncturable-tree.ts";
import { openChain, ownChainOf } from "../crypto/sender-chain.ts";
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import { decodeEntry } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, EntryHash, EpochId, GroupId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { depthOfEntries } from "./group-lines.ts";
import { ancestors, find, pastOf, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { frontierOf } from "./membership-log.ts";
import { tell } from "./pairwise.ts";
import {
  ACCOUNT,
  CONTRIBUTION,
  ENTRY,
  EPOCH,
  FORK,
  type GroupState,
  idOf,
  LIVE,
  LIVE_EPOCHS_MAX,
  OWN_CHAIN,
  SECRET,
  SENDERS,
  TOPIC,
  UNCLOSED_EPOCHS_MAX,
} from "./records.ts";
import { devicesIn, indexIn } from "./roster.ts";
import { saveRoster } from "./saved-roster.ts";
import { chooseSending } from "./sending-epoch.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** Heads of which every subset is entered: 15 epochs; beyond that only single heads and all together. */
const MERGED_SUBSETS_MAX = 4;
/** Heads that are combined at all; with more we go on in the newest epoch until a re-key, and nobody can make us work without end. */
const MERGED_HEADS_MAX = 16;
/** Nodes of a fork tree from which nothing more is taken: each use adds up to 127, and 16,384 are the most that can be saved. */
const FORK_NODES_MAX = 8_192;

/**
 * Enters every epoch whose secret can be had now and settles which one we send in. Call it after entries were
 * accepted or a secret came. `given` is the secret a welcome brought for one entry.
 */
export function* enterEpochs(
  work: Work,
  state: GroupState,
  log: LogState,
  given?: { readonly entry: EntryHash; readonly secret: EpochSecret },
): Step<GroupState> {
  let group = state;
  const stillMissing: EntryHash[] = [];
  const fresh: EntryHash[] = [];
  for (const hash of inLogOrder(log, group.missing)) {
    const entry = find(log, hash);
    if (!entry || entry.action.kind === "leave") continue; // its author would know a secret
    // its author was in the epoch of these heads, whether or not we ever saw just them
    for (const heads of mergedSubsets(entry.keyParents).slice(-1)) group = yield* enterMerged(work, group, log, heads);
    const secret = given && equalBytes(given.entry, hash) ? given.secret : yield* singleSecret(work, group, log, entry);
    if (secret) group = yield* enter(work, group, log, { heads: [hash], secret, number: entry.number });
    if (secret) fresh.push(hash);
    else stillMissing.push(hash);
  }
  const frontier = frontierOf(log);
  group = { ...group, missing: yield* stillNeeded(work, log, stillMissing, frontier) };
  for (const hash of fresh) group = yield* enterPairs(work, group, log, hash);
  for (const heads of writtenOn(log, fresh)) group = yield* enterMerged(work, group, log, heads);
  for (const heads of mergedSubsets(frontier)) group = yield* enterMerged(work, group, log, heads);
  return yield* chooseSending(work, group, log, frontier);
}

/** Merges with these heads on which entries were written: their authors sent in them, though all was re-keyed since. */
function writtenOn(log: LogState, heads: readonly EntryHash[]): readonly (readonly EntryHash[])[] {
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
function* enterPairs(work: Work, state: GroupState, log: LogState, hash: EntryHash): Step<GroupState> {
  let group = state;
  for (const other of concurrentTo(log, hash).slice(-PAIRS_MAX)) {
    if (!(yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [other.hash]))))) continue;
    group = yield* enterMerged(work, group, log, [hash, other.hash]);
  }
  return group;
}

/** Whether a fork tree can still lose a point: somebody who adds entry after entry beside it must not make it grow without end. */
export const hasRoom = ({ nodes }: ForkTree): boolean => nodes.length < FORK_NODES_MAX;

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
  const entered = yield* enterMerged(work, group, log, heads);
  return yield* chooseSending(work, entered, log, frontierOf(log));
}

/** A secret is of no use any more once we are in every epoch that came after it. */
function* stillNeeded(
  work: Work,
  log: LogState,
  missing: readonly EntryHash[],
  frontier: readonly EntryHash[],
): Step<readonly EntryHash[]> {
  if (missing.length === 0) return missing;
  for (const head of frontier) {
    if (!(yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [head]))))) return missing;
  }
  const heads = new Set(frontier.map(toHex));
  return missing.filter((each) => heads.has(toHex(each)));
}

function inLogOrder(log: LogState, hashes: readonly EntryHash[]): readonly EntryHash[] {
  if (hashes.length < 2) return hashes;
  const wanted = new Set(hashes.map(toHex));
  return log.entries.filter((each) => wanted.has(toHex(each.hash))).map((each) => each.hash);
}

/** The new key follows from the one before; nobody has to be told. */
export const isDerived = (kind: LogEntry["action"]["kind"]): boolean =>
  kind === "add" || kind === "link" || kind === "role";

/** S({e}), from r or from the fork tree before e; `undefined` when we lack what it takes. */
function* singleSecret(work: Work, group: GroupState, log: LogState, entry: LogEntry): Step<EpochSecret | undefined> {
  const x = CoreHash.from(entry.coreHash);
  const secret = isDerived(entry.action.kind)
    ? yield* fromFork(work, group.group, entry)
    : yield* fromRandom(work, group.group, entry);
  if (!secret) return undefined;
  const saved = yield* readExisting(work, ENTRY, idOf(log.group, entry.hash));
  const expected = decodeEntry(saved.encoded)?.confirmation ?? new Uint8Array();
  return equalInConstantTime(confirmation(work.p, secret, x), expected) ? secret : undefined;
}

function* fromRandom(work: Work, group: GroupId, entry: LogEntry): Step<EpochSecret | undefined> {
  const id = idOf(group, entry.hash);
  const saved = yield* read(work, SECRET, id);
  if (!saved) return undefined;
  const secret = rootSecret(work.p, saved.secret, CoreHash.from(entry.coreHash));
  saved.secret.fill(0);
  write(work, SECRET, id, null);
  return secret;
}

function* fromFork(work: Work, group: GroupId, entry: LogEntry): Step<EpochSecret | undefined> {
  const phi = toHex(frontierHash(work.p, group, entry.keyParents));
  const fork = yield* read(work, FORK, phi);
  const derived =
    fork && hasRoom(fork.tree) ? derivedSecret(work.p, fork.tree, CoreHash.from(entry.coreHash)) : undefined;
  if (!derived || !fork) return undefined;
  write(work, FORK, phi, { ...fork, tree: derived.fork });
  return derived.secret;
}

/** Subsets of two and more heads, smaller ones first. */
function mergedSubsets(frontier: readonly EntryHash[]): readonly (readonly EntryHash[])[] {
  if (frontier.length < 2 || frontier.length > MERGED_HEADS_MAX) return [];
  if (frontier.length > MERGED_SUBSETS_MAX) return [frontier];
  const subsets: EntryHash[][] = [];
  for (let mask = 1; mask < 1 << frontier.length; mask++) {
    const subset = frontier.filter((_, i) => (mask >> i) & 1);
    if (subset.length > 1) subsets.push(subset);
  }
  return subsets.sort((a, b) => a.length - b.length);
}

function* enterMerged(work: Work, group: GroupState, log: LogState, heads: readonly EntryHash[]): Step<GroupState> {
  const phi = frontierHash(work.p, group.group, heads);
  if ((yield* read(work, FORK, toHex(phi))) || !isMergeable(log, heads)) return group;
  const contributions: HeadContribution[] = [];
  for (const head of heads) {
    const value = yield* contributionOf(work, group.group, head, heads);
    if (!value) return group;
    contributions.push({ head, contribution: value });
  }
  yield* tellNewcomers(work, log, heads, contributions);
  const secret = mergedSecret(work.p, contributions, phi);
  for (const each of contributions) each.contribution.fill(0);
  for (const head of heads) write(work, CONTRIBUTION, contributionId(work, group.group, head, heads), null);
  const number = 1 + Math.max(...heads.map((head) => find(log, head)?.number ?? 0));
  return yield* enter(work, group, log, { heads, secret, number });
}

/**
 * One head's own members are all still in: else two who were removed concurrently could put together what each of
 * them knows and the other lacks.
 */
function isMergeable(log: LogState, heads: readonly EntryHash[]): boolean {
  const inside = new Set(devicesIn(log, heads).map(({ device }) => toHex(device)));
  return heads.some((head) => devicesIn(log, [head]).every(({ device }) => inside.has(toHex(device))));
}

interface HeadContribution {
  readonly head: EntryHash;
  readonly contribution: Contribution;
}

/**
 * Those whom we added in one branch cannot derive the others: whoever added them sends what they lack. Only to those who
 * are in the merged epoch: with all contributions anybody could enter it.
 */
function* tellNewcomers(
  work: Work,
  log: LogState,
  heads: readonly EntryHash[],
  contributions: readonly HeadContribution[],
): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const pasts = new Map(heads.map((head) => [head, ancestors(log, [head])]));
  const inside = new Set(devicesIn(log, heads).map(({ device }) => toHex(device)));
  const adds = log.entries.filter((each) => isAdmitting(each) && equalBytes(each.author, account.device));
  for (const add of adds) {
    const lacking = contributions.filter(({ head }) => !pasts.get(head)?.has(toHex(add.hash)));
    if (lacking.length === 0) continue;
    const items = lacking.map(({ head, contribution: value }) => ({
      kind: "contribution" as const,
      group: log.group,
      head,
      frontier: heads,
      value,
    }));
    for (const each of newDevices(add)) if (inside.has(toHex(each.device))) yield* tell(work, each, items);
  }
}

const isAdmitting = ({ action }: LogEntry): boolean => action.kind === "add" || action.kind === "link";

/** Devices that an entry lets in. */
export function newDevices({
  action,
}: LogEntry): readonly { readonly account: AccountKey; readonly device: DeviceKey }[] {
  if (action.kind === "link") return [{ account: action.account, device: action.device }];
  if (action.kind !== "add") return [];
  return action.members.flatMap(({ account, devices }) => devices.map((device) => ({ account, device })));
}

/**
 * c(head, F): the one that was kept or given, or from the head's fork tree, which loses that point. It is kept
 * until the merge is complete, so that a newcomer can still be told.
 */
export function* contributionOf(
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
    contributions.push({ head, contribution: found.contribution });
  }
  return isMergeable(log, heads) ? epochKeys(work.p, mergedSecret(work.p, contributions, phi), phi).epochId : undefined;
}

/** Id of a saved contribution. */
export function contributionId(work: Work, group: GroupId, head: EntryHash, heads: readonly EntryHash[]): string {
  return idOf(group, frontierHash(work.p, group, heads), head);
}

interface Entering {
  readonly heads: readonly EntryHash[];
  readonly secret: EpochSecret;
  readonly number: number;
}

/** Saves all that follows from S(F), erases S(F), and reads the epoch's topic from now on. */
function* enter(work: Work, group: GroupState, log: LogState, { heads, secret, number }: Entering): Step<GroupState> {
  const phi = frontierHash(work.p, group.group, heads);
  const keys = epochKeys(work.p, secret, phi);
  secret.fill(0);
  const account = yield* readExisting(work, ACCOUNT);
  const devices = devicesIn(log, heads);
  const ownIndex = indexIn(devices, account.device);
  if (ownIndex < 0) return group;
  const { epochId: epoch, topic, topicSeed, headerKey, logKey } = keys;
  const id = toHex(epoch);
  write(work, EPOCH, id, {
    epoch,
    group: group.group,
    frontier: [...heads].sort(compareBytes),
    number,
    depth: yield* depthOfEntries(work, group.group, heads),
    topicSeed,
    topic,
    headerKey,
    logKey,
    ownIndex,
  });
  write(work, FORK, toHex(phi), { tree: keys.forkTree, createdAt: work.nowMs as TimeMs });
  const opened = openChain(work.p, keys.senderTree, { epochId: epoch, device: account.device, index: ownIndex });
  if (opened) write(work, OWN_CHAIN, id, { chain: ownChainOf(opened.chainKey) });
  write(work, SENDERS, id, { tree: opened?.tree ?? keys.senderTree });
  write(work, TOPIC, toHex(topic), { topic, seed: topicSeed, use: { kind: "epoch", group: group.group, epoch } });
  work.effects.push({ kind: "subscribe", topic, seed: topicSeed, inbox: false });
  const live = (yield* read(work, LIVE, toHex(group.group)))?.epochs ?? [];
  yield* saveRoster(work, { group: group.group, epoch }, devices, live.at(-1)?.epoch);
  const added = { epoch, topic, frontier: phi, number, supersededAt: undefined };
  write(work, LIVE, toHex(group.group), { epochs: [...live, added].slice(-LIVE_EPOCHS_MAX) });
  return { ...group, unclosed: [...group.unclosed, epoch].slice(-UNCLOSED_EPOCHS_MAX) };
}
