/**
 * Taking in a whole log: that of a group that we are welcomed to, or the branch of another admin who added us as well.
 * A long one takes many steps.
 *
 * 1. Nothing of a new group is visible before its whole log holds together, its entry admits us and our secret confirms it.
 * 2. How far a log is judged is remembered outside the profile: it follows from the log's bytes alone, so a program that
 *    was stopped judges it again. How much of a judged log is saved, or of a branch taken in, stands in the profile.
 *
 * @see PROTOCOL.md § Welcomes
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { confirmation, coreHash, type EpochSecret } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, type EntryCore, ROLE } from "../wire/entry.ts";
import type { DeviceKey, EntryHash, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { enterEpochs } from "./epochs.ts";
import { placeOf } from "./group-lines.ts";
import { wanting } from "./group-standing.ts";
import { memberOfDevice } from "./group-view.ts";
import { followEveryInvite } from "./invite-topics.ts";
import { endGrowing, find, graphOf, pastOf } from "./log-graph.ts";
import { growingLog, isKeyAction, resolve, resolveAt } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { acceptEntry, hashOfEntry } from "./membership-log.ts";
import { type EntryWay, receiveEntry } from "./received-entries.ts";
import { ACCOUNT } from "./records/account.ts";
import { GROUP, type GroupState, MEMBER, MISSING_SECRETS_MAX } from "./records/group.ts";
import { ADOPTING } from "./records/joining.ts";
import { ENTRY } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { judgeMessages } from "./removals.ts";
import { beginLog, existingLog, saveLog } from "./saved-log.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** Entries judged in one step: each costs a signature check and what the rules look at, about 0.1 ms. */
export const JUDGED_AT_ONCE = 64;
/** Entries of a judged log that are saved in one step. */
export const SAVED_AT_ONCE = 256;
/** Entries of a log that are looked for among those that we have in one step: a hash each. */
const COMPARED_AT_ONCE = 512;
/** New entries of another branch that are taken in in one step: each is judged, saved and passed on as a live one. */
const TAKEN_AT_ONCE = 8;
/** Logs of which it is remembered how far they are judged: of one profile one at a time. */
const JUDGINGS_MAX = 16;

/** A log that lies here whole, and what was sent with it. */
export interface Offered {
  readonly group: GroupId;
  /** H("welcome-log", ..) of the whole: names these entries. */
  readonly digest: Uint8Array;
  readonly entry: EntryHash;
  readonly secret: EpochSecret;
  readonly from: DeviceKey;
}

/** A log of which some is judged. */
export interface Judging {
  readonly name: string;
  readonly entries: readonly Uint8Array[];
  readonly log: LogState | undefined;
  /** Entries judged. */
  readonly judged: number;
  /** Where each of those stands in the conversation. */
  readonly depths: readonly number[];
}

let judgings: readonly Judging[] = [];

const nameOf = ({ group, digest }: Offered): string => `${toHex(group)}/${toHex(digest)}`;

/** How far this log is judged, if that is remembered. */
export function judgingOf(offered: Offered): Judging | undefined {
  return judgings.find(({ name }) => name === nameOf(offered));
}

/** Begins with these entries. */
export const beginJudging = (offered: Offered, entries: readonly Uint8Array[]): Judging =>
  remember({ name: nameOf(offered), entries, log: undefined, judged: 0, depths: [] });

function remember(judging: Judging): Judging {
  judgings = [judging, ...judgings.filter(({ name }) => name !== judging.name)].slice(0, JUDGINGS_MAX);
  return judging;
}

/** The log is dealt with. */
export function endJudging(offered: Offered): void {
  judgings = judgings.filter(({ name }) => name !== nameOf(offered));
}

/**
 * Before any work is done for it: the log has the entry, which is by the sender, signed, and confirmed by the secret.
 * Looked for from the end, where the entry that adds us usually is.
 */
export function isGenuineOffer(work: Work, entries: readonly Uint8Array[], offered: Offered): boolean {
  const encoded = entries.findLast((each) => isEntry(work, each, offered.entry));
  return encoded !== undefined && isConfirmed(work, encoded, offered.secret);
}

function isEntry(work: Work, encoded: Uint8Array, entry: EntryHash): boolean {
  const hash = hashOfEntry(work.p, encoded);
  return hash !== undefined && equalBytes(hash, entry);
}

/** What became of a step of adopting. */
export type Adoption = "more" | "refused" | { readonly entered: GroupState };

/** One step of taking in the log of a group that we are welcomed to. `blank` is the group before it. */
export function* adoptLog(work: Work, blank: GroupState, offered: Offered, judging: Judging): Step<Adoption> {
  const { entries } = judging;
  if (judging.judged < entries.length) return judgeSome(work, offered, judging) ? "more" : "refused";
  const { log } = judging;
  const { device } = yield* readExisting(work, ACCOUNT);
  if (!log || !isAdmission(log, offered, device)) return "refused";
  const done = (yield* read(work, ADOPTING, toHex(blank.group)))?.done ?? 0;
  if (done < entries.length) {
    yield* saveSome(work, log, judging, done);
    return "more";
  }
  if (done === entries.length) {
    saveNames(work, log);
    return "more";
  }
  return { entered: yield* enterAdopted(work, blank, log, offered) };
}

/** Whether all entries of this step are allowed. */
function judgeSome(work: Work, { group }: Offered, judging: Judging): boolean {
  let log = judging.log && growingLog(judging.log);
  const depths = [...judging.depths];
  for (const encoded of judging.entries.slice(judging.judged, judging.judged + JUDGED_AT_ONCE)) {
    const verdict = acceptEntry(work.p, group, log, encoded);
    if (verdict.kind !== "accepted") return false;
    if (!log) resolve(verdict.log); // from here it grows with the log
    log = verdict.log;
    depths.push(depthAmong(log, depths, verdict.core));
  }
  if (log) endGrowing(log);
  remember({ ...judging, log, judged: depths.length, depths });
  return true;
}

/** Where an entry stands whose parents stand at these depths, by place. */
function depthAmong(log: LogState, depths: readonly number[], core: EntryCore): number {
  const { places } = graphOf(log);
  return placeOf(core.depth, Math.max(0, ...core.parents.map((each) => depths[places.get(toHex(each)) ?? -1] ?? 0)));
}

/** Entries and log are saved before the group is: nobody looks for them without it. */
function* saveSome(work: Work, log: LogState, { entries, depths }: Judging, from: number): Step<void> {
  if (from === 0) beginLog(work, log.group); // a welcome that came to nothing may have left something
  const until = Math.min(entries.length, from + SAVED_AT_ONCE);
  for (let place = from; place < until; place++) {
    const [encoded, entry, depth] = [entries[place], log.entries[place], depths[place]];
    if (encoded && entry && depth !== undefined) write(work, ENTRY, idOf(log.group, entry.hash), { encoded, depth });
  }
  yield* saveLog(work, log, until);
  write(work, ADOPTING, toHex(log.group), { done: until });
}

/** Nobody looks for names without the group, either. */
function saveNames(work: Work, log: LogState): void {
  write(work, ADOPTING, toHex(log.group), { done: log.entries.length + 1 });
  for (const { action } of log.entries) {
    const members = action.kind === "create" || action.kind === "add" ? action.members : [];
    for (const { account, name, role } of members) write(work, MEMBER, idOf(log.group, account), { name, role });
  }
}

function* enterAdopted(work: Work, blank: GroupState, log: LogState, offered: Offered): Step<GroupState> {
  const id = toHex(log.group);
  write(work, ADOPTING, id, null);
  yield* saveLog(work, log); // an earlier version that was stopped here has saved it otherwise
  yield* followEveryInvite(work, log);
  const missing = keyHashes(log, offered.entry).slice(-MISSING_SECRETS_MAX);
  const entered = yield* enterEpochs(work, { ...blank, missing }, log, offered);
  write(work, GROUP, id, entered);
  yield* judgeMessages(work, log);
  return entered;
}

/** The entry is by the device that wrote to us, and it makes us a member. */
function isAdmission(log: LogState, { from, entry }: Offered, device: DeviceKey): boolean {
  const found = find(log, entry);
  if ((found?.action.kind !== "add" && found?.action.kind !== "link") || !equalBytes(found.author, from)) return false;
  return memberOfDevice(resolveAt(log, [entry]).view, device) !== undefined;
}

/** Only what is not older than our own admission: earlier epochs are not ours to enter. */
function keyHashes(log: LogState, entry: EntryHash): readonly EntryHash[] {
  const past = new Set(pastOf(log, [entry]));
  const later = log.entries.filter(({ action }, place) => isKeyAction(action.kind) && !past.has(place));
  return [entry, ...later.map((each) => each.hash)];
}

/**
 * One step of a second welcome to a group that we are in: another admin has added us as well, and gives us its branch,
 * entry by entry as if they came live.
 */
export function* adoptBranch(work: Work, offered: Offered, judging: Judging): Step<Adoption> {
  const id = toHex(offered.group);
  const done = (yield* read(work, ADOPTING, id))?.done ?? 0;
  if (done < judging.entries.length) {
    yield* takeSome(work, offered, judging.entries, done);
    return "more";
  }
  write(work, ADOPTING, id, null);
  const { device } = yield* readExisting(work, ACCOUNT);
  const log = yield* existingLog(work, id);
  if (!isAdmission(log, offered, device)) return "refused";
  const now = yield* readExisting(work, GROUP, id);
  const missing = keyHashes(log, offered.entry).slice(0, MISSING_SECRETS_MAX);
  const entered = yield* enterEpochs(work, yield* wanting(work, log, now, missing), log, offered);
  write(work, GROUP, id, entered);
  return { entered };
}

function* takeSome(work: Work, offered: Offered, entries: readonly Uint8Array[], from: number): Step<void> {
  const { group } = offered;
  const log = yield* existingLog(work, toHex(group));
  const way = yield* wayOf(work, log, offered.from);
  let [done, taken] = [from, 0];
  for (const encoded of entries.slice(from, from + COMPARED_AT_ONCE)) {
    if (taken === TAKEN_AT_ONCE) break;
    done++;
    const hash = hashOfEntry(work.p, encoded);
    if (hash && find(log, hash)) continue;
    // parents come first in a whole log: what would have to wait comes from somebody who makes it up
    yield* receiveEntry(work, group, encoded, way);
    taken++;
  }
  write(work, ADOPTING, toHex(group), { done });
}

/** An admin, or a device of ours, could make more work otherwise. */
function* wayOf(work: Work, log: LogState, from: DeviceKey): Step<EntryWay> {
  const member = memberOfDevice(resolve(log).view, from);
  const { account } = yield* readExisting(work, ACCOUNT);
  const isTrusted = member && (member.role > ROLE.member || equalBytes(member.account, account));
  return isTrusted ? "branch" : "letter";
}

/** The secret is the one that the signed entry confirms, so nobody can lead us into a group of their own making. */
function isConfirmed(work: Work, encoded: Uint8Array, secret: EpochSecret): boolean {
  const entry = decodeEntry(encoded);
  if (!entry) return false;
  return equalInConstantTime(confirmation(work.p, secret, coreHash(work.p, entry.core)), entry.confirmation);
}
