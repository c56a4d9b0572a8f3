/**
 * Entries of a group's membership log: making ours, and all that follows from one that was accepted.
 *
 * 1. An entry of ours is judged as those of others are.
 * 2. What follows from an entry (members, epochs, our standing, which messages count) is saved in the commit that saves it.
 *
 * @see PROTOCOL.md § Membership log, § Group key schedule
 */
import {
  confirmation,
  coreHash,
  derivedSecret,
  type EpochSecret,
  entryHash,
  frontierHash,
  rootSecret,
} from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { type Action, type EntryCore, encodeEntry, encodeEntryCore } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { type EntryHash, GroupId, Signature, type TimeMs } from "../wire/ids.ts";
import { ENTRY_PARENTS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { headsForEntry } from "./cited-heads.ts";
import { announce, type Work } from "./effects.ts";
import { hasRoom } from "./epoch-merges.ts";
import { enterEpochs, isDerived } from "./epochs.ts";
import { depthForEntry, depthOfEntry } from "./group-lines.ts";
import { withSettingsOf } from "./group-relays.ts";
import { memberOfDevice } from "./group-view.ts";
import { followEveryInvite, followInvites } from "./invite-topics.ts";
import { noteLacking } from "./key-letters.ts";
import { noteLinks } from "./links-again.ts";
import { find, isInPast, sortedHashes } from "./log-graph.ts";
import { isRootAction, resolve, resolveAt } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { acceptEntry, citableHeads, entrySigningBytes, frontierOf, isConfirming } from "./membership-log.ts";
import { noteUseOfThoseOut } from "./named-merges.ts";
import { newestBefore, passOn, post } from "./passing-on.ts";
import { ACCOUNT } from "./records/account.ts";
import { EPOCH, type EpochState, FORK } from "./records/epoch.ts";
import { GROUP, type GroupState, MEMBER, MISSING_SECRETS_MAX, OUT } from "./records/group.ts";
import { ENTRY } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { judgeMessages } from "./removals.ts";
import { noteRestored } from "./restored-state.ts";
import { existingLog, saveLog } from "./saved-log.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import type { Before } from "./system-lines.ts";
import { nameWhenAdded } from "./told-names.ts";

/** A group that is only now coming into being, or the one we have. */
export type GroupAndLog = { readonly group: GroupState; readonly log: LogState | undefined };

/** How an entry of ours came to be. */
export interface Authored {
  readonly hash: EntryHash;
  readonly encoded: Uint8Array;
  readonly group: GroupState;
  readonly log: LogState;
  /** S({e}), for whoever is added by it; the caller erases it. Undefined for entries that change no key. */
  readonly secret: EpochSecret | undefined;
  /** r of a root entry, to be delivered; the caller erases it. */
  readonly random: Uint8Array | undefined;
}

/** Starts a group with an entry of our own; its hash is the group's id. */
export function* authorCreate(work: Work, action: Action & { readonly kind: "create" }): Step<Authored> {
  const account = yield* readExisting(work, ACCOUNT);
  const core: EntryCore = {
    version: 1,
    group: undefined,
    author: account.device,
    seq: 0,
    prev: undefined,
    parents: [],
    frontier: [],
    depth: 1,
    at: work.nowMs as TimeMs,
    action,
  };
  const random = work.random(32);
  const x = coreHash(work.p, encodeEntryCore(core));
  const signed = signEntry(work, account.deviceSeed, core, rootSecret(work.p, random, x));
  const group: GroupState = {
    group: GroupId.from(signed.hash),
    name: action.name,
    joinedAt: work.nowMs as TimeMs,
    members: 1,
    entrySeq: 0,
    entryPrev: undefined,
    relays: account.relays,
    sending: undefined,
    unclosed: [],
    missing: [],
    rekeyAt: undefined,
  };
  return yield* takeOwn(work, { group, log: undefined }, signed, random);
}

/** Adds an entry of ours to a group. `usage/not-allowed` when we may not, or lack the key that an addition follows from. */
export function* author(work: Work, group: GroupState, action: NewAction): Step<Authored> {
  const account = yield* readExisting(work, ACCOUNT);
  const log = yield* existingLog(work, toHex(group.group));
  const parents = parentsFor(log, group);
  const cited = yield* headsForEntry(work, group.group, action);
  const core: EntryCore = {
    version: 1,
    group: group.group,
    author: account.device,
    seq: group.entrySeq,
    prev: group.entryPrev,
    parents,
    frontier: cited.map((each) => each.id),
    depth: yield* depthForEntry(work, group.group, parents, cited),
    at: work.nowMs as TimeMs,
    action,
  };
  const x = coreHash(work.p, encodeEntryCore(core));
  const random = isRootAction(action.kind) ? work.random(32) : undefined;
  const secret = random ? rootSecret(work.p, random, x) : yield* derivedFor(work, log, core);
  return yield* takeOwn(work, { group, log }, signEntry(work, account.deviceSeed, core, secret), random);
}

type NewAction = Exclude<Action, { kind: "create" }>;

/** The newest entries, and our own last one where what it did does not count: the next one follows it all the same. */
function parentsFor(log: LogState, { entryPrev }: GroupState): readonly EntryHash[] {
  const heads = citableHeads(log, entryPrev);
  const own = entryPrev && find(log, entryPrev);
  if (!own || isInPast(log, heads, own)) return heads;
  return sortedHashes([...heads.slice(0, ENTRY_PARENTS_MAX - 1), own.hash]);
}

/** Whether we have the key from which that of an addition follows. */
export function* canDerive(work: Work, log: LogState): Step<boolean> {
  const fork = yield* read(work, FORK, toHex(frontierHash(work.p, log.group, frontierOf(log))));
  return fork !== undefined && hasRoom(fork.tree);
}

/** S({e}) of a derived entry of ours, from the fork tree of what it follows, which loses that point; undefined for other entries. */
function* derivedFor(work: Work, log: LogState, core: EntryCore): Step<EpochSecret | undefined> {
  if (!isDerived(core.action.kind)) return undefined;
  const x = coreHash(work.p, encodeEntryCore(core));
  const phi = toHex(frontierHash(work.p, log.group, resolveAt(log, core.parents).keyHeads));
  const fork = yield* read(work, FORK, phi);
  const derived = fork && hasRoom(fork.tree) ? derivedSecret(work.p, fork.tree, x) : undefined;
  if (fork && derived) {
    write(work, FORK, phi, { ...fork, tree: derived.fork });
    return derived.secret;
  }
  throw new Fault(
    "usage/not-allowed",
    "this device still waits for the group's newest key, so it cannot change the group yet",
    { next: "sync" },
  );
}

interface SignedEntry {
  readonly hash: EntryHash;
  readonly encoded: Uint8Array;
  readonly secret: EpochSecret | undefined;
}

function signEntry(work: Work, deviceSeed: Uint8Array, core: EntryCore, secret: EpochSecret | undefined): SignedEntry {
  const { p } = work;
  const encodedCore = encodeEntryCore(core);
  const confirmed = secret ? confirmation(p, secret, coreHash(p, encodedCore)) : new Uint8Array();
  const hash = entryHash(p, encodedCore, confirmed);
  const signature = Signature.from(p.sign(deviceSeed, entrySigningBytes(hash)));
  return { hash, encoded: encodeEntry({ core: encodedCore, confirmation: confirmed, signature }), secret };
}

function* takeOwn(
  work: Work,
  before: GroupAndLog,
  signed: SignedEntry,
  random: Uint8Array | undefined,
): Step<Authored> {
  const { group } = before;
  const verdict = acceptEntry(work.p, group.group, before.log, signed.encoded);
  if (verdict.kind !== "accepted")
    throw new Fault("usage/not-allowed", "the group's rules do not allow you to do this: ask an admin of the group");
  if (before.log) yield* post(work, yield* newestEpoch(work, group), signed.hash, signed.encoded);
  const counted = { ...group, entrySeq: group.entrySeq + 1, entryPrev: signed.hash };
  const given = signed.secret && { entry: signed.hash, secret: signed.secret.slice() as EpochSecret };
  const after = yield* absorb(work, counted, { ...verdict, encoded: signed.encoded }, given);
  return { ...after, hash: signed.hash, encoded: signed.encoded, secret: signed.secret, random };
}

/** The epoch that we send in; after somebody left the newest one: the leaver may read that the others renew the key. */
function* newestEpoch(work: Work, { group, sending }: GroupState): Step<EpochState | undefined> {
  if (sending) return yield* read(work, EPOCH, toHex(sending));
  return yield* newestBefore(work, toHex(group), Number.POSITIVE_INFINITY);
}

type Accepted = Extract<ReturnType<typeof acceptEntry>, { kind: "accepted" }>;
type Given = Parameters<typeof enterEpochs>[3];

/** Saves an accepted entry and does everything that follows from it. */
export function* absorb(
  work: Work,
  group: GroupState,
  accepted: Accepted & { readonly encoded: Uint8Array; readonly before?: Before | undefined },
  given: Given,
): Step<{ group: GroupState; log: LogState }> {
  const { log, hash, core, encoded } = accepted;
  const id = toHex(log.group);
  const depth = yield* depthOfEntry(work, log.group, core);
  write(work, ENTRY, idOf(log.group, hash), { encoded, depth });
  yield* saveLog(work, log);
  for (const member of newMembers(core)) {
    const name = yield* nameWhenAdded(work, log.group, member, depth);
    write(work, MEMBER, idOf(log.group, member.account), { name, role: member.role });
  }
  const waiting = isConfirming(core.action.kind) ? [...group.missing, hash].slice(-MISSING_SECRETS_MAX) : group.missing;
  const counted = yield* countOwn(work, { ...group, missing: waiting }, hash, core);
  const named = yield* withSettingsOf(work, counted, resolve(log).view.settings);
  const entered = yield* enterEpochs(work, named, log, given);
  write(work, GROUP, id, entered);
  const isLacked = isRootAction(core.action.kind) && entered.missing.some((each) => equalBytes(each, hash));
  if (isLacked) noteLacking(work, { group: log.group, entry: hash });
  yield* noteOwnStanding(work, log, core);
  yield* noteLinks(work, log, core);
  yield* judgeMessages(work, log);
  yield* noteUseOfThoseOut(work, log, hash, accepted.before?.members);
  if (core.action.kind === "invite") yield* followInvites(work, log, hash);
  if (core.action.kind === "role") yield* followEveryInvite(work, log);
  yield* passOn(work, log, hash, encoded);
  return { group: entered, log };
}

/** Whether we are in the group by what is known now; whose entry put us out is remembered. */
function* noteOwnStanding(work: Work, log: LogState, core: EntryCore): Step<void> {
  const { device } = yield* readExisting(work, ACCOUNT);
  const { view } = resolve(log);
  const id = toHex(log.group);
  const known = yield* read(work, OUT, id);
  if (memberOfDevice(view, device)) {
    if (known) write(work, OUT, id, null);
    return;
  }
  if (known) return;
  const by = log.entries.findLast((each) => equalBytes(each.author, core.author))?.account;
  if (!by) return;
  write(work, OUT, id, { by, at: work.nowMs as TimeMs });
  announce(work, { kind: "removed", group: log.group, by });
}

/** An entry of ours that this state did not write: it was restored, and goes on counting from there. */
function* countOwn(work: Work, group: GroupState, hash: EntryHash, core: EntryCore): Step<GroupState> {
  const { device } = yield* readExisting(work, ACCOUNT);
  if (!equalBytes(core.author, device) || core.seq < group.entrySeq) return group;
  yield* noteRestored(work, group.group);
  return { ...group, entrySeq: core.seq + 1, entryPrev: hash };
}

function newMembers(core: EntryCore) {
  if (core.action.kind === "create") return [core.action.founder];
  return core.action.kind === "add" ? core.action.members : [];
}
