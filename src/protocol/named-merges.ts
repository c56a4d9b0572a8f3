/**
 * Epochs of merged heads that somebody sent in and others never passed through: where three branches meet, or more, each
 * device takes in their entries in an order of its own, and a head may be overruled before another device has seen it.
 * So after a merge one of those who were in it names its heads in the next epoch.
 *
 * 1. What is named is believed only if its heads give the epoch of that id; until then nothing is used up for it.
 * 2. An epoch that nothing was said in is not named, nor one that somebody has named by its own heads where we would.
 * 3. Whose author is out is named by those who have what it said there: it can say nothing more itself.
 * 4. A name is tried once all that it takes is here, an account can make up a bounded number of them and takes no other
 *    account's places, and no head is merged by name so often that nothing would be left of its fork tree.
 *
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { MessageContent, NamedMerge } from "../wire/group-message.ts";
import type { DeviceKey, EntryHash, EpochId, GroupId, TimeMs } from "../wire/ids.ts";
import { MERGED_HEADS_MAX, NAMED_MERGES_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { beginMerging, endMerging, enterMerged, type Merging, mergedEpochId } from "./epoch-merges.ts";
import { type GivingHeads, hasContributions } from "./giving-heads.ts";
import { accountsOf, type GroupView, memberOfDevice, ownerOfDevice } from "./group-view.ts";
import { ancestors, find } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { frontierOf } from "./membership-log.ts";
import { isMergeable } from "./mergeable-heads.ts";
import { recentMessages } from "./recent-messages.ts";
import type { SaidState } from "./records/conversation.ts";
import { EPOCH, type EpochState, SOUGHT, SOUGHT_MERGE, USED_MERGE } from "./records/epoch.ts";
import { GROUP, type GroupState, OUT } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { chooseSending } from "./sending-epoch.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms after which a device names a merge that it sent in, if nobody has, and a random part of as much again: all re-key before. */
const NAME_MS = 60_000;
/** Merges that are named in one group in SOUGHT_MS, and by one account: more than branches meet; who makes them up costs us half a second in all. */
const SOUGHT_MAX = 1_024;
const SOUGHT_PER_ACCOUNT_MAX = 64;
/** Those that each account can name however many there are: as many as one message does. */
const SOUGHT_OWN = NAMED_MERGES_MAX;
/** Heads whose contributions are derived in one step, 0.4 ms each: those of the largest merge. */
const DERIVED_MAX = MERGED_HEADS_MAX;
/** Ms for which a name is kept: as long as a superseded epoch is read. */
const SOUGHT_MS = 30 * 24 * 3600 * 1000;

const wakeLater = (work: Work): TimeMs => {
  const [dice = 0] = work.random(1);
  const atMs = Math.ceil(work.nowMs + NAME_MS * (1 + dice / 256)) as TimeMs;
  work.effects.push({ kind: "wake", atMs });
  return atMs;
};

/** Our first message in this epoch is sealed: should it be of several heads, they are named some time later. */
export function noteOwnUse(work: Work, { group, epoch, frontier }: EpochState): void {
  if (frontier.length > 1) write(work, USED_MERGE, idOf(group, epoch), { dueAt: wakeLater(work) });
}

/**
 * Somebody else said something in the epoch in which we send: we name its heads if we say something in another one first.
 * In any other one only what somebody said first counts, who is out: it may not have named them.
 */
export function* noteUse(work: Work, state: EpochState, by: { device: DeviceKey; isFirst: boolean }): Step<void> {
  const { group, epoch, frontier } = state;
  if (frontier.length < 2) return;
  if (by.isFirst && !memberOfDevice(resolve(yield* existingLog(work, toHex(group))).view, by.device))
    return yield* noteUseFor(work, [state]);
  if (yield* read(work, USED_MERGE, idOf(group, epoch))) return;
  const { sending } = yield* readExisting(work, GROUP, toHex(group));
  if (sending && equalBytes(sending, epoch)) write(work, USED_MERGE, idOf(group, epoch), { dueAt: undefined });
}

/** The same of what somebody said who is out: it may not have named them, so we do as if we had said it. */
export function* noteUseFor(work: Work, said: Iterable<Pick<SaidState, "epoch">>): Step<void> {
  for (const id of new Set([...said].map(({ epoch }) => toHex(epoch)))) {
    const epoch = yield* read(work, EPOCH, id);
    if (!epoch || epoch.frontier.length < 2) continue;
    const known = yield* read(work, USED_MERGE, idOf(epoch.group, epoch.epoch));
    if (known?.dueAt === undefined) noteOwnUse(work, epoch);
  }
}

/** An entry is here by which somebody may be out; `before`: accounts (hex) that were members, where it came beside others. */
export function* noteUseOfThoseOut(
  work: Work,
  log: LogState,
  hash: EntryHash,
  before?: ReadonlySet<string>,
): Step<void> {
  const entry = find(log, hash);
  const kind = entry?.action.kind;
  const { view } = resolve(log);
  const isOut = (account: string): boolean => !view.members.has(account);
  const named = entry && (kind === "remove" || kind === "leave") ? accountsOf(entry) : [];
  const out = new Set([...named, ...(before ?? [])].filter(isOut));
  const unlinked = entry?.action.kind === "unlink" ? entry.action.device : undefined;
  if (out.size === 0 && !unlinked) return; // most entries: what was said is looked through for no other one
  const recent = [...(yield* recentMessages(work, log.group)).values()].map(({ said }) => said);
  const isTheirs = ({ account, device }: SaidState): boolean =>
    out.has(toHex(account)) || (unlinked !== undefined && equalBytes(unlinked, device));
  yield* noteUseFor(
    work,
    recent.filter((said) => isTheirs(said) && !said.isHeld && !said.isVoid),
  );
}

/** What is to be said of merges before our next message in the epoch `sending`. */
export function* mergesToName(work: Work, group: GroupId, sending: EpochId): Step<readonly MessageContent[]> {
  const merges: NamedMerge[] = [];
  for (const [id] of yield* scan(work, USED_MERGE, `${toHex(group)}/`)) {
    const epoch = yield* read(work, EPOCH, id.split("/")[1] ?? "");
    if (epoch && equalBytes(epoch.epoch, sending)) continue;
    if (merges.length === NAMED_MERGES_MAX) break;
    write(work, USED_MERGE, id, null);
    if (epoch) merges.push({ epoch: epoch.epoch, heads: epoch.frontier });
  }
  return merges.length > 0 ? [{ kind: "merges", merges }] : [];
}

/** Groups in which merges that we sent in are to be named now. */
export function* groupsToNameIn(work: Work): Step<readonly GroupState[]> {
  const groups = new Map<string, GroupState>();
  for (const [id, { dueAt }] of yield* scan(work, USED_MERGE)) {
    const [groupId = "", epochId = ""] = id.split("/");
    if (dueAt === undefined || dueAt > work.nowMs) continue;
    const group = yield* readExisting(work, GROUP, groupId);
    if (yield* read(work, OUT, groupId)) write(work, USED_MERGE, id, null);
    else if (!group.sending || toHex(group.sending) === epochId)
      write(work, USED_MERGE, id, { dueAt: wakeLater(work) }); // there is no other epoch yet
    else groups.set(groupId, group);
  }
  return [...groups.values()];
}

/** Who names merges, and where. */
export interface Naming {
  readonly group: GroupId;
  /** The epoch in which it says so. */
  readonly saidIn: EpochId;
  readonly by: DeviceKey;
  /** It was removed, so not everybody takes in what it says. */
  readonly isHeld: boolean;
}

/**
 * A member names merges in which something was said. Of one epoch each device's word is looked at: some may be wrong. We need
 * not say it again if whoever reads what we write now has it.
 */
export function* hearMerges(work: Work, naming: Naming, merges: readonly NamedMerge[]): Step<void> {
  const { group, by } = naming;
  const others = yield* scan(work, SOUGHT_MERGE, `${toHex(group)}/`);
  const { view } = resolve(yield* existingLog(work, toHex(group)));
  const owner = ownerOf(view, by);
  const own = others.filter(([, each]) => ownerOf(view, each.by) === owner).length;
  let left = Math.max(SOUGHT_OWN, Math.min(SOUGHT_PER_ACCOUNT_MAX, own + SOUGHT_MAX - others.length)) - own;
  const { sending } = yield* readExisting(work, GROUP, toHex(group));
  const isHeard = sending !== undefined && equalBytes(naming.saidIn, sending) && !naming.isHeld;
  let isNew = false;
  for (const merge of merges) {
    const { epoch, heads } = merge;
    const known = yield* read(work, EPOCH, toHex(epoch));
    const isNamed = isHeard && known && !equalBytes(epoch, sending) && areSame(known.frontier, heads);
    if (isNamed) write(work, USED_MERGE, idOf(group, epoch), null);
    const id = idOf(group, epoch, by);
    if (known || !areSorted(heads) || others.some(([other]) => other === id) || left-- <= 0) continue;
    write(work, SOUGHT_MERGE, id, { heads, by, at: work.nowMs as TimeMs, state: SOUGHT.untried });
    isNew = true;
  }
  if (isNew) yield* enterNamed(work, toHex(group));
}

/** Whose places a device's names take: its account's, or its own if it belongs to nobody any more. */
const ownerOf = (view: GroupView, device: DeviceKey): string => ownerOfDevice(view, device) ?? toHex(device);

const areSame = (some: readonly EntryHash[], others: readonly EntryHash[]): boolean =>
  some.length === others.length && some.every((each, i) => equalBytes(each, others[i] ?? each));

const areSorted = (heads: readonly EntryHash[]): boolean =>
  heads.every((head, i) => i === 0 || compareBytes(heads[i - 1] ?? head, head) < 0);

function* enterNamed(work: Work, group: string): Step<void> {
  const log = yield* existingLog(work, group);
  const merging = beginMerging(yield* readExisting(work, GROUP, group), log);
  if (!(yield* enterSought(work, merging, [SOUGHT.untried]))) return;
  write(work, GROUP, group, yield* chooseSending(work, yield* endMerging(work, merging), log, frontierOf(log)));
}

/** Tries what was named and not tried yet. */
export function* enterUntried(work: Work): Step<void> {
  const groups = new Set<string>();
  for (const [id, { state }] of yield* scan(work, SOUGHT_MERGE))
    if (state === SOUGHT.untried) groups.add(id.split("/")[0] ?? "");
  for (const group of groups) yield* enterNamed(work, group);
}

const SOUGHT_NOW: readonly number[] = [SOUGHT.untried, SOUGHT.waiting];

/** Enters what was named, is in one of these states, and can be entered now; whether there was such. */
export function* enterSought(work: Work, merging: Merging, states = SOUGHT_NOW): Step<boolean> {
  const { log } = merging;
  let [isAny, left] = [false, DERIVED_MAX];
  const giving: GivingHeads = new Map();
  for (const [id, named] of yield* scan(work, SOUGHT_MERGE, `${toHex(log.group)}/`)) {
    const { heads, state } = named;
    if (!states.includes(state)) continue;
    const epoch = id.split("/")[1] ?? "";
    if (yield* read(work, EPOCH, epoch)) {
      write(work, SOUGHT_MERGE, id, null); // it is of no use any more
      continue;
    }
    const now = yield* stateOf(work, log, { heads, left, giving });
    if (now !== state) write(work, SOUGHT_MERGE, id, { ...named, state: now });
    if (now === SOUGHT.untried) work.effects.push({ kind: "wake", atMs: work.nowMs + 1 }); // too many for one step
    if (now !== SOUGHT.done) continue;
    left -= heads.length;
    if (!(yield* isOf(work, log, epoch, heads))) continue;
    yield* enterMerged(work, merging, heads);
    write(work, SOUGHT_MERGE, id, null);
    for (const head of heads) giving.delete(toHex(head)); // each has given something
    isAny = true;
  }
  return isAny;
}

interface Sought {
  readonly heads: readonly EntryHash[];
  /** Heads that this step still looks at. */
  readonly left: number;
  readonly giving: GivingHeads;
}

/** `done`: it is to be looked at now, once and for all. Cheap. */
function* stateOf(work: Work, log: LogState, { heads, left, giving }: Sought): Step<number> {
  if (!(yield* hasContributions(work, log, heads, giving))) return SOUGHT.waiting;
  return left < heads.length ? SOUGHT.untried : SOUGHT.done;
}

/** Whether these can be heads of the log at some time, and give that epoch. */
function* isOf(work: Work, log: LogState, epoch: string, heads: readonly EntryHash[]): Step<boolean> {
  if (!areApart(log, heads)) return false;
  const id = yield* mergedEpochId(work, log, heads);
  // last: in a large group it costs more than all the rest, and what is made up is known before
  return id !== undefined && toHex(id) === epoch && isMergeable(log, heads);
}

/** None of them is in another one's past. */
export function areApart(log: LogState, heads: readonly EntryHash[]): boolean {
  const before = ancestors(
    log,
    heads.flatMap((head) => find(log, head)?.parents ?? []),
  );
  return !heads.some((head) => before.has(toHex(head)));
}

/** At a start: merges that we name at some time, or are to try. */
export function* wakeForNames(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, USED_MERGE))
    if (dueAt !== undefined) work.effects.push({ kind: "wake", atMs: dueAt });
  for (const [, { state }] of yield* scan(work, SOUGHT_MERGE))
    if (state === SOUGHT.untried) work.effects.push({ kind: "wake", atMs: work.nowMs + 1 });
}

/** Erases names that came to nothing. */
export function* forgetSought(work: Work): Step<void> {
  for (const [id, { at }] of yield* scan(work, SOUGHT_MERGE))
    if (work.nowMs - at > SOUGHT_MS) write(work, SOUGHT_MERGE, id, null);
}
