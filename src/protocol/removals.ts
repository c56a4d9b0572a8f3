/**
 * What removals mean for messages. Someone who was removed can still write in the epochs before it, at any time. Such
 * a message counts only if somebody had seen it in time: the removal's own message frontier contains it, or a
 * message that counts, by somebody whom it does not concern and who did not know of it, does.
 *
 * 1. Which messages count depends on the log and on the messages that are here, never on their order of arrival.
 * 2. A group in which nobody was removed lately costs one look into the profile for each message.
 * 3. What is held for later is bounded.
 *
 * @see PROTOCOL.md § History, Messages that do not count
 */
import { frontierHash } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, EntryHash, EpochId, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { graphOf } from "./log-graph.ts";
import { type Resolution, resolve } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { noteUseFor } from "./named-merges.ts";
import { type Recent, recentMessages } from "./recent-messages.ts";
import { ACCOUNT } from "./records/account.ts";
import {
  JUDGED_EPOCHS_MAX,
  REMOVALS,
  REMOVALS_MAX,
  type RemovalsState,
  type SaidState,
} from "./records/conversation.ts";
import { EPOCH, LIVE } from "./records/epoch.ts";
import { ENTRY } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { restate } from "./withdrawn-lines.ts";

/** Messages of removed people that one group holds for the case that somebody had seen them; further ones are dropped. */
export const HELD_MAX = 256;

type Removal = RemovalsState["removals"][number];

/** Whom a message is from, and in which epoch it was sealed. */
export interface Origin {
  readonly account: AccountKey;
  readonly device: DeviceKey;
  readonly epoch: EpochId;
}

/**
 * What the removals that we know say of a message before it is judged: nothing (`free`), that it may show what its author
 * had seen (`witness`), that it counts only if somebody had seen it (`held`), or the same with no room left (`full`).
 */
export type Standing = "free" | "witness" | "held" | "full";

/** See {@link Standing}. */
export function* standingOf(work: Work, group: GroupId, origin: Origin): Step<Standing> {
  const known = yield* read(work, REMOVALS, toHex(group));
  if (!known || known.removals.length === 0) return "free";
  const { epochs } = yield* withEpoch(work, group, known, origin.epoch);
  const lacks = lackedBy(epochs, origin.epoch);
  if (lacks.length === 0) return "free";
  if (!lacks.some((place) => concerns(known.removals[place], origin))) return "witness";
  return known.held < HELD_MAX ? "held" : "full";
}

/** A message of that standing is here: a held one may have been seen, a witness may have seen some that are held. */
export function* weigh(work: Work, group: GroupId, standing: Standing): Step<void> {
  if (standing === "free") return;
  const known = yield* readExisting(work, REMOVALS, toHex(group));
  if (standing === "held" || known.held > 0) yield* settle(work, group, known);
}

/** The log has changed: if with it the removals that count, all recent messages are judged by them. */
export function* judgeMessages(work: Work, log: LogState): Step<void> {
  const resolution = resolve(log);
  const { view } = resolution;
  const known = yield* read(work, REMOVALS, toHex(log.group));
  if (!known && view.removed.size === 0 && view.unlinked.size === 0) return;
  const { device } = yield* readExisting(work, ACCOUNT);
  if (!memberOfDevice(view, device)) return; // what we said stays before us: the others have no news for us
  const entries = removalsIn(log, resolution);
  const digest = frontierHash(
    work.p,
    log.group,
    entries.map(({ hash }) => hash),
  );
  if (known && equalBytes(known.digest, digest)) return;
  const judged = { digest, ...(yield* removalsAndEpochs(work, log, entries)), held: known?.held ?? 0 };
  write(work, REMOVALS, toHex(log.group), judged);
  yield* settle(work, log.group, judged);
}

function removalsIn(log: LogState, { counting }: Resolution): readonly LogEntry[] {
  const isRemoval = ({ action }: LogEntry): boolean => action.kind === "remove" || action.kind === "unlink";
  return log.entries.filter((each, place) => isRemoval(each) && counting.has(place)).slice(-REMOVALS_MAX);
}

function* removalOf(work: Work, group: GroupId, { hash, action, account }: LogEntry): Step<Removal> {
  const saved = yield* readExisting(work, ENTRY, idOf(group, hash));
  const encodedCore = decodeEntry(saved.encoded)?.core;
  const frontier = (encodedCore && decodeEntryCore(encodedCore))?.frontier ?? [];
  return {
    entry: hash,
    accounts: action.kind === "remove" ? action.accounts : [account],
    device: action.kind === "unlink" ? action.device : undefined,
    frontier,
  };
}

/** Removals that all epochs know concern no message any more; the newest are kept for epochs that we enter later. */
const NEWEST_REMOVALS = 8;

/** The removals that some epoch which is still read does not know, and which each of those epochs lacks. */
function* removalsAndEpochs(work: Work, log: LogState, entries: readonly LogEntry[]) {
  const live = (yield* read(work, LIVE, toHex(log.group)))?.epochs ?? [];
  const frontiers = new Map<EpochId, readonly EntryHash[]>();
  for (const { epoch } of live.slice(-JUDGED_EPOCHS_MAX)) {
    const frontier = (yield* read(work, EPOCH, toHex(epoch)))?.frontier;
    if (frontier) frontiers.set(epoch, frontier);
  }
  const hashes = entries.map(({ hash }) => hash);
  const lacking = new Set([...frontiers.values()].flatMap(lacksIn(log, hashes)));
  const kept = entries.filter((_, i) => lacking.has(i) || i >= entries.length - NEWEST_REMOVALS);
  const keptHashes = kept.map(({ hash }) => hash);
  const removals: Removal[] = [];
  for (const entry of kept) removals.push(yield* removalOf(work, log.group, entry));
  const lacksOf = lacksIn(log, keptHashes);
  const epochs = [...frontiers].map(([epoch, frontier]) => ({ epoch, lacks: lacksOf(frontier) }));
  return { removals, epochs };
}

/** Which of these removals (by their order) a frontier does not know. The log is gone through once for all frontiers. */
function lacksIn(log: LogState, removals: readonly EntryHash[]): (frontier: readonly EntryHash[]) => readonly number[] {
  const { places, parents } = graphOf(log);
  const placeOf = (hash: EntryHash): number => places.get(toHex(hash)) ?? -1;
  const first = Math.min(log.entries.length, ...removals.map(placeOf));
  const words = (removals.length + 31) >> 5;
  const rows = new Uint32Array(words * (log.entries.length - first)); // a bit for each removal that an entry knows
  const word = (place: number, at: number): number => (place < first ? 0 : (rows[(place - first) * words + at] ?? 0));
  const own = new Map(removals.map((hash, i) => [placeOf(hash), i]));
  for (let place = first; place < log.entries.length; place++) {
    const i = own.get(place);
    for (let at = 0; at < words; at++) {
      let known = i !== undefined && i >> 5 === at ? 1 << (i & 31) : 0;
      for (const parent of parents[place] ?? []) known |= word(parent, at);
      rows[(place - first) * words + at] = known;
    }
  }
  const knows = (head: EntryHash, i: number): boolean => ((word(placeOf(head), i >> 5) >>> (i & 31)) & 1) === 1;
  return (frontier) => removals.flatMap((_, i) => (frontier.some((head) => knows(head, i)) ? [] : [i]));
}

const lackedBy = (epochs: RemovalsState["epochs"], epoch: EpochId): readonly number[] =>
  epochs.find((each) => equalBytes(each.epoch, epoch))?.lacks ?? [];

/** An epoch that was entered after the removals were looked at is looked at once. */
function* withEpoch(work: Work, group: GroupId, state: RemovalsState, epoch: EpochId): Step<RemovalsState> {
  if (state.epochs.some((each) => equalBytes(each.epoch, epoch))) return state;
  const frontier = (yield* readExisting(work, EPOCH, toHex(epoch))).frontier;
  const entries = state.removals.map(({ entry }) => entry);
  const lacks = lacksIn(yield* existingLog(work, toHex(group)), entries)(frontier);
  const grown = { ...state, epochs: [...state.epochs, { epoch, lacks }].slice(-JUDGED_EPOCHS_MAX) };
  write(work, REMOVALS, toHex(group), grown);
  return grown;
}

/** The removal is about this author. */
function concerns(removal: Removal | undefined, { account, device }: Pick<Origin, "account" | "device">): boolean {
  if (!removal?.accounts.some((each) => equalBytes(each, account))) return false;
  return removal.device === undefined || equalBytes(removal.device, device);
}

/** Judges all recent messages and brings the lines to that. */
function* settle(work: Work, group: GroupId, state: RemovalsState): Step<void> {
  const recent = yield* recentMessages(work, group);
  const counting = countingAmong(recent, state);
  const changes: Recent[] = [];
  const withdrawn = new Map<string, SaidState>();
  let held = 0;
  for (const each of recent.values()) {
    const { said } = each;
    const isHeld = !counting.has(toHex(said.id));
    if (isHeld) held++;
    if (isHeld === said.isHeld) continue;
    if (isHeld && !said.isVoid) withdrawn.set(toHex(said.device), said);
    changes.push({ ...each, said: { ...said, isHeld } });
  }
  for (const { device, account } of withdrawn.values())
    announce(work, { kind: "warning", code: "withdrawn", group, device, account });
  const counted = changes.filter(({ said }) => !said.isHeld && !said.isVoid);
  yield* noteUseFor(
    work,
    counted.map(({ said }) => said),
  );
  yield* restate(work, group, recent, changes);
  write(work, REMOVALS, toHex(group), { ...state, held });
}

/** Removals that a message needs a witness against, by place. */
function against(said: SaidState, { removals, epochs }: RemovalsState): readonly number[] {
  return lackedBy(epochs, said.epoch).filter((place) => concerns(removals[place], said));
}

/**
 * Ids (hex) of the messages that count. Those that no removal concerns do; the others are found by going from what
 * counts to what it cites, until nothing new is found: a message that counts can be the witness of another one.
 */
function countingAmong(recent: ReadonlyMap<string, Recent>, state: RemovalsState): ReadonlySet<string> {
  const counting = new Set<string>();
  const doubtful = new Map<string, readonly number[]>();
  for (const [id, { said }] of recent) {
    const removals = against(said, state);
    if (removals.length === 0) counting.add(id);
    else doubtful.set(id, removals);
  }
  const kinds = new Map([...doubtful.values()].map((removals) => [removals.join(), removals]));
  for (let before = -1; before !== counting.size; ) {
    before = counting.size;
    for (const [kind, removals] of kinds) {
      const seen = seenInTime(recent, state, removals, counting);
      for (const [id, own] of doubtful) if (own.join() === kind && seen.has(id)) counting.add(id);
    }
  }
  return counting;
}

/** What the removals' authors, and witnesses who knew of none of them, had seen. */
function seenInTime(
  recent: ReadonlyMap<string, Recent>,
  { removals, epochs }: RemovalsState,
  against: readonly number[],
  counting: ReadonlySet<string>,
): ReadonlySet<string> {
  const open = against.flatMap((place) => removals[place]?.frontier.map(toHex) ?? []);
  for (const [id, { said }] of recent) {
    if (!counting.has(id) || said.isVoid) continue;
    const lacks = lackedBy(epochs, said.epoch);
    const isWitness = against.every((place) => lacks.includes(place) && !concerns(removals[place], said));
    if (isWitness) open.push(...said.cites.map(toHex));
  }
  const seen = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const found = recent.get(id);
    if (seen.has(id)) continue;
    seen.add(id);
    if (found && !found.said.isVoid) open.push(...found.said.cites.map(toHex));
  }
  return seen;
}

/** Judges again because the graph has changed otherwise: a fork's two messages show nothing any more. */
export function* judgeAgain(work: Work, group: GroupId): Step<void> {
  const known = yield* read(work, REMOVALS, toHex(group));
  if (known && known.removals.length > 0) yield* settle(work, group, known);
}
