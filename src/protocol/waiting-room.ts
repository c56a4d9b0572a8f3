/**
 * Entries whose parents are not here yet, and those that come late and often (late-entries.ts).
 *
 * 1. Only what its author signed waits, so nobody fills another's places.
 * 2. Each account has places of its own, a few of which nobody can take; devices that the log does not know share some, since
 *    their adds may be missing too.
 *
 * @see PROTOCOL.md § Membership log
 */
import { decodeEntry, decodeEntryCore, type EntryCore } from "../wire/entry.ts";
import type { EntryHash, GroupId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { putOffUntil } from "./late-entries.ts";
import { find } from "./log-graph.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import { entrySigningBytes } from "./membership-log.ts";
import { WAITING, WAITING_ENTRIES_MAX, WANTED } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { read, type Step, scan, write } from "./step.ts";

/** Of the places of one group, those of one account, and those of all unknown devices together. */
export const WAITING_PER_AUTHOR_MAX = 250;
/** Bytes of entries that wait in one group, and of those in the places of one account: all are looked through with each entry. */
const WAITING_MAX_BYTES = 2_097_152;
export const WAITING_PER_AUTHOR_MAX_BYTES = 524_288;
/** Entries of one account, and bytes of them, that may wait however many others do: without these, some together could shut others out. */
const WAITING_OWN = 8;
const WAITING_OWN_BYTES = 65_536;
/** Ms for which missing parents may still come by themselves, and a random part of as much again. */
const MISSING_MS = 10_000;

/** Keeps an entry (h(e) is `hash`) until it can be taken in, if it is genuine and there is a place for it. */
export function* wait(work: Work, log: LogState, hash: EntryHash, encoded: Uint8Array): Step<void> {
  const { group } = log;
  const entry = decodeEntry(encoded);
  const core = coreOf(encoded);
  if (!entry || !core) return;
  if (!work.p.verify(core.author, entrySigningBytes(hash), entry.signature))
    return announce(work, { kind: "warning", code: "forged", group });
  const others = yield* scan(work, WAITING, `${toHex(group)}/`);
  if (!hasPlace(log, others, { core, encoded })) announce(work, { kind: "warning", code: "waiting-room-full", group });
  else {
    write(work, WAITING, idOf(group, hash), { encoded });
    yield* noteMissing(work, group);
  }
}

type Waiting = readonly (readonly [string, { readonly encoded: Uint8Array }])[];

function hasPlace(
  log: LogState,
  others: Waiting,
  { core, encoded }: { readonly core: EntryCore; readonly encoded: Uint8Array },
): boolean {
  const place = placeOf(log, core);
  const same = others.filter(([, each]) => {
    const other = coreOf(each.encoded);
    return other && placeOf(log, other) === place;
  });
  const ownBytes = bytesOf(same) + encoded.length;
  const allBytes = bytesOf(others) + encoded.length;
  if (same.length >= WAITING_PER_AUTHOR_MAX || ownBytes > WAITING_PER_AUTHOR_MAX_BYTES) return false;
  if (same.length < WAITING_OWN && ownBytes <= WAITING_OWN_BYTES) return true;
  return others.length < WAITING_ENTRIES_MAX && allBytes <= WAITING_MAX_BYTES;
}

const bytesOf = (waiting: Waiting): number => waiting.reduce((sum, [, { encoded }]) => sum + encoded.length, 0);

/** Parents are missing: somebody is asked for them unless they come soon. */
function* noteMissing(work: Work, group: GroupId): Step<void> {
  if (yield* read(work, WANTED, toHex(group))) return;
  const [dice = 0] = work.random(1);
  const dueAt = Math.ceil(work.nowMs + MISSING_MS * (1 + dice / 256)) as TimeMs;
  work.effects.push({ kind: "wake", atMs: dueAt });
  write(work, WANTED, toHex(group), { dueAt, asked: 0 });
}

/** Whose places it takes: an account's, or those of unknown devices. */
function placeOf(log: LogState, { author }: EntryCore): string {
  const member = memberOfDevice(resolve(log).view, author);
  return member ? toHex(member.account) : "unknown";
}

function coreOf(encoded: Uint8Array): EntryCore | undefined {
  const core = decodeEntry(encoded)?.core;
  return core && decodeEntryCore(core);
}

/** Takes those out whose parents are all here by now, and which need not wait for their time. */
export function* released(work: Work, log: LogState): Step<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const [id, { encoded }] of yield* scan(work, WAITING, `${toHex(log.group)}/`)) {
    if (!(coreOf(encoded)?.parents ?? []).every((parent) => find(log, parent))) continue;
    if ((yield* putOffUntil(work, log, encoded)) !== undefined) continue;
    write(work, WAITING, id, null);
    found.push(encoded);
  }
  return found;
}
