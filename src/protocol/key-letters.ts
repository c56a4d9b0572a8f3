/**
 * The sealed letters with r of our newest root entry, kept until their devices have answered: what is lost on the way is
 * posted again as it was. r itself is not kept for that; nobody but its device can open a letter.
 *
 * 1. Only the author of an entry posts its letters again, and never anything but the same bytes.
 * 2. A device that waits in vain says so to the author, once; what helps it when nothing comes is to re-key.
 *
 * @see PROTOCOL.md § Re-keying
 */
import { equalBytes } from "../verify/transcript.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId, TimeMs, Topic } from "../wire/ids.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { find } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import { enqueue } from "./outbox.ts";
import { GROUP, OUT } from "./records/group.ts";
import { KEY_LETTER, LACKING, RESENDING } from "./records/key-delivery.ts";
import { RENEWAL } from "./records/pairwise.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, type Step, scan, write } from "./step.ts";

/** Ms after which a letter is posted again for the first time, and a random part of as much again; then twice as long each time. */
const RESEND_MS = 3_600_000;
/** Times that it is posted again in all: over ten days or more. Then it is erased, and whoever comes back re-keys. */
const RESENDS_MAX = 8;
/** Letters posted again in one step. */
const RESENT_AT_ONCE = 32;
/** Ms for which a device waits for r before it says so: half of what it waits before it re-keys, and a random part of 10 s. */
const LACKING_MS = 30_000;
const LACKING_JITTER_MS = 10_000;

/** An item about the key of one entry. */
type About = { readonly group: GroupId; readonly entry: EntryHash };

/** r of an entry of ours is being delivered: letters of the one before are not posted again any more. */
export function beginKeyLetters(work: Work, { group, entry }: About): void {
  const dueAt = laterBy(work, RESEND_MS, RESEND_MS);
  write(work, RESENDING, toHex(group), { entry, dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
}

function laterBy(work: Work, leastMs: number, jitterMs: number): TimeMs {
  const [dice = 0] = work.random(1);
  return (work.nowMs + leastMs + Math.floor((dice / 256) * jitterMs)) as TimeMs;
}

/** A letter to that device was sealed; it is kept if it brings r of our newest root entry. */
export function* keepKeyLetter(
  work: Work,
  to: DeviceKey,
  items: readonly PayloadItem[],
  letter: { readonly topic: Topic; readonly envelope: Uint8Array },
): Step<void> {
  for (const item of items) {
    if (item.kind !== "secret") continue;
    const resending = yield* read(work, RESENDING, toHex(item.group));
    if (!resending || !equalBytes(resending.entry, item.entry)) continue;
    const dueAt = Math.max(resending.dueAt, work.nowMs + RESEND_MS) as TimeMs;
    write(work, KEY_LETTER, idOf(item.group, item.entry, to), { ...letter, resent: 0, dueAt });
  }
}

/** A device has answered. */
export function keyArrived(work: Work, from: DeviceKey, { group, entry }: About): void {
  write(work, KEY_LETTER, idOf(group, entry, from), null);
}

/**
 * A device says that it lacks r: it gets its letter again, if we wrote it and have it still. Should it lie in a session that
 * the device has lost, the next letters to it are in a new one.
 */
export function* resendKey(work: Work, from: DeviceKey, { group, entry }: About): Step<void> {
  const id = idOf(group, entry, from);
  const letter = yield* read(work, KEY_LETTER, id);
  if (!letter || letter.resent >= RESENDS_MAX) return;
  write(work, RENEWAL, toHex(from), { at: work.nowMs as TimeMs });
  yield* enqueue(work, letter.topic, letter.envelope);
  write(work, KEY_LETTER, id, { ...letter, resent: letter.resent + 1 });
}

/** Posts again what was not answered for long enough. */
export function* resendDue(work: Work): Step<void> {
  for (const [group, { entry, dueAt }] of yield* scan(work, RESENDING)) {
    if (dueAt > work.nowMs) continue;
    const next = yield* resendGroup(work, group, toHex(entry));
    write(work, RESENDING, group, next === undefined ? null : { entry, dueAt: next });
    if (next !== undefined) work.effects.push({ kind: "wake", atMs: next });
  }
}

/** When the next one is due, if there is one. Letters of earlier entries are erased. */
function* resendGroup(work: Work, group: string, entry: string): Step<TimeMs | undefined> {
  const due: TimeMs[] = [];
  let resent = 0;
  for (const [id, letter] of yield* scan(work, KEY_LETTER, `${group}/`)) {
    const isOver = letter.resent >= RESENDS_MAX && letter.dueAt <= work.nowMs;
    if (isOver || id.split("/")[1] !== entry) {
      write(work, KEY_LETTER, id, null);
    } else if (letter.dueAt <= work.nowMs && resent < RESENT_AT_ONCE) {
      resent++;
      yield* enqueue(work, letter.topic, letter.envelope);
      const dueAt = laterBy(work, RESEND_MS * 2 ** (letter.resent + 1), RESEND_MS);
      write(work, KEY_LETTER, id, { ...letter, resent: letter.resent + 1, dueAt });
      due.push(dueAt);
    } else due.push(Math.max(letter.dueAt, work.nowMs) as TimeMs);
  }
  return due.toSorted((one, other) => one - other)[0];
}

/** The key of a root entry is not here yet. */
export function noteLacking(work: Work, { group, entry }: About): void {
  const dueAt = laterBy(work, LACKING_MS, LACKING_JITTER_MS);
  write(work, LACKING, idOf(group, entry), { dueAt });
  work.effects.push({ kind: "wake", atMs: dueAt });
}

/** A root entry whose r we still wait for, and its author. */
export interface LackedKey extends About {
  readonly account: AccountKey;
  readonly device: DeviceKey;
}

/** Those whose time has come; each is named once. */
export function* lackedKeys(work: Work): Step<readonly LackedKey[]> {
  const found: LackedKey[] = [];
  for (const [id, { dueAt }] of yield* scan(work, LACKING)) {
    if (dueAt > work.nowMs) continue;
    write(work, LACKING, id, null);
    const lacked = yield* stillLacked(work, id);
    if (lacked) found.push(lacked);
  }
  return found;
}

function* stillLacked(work: Work, id: string): Step<LackedKey | undefined> {
  const [groupId = "", entryId = ""] = id.split("/");
  const group = yield* read(work, GROUP, groupId);
  const hash = group?.missing.find((each) => toHex(each) === entryId);
  if (!group || !hash || (yield* read(work, OUT, groupId))) return undefined;
  const log = yield* existingLog(work, groupId);
  const author = find(log, hash);
  if (!author || !memberOfDevice(resolve(log).view, author.author)) return undefined;
  return { group: group.group, entry: hash, account: author.account, device: author.author };
}

/** What is due at some time, asked for again at a start. */
export function* wakeForKeys(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, RESENDING)) work.effects.push({ kind: "wake", atMs: dueAt });
  for (const [, { dueAt }] of yield* scan(work, LACKING)) work.effects.push({ kind: "wake", atMs: dueAt });
}
