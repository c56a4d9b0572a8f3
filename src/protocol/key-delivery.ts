/**
 * r of a root entry of ours to every device that stays, in its own session. A large group takes many steps.
 *
 * 1. r is in the profile until it is sealed to the last device, and is erased in that commit.
 * 2. Each step commits the sessions that it has moved on together with their letters, so no key is used twice.
 * 3. Whoever is out by all that we know gets no r, be it of an epoch that they were in.
 *
 * @see PROTOCOL.md § Re-keying
 */
import { equalBytes } from "../verify/transcript.ts";
import type { EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import type { Authored } from "./group-log.ts";
import { memberOfDevice } from "./group-view.ts";
import { beginKeyLetters, lackedKeys } from "./key-letters.ts";
import { find } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { type Addressee, tell, tellEach } from "./pairwise.ts";
import { DELIVERY } from "./records/key-delivery.ts";
import { ENTRY } from "./records/log.ts";
import { devicesIn } from "./roster.ts";
import { existingLog } from "./saved-log.ts";
import { readExisting, type Step, scan, write } from "./step.ts";

/** Devices that r is sealed to in one step: each costs a key agreement at most, and its session read and written. */
export const DELIVERED_AT_ONCE = 32;
/** Deliveries that go on at a time, of all groups; the oldest make room, and who gets nothing re-keys. */
const DELIVERIES_MAX = 64;

/** Delivers r of an entry of ours: at once where few devices get it, else by `continue`, since writing the entry took its time. */
export function* deliver(work: Work, { group, log, hash, random }: Authored): Step<void> {
  if (!random) return;
  yield* makeRoom(work);
  const id = `${toHex(group.group)}/${toHex(hash)}`;
  beginKeyLetters(work, { group: group.group, entry: hash });
  write(work, DELIVERY, id, { random, next: 0, number: find(log, hash)?.number ?? 0 });
  if (recipients(log, hash).length > DELIVERED_AT_ONCE) work.effects.push({ kind: "continue" });
  else yield* deliverSome(work, id);
}

function* makeRoom(work: Work): Step<void> {
  const all = yield* scan(work, DELIVERY, "", DELIVERIES_MAX + 1);
  if (all.length < DELIVERIES_MAX) return;
  const oldest = all.toSorted(([, one], [, other]) => one.number - other.number)[0];
  if (oldest) write(work, DELIVERY, oldest[0], null);
}

/** One step of the delivery of the newest entry that is not delivered yet; whether there was one. */
export function* goOnDelivering(work: Work): Step<boolean> {
  const all = yield* scan(work, DELIVERY, "", DELIVERIES_MAX);
  const newest = all.toSorted(([, one], [, other]) => other.number - one.number)[0];
  if (!newest) return false;
  yield* deliverSome(work, newest[0]);
  return true;
}

/** Seals r to the next devices. */
function* deliverSome(work: Work, id: string): Step<void> {
  const { random, next, number } = yield* readExisting(work, DELIVERY, id);
  const [groupId = "", entryId = ""] = id.split("/");
  const log = yield* existingLog(work, groupId);
  const entry = log.entries.findLast(({ hash }) => toHex(hash) === entryId);
  if (!entry) return;
  const signed = (yield* readExisting(work, ENTRY, id)).encoded;
  const item = { kind: "secret" as const, group: log.group, entry: entry.hash, secret: random, signed };
  const { view } = resolve(log);
  const devices = recipients(log, entry.hash);
  const some = devices.slice(next, next + DELIVERED_AT_ONCE).filter(({ device }) => memberOfDevice(view, device));
  yield* tellEach(work, some, [item]);
  const isMore = next + DELIVERED_AT_ONCE < devices.length;
  write(work, DELIVERY, id, isMore ? { random, next: next + DELIVERED_AT_ONCE, number } : null);
  random.fill(0);
}

let last: { readonly log: LogState; readonly entry: EntryHash; readonly devices: readonly Addressee[] } | undefined;

/** Devices of an entry's epoch; of the log and entry of the last time they are remembered, since a delivery has many steps. */
function recipients(log: LogState, entry: EntryHash): readonly Addressee[] {
  if (last?.log !== log || !equalBytes(last.entry, entry)) last = { log, entry, devices: devicesIn(log, [entry]) };
  return last.devices;
}

/** Tells the authors of entries whose r did not come that we lack it. */
export function* askForKeys(work: Work): Step<void> {
  for (const { group, entry, ...author } of yield* lackedKeys(work))
    yield* tell(work, author, [{ kind: "lacking", group, entry }]);
}
