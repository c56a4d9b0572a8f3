/**
 * From the membership log to secrets: which epochs this device can enter, and which one it sends in.
 *
 * 1. A secret that does not confirm its entry is a missing secret; it never makes the entry invalid.
 *
 * @see PROTOCOL.md § Group key schedule
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import {
  CoreHash,
  confirmation,
  derivedSecret,
  type EpochSecret,
  frontierHash,
  rootSecret,
} from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry } from "../wire/entry.ts";
import type { EntryHash, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { enter } from "./entered-epoch.ts";
import {
  beginMerging,
  endMerging,
  enterMerged,
  enterPairs,
  hasRoom,
  mergedSubsets,
  mergeFrontier,
  writtenOn,
} from "./epoch-merges.ts";
import { find } from "./log-graph.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { frontierOf } from "./membership-log.ts";
import { enterSought } from "./named-merges.ts";
import { FORK } from "./records/epoch.ts";
import type { GroupState } from "./records/group.ts";
import { SECRET } from "./records/key-delivery.ts";
import { ENTRY } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { chooseSending } from "./sending-epoch.ts";
import { read, readExisting, type Step, write } from "./step.ts";

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
  const merging = beginMerging(state, log);
  const stillMissing: EntryHash[] = [];
  const fresh: EntryHash[] = [];
  for (const hash of inLogOrder(log, state.missing)) {
    const entry = find(log, hash);
    if (!entry || entry.action.kind === "leave") continue; // its author would know a secret
    // its author was in the epoch of these heads, whether or not we ever saw just them
    for (const heads of mergedSubsets(entry.keyParents).slice(-1)) yield* enterMerged(work, merging, heads);
    const secret =
      given && equalBytes(given.entry, hash) ? given.secret : yield* singleSecret(work, merging.group, log, entry);
    if (secret) merging.group = yield* enter(work, merging.group, log, { heads: [hash], secret, number: entry.number });
    if (secret) fresh.push(hash);
    else stillMissing.push(hash);
  }
  const frontier = frontierOf(log);
  merging.group = { ...merging.group, missing: yield* stillNeeded(work, log, stillMissing, frontier) };
  for (const hash of fresh) yield* enterPairs(work, merging, hash);
  for (const heads of writtenOn(log, fresh)) yield* enterMerged(work, merging, heads);
  yield* mergeFrontier(work, merging, frontier);
  yield* enterSought(work, merging);
  return yield* chooseSending(work, yield* endMerging(work, merging), log, frontier);
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
