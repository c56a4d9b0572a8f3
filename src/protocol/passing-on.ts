/**
 * Whoever entered the group in one branch does not read the topics of the others: each entry is posted to the
 * concurrent heads' topics, and a new head's topic gets what its branch lacks. All members make the same bytes,
 * so holders keep one copy.
 *
 * 1. What a new head lacks is posted in a later step, and only if it is a head then. When branches meet, their entries
 *    come in a row: only the first head is seen to at once, the next PASSING_PAUSE_MS later, and whoever reads the
 *    topic of one between follows to that.
 * 2. So that they can, what was written on such a head and on others is posted to its topic: its author may have posted
 *    it in the merged epoch, or in that of another head. Whoever reads it asks for what else led to it. A root entry
 *    comes to them with r.
 *
 * @see PROTOCOL.md § Membership log
 */
import { sealEntry } from "../crypto/entry-box.ts";
import { frontierHash, LogKey } from "../crypto/epoch-secrets.ts";
import { deriveKey } from "../crypto/kdf.ts";
import { equalBytes } from "../verify/transcript.ts";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { EntryHash, Nonce, type TimeMs } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { find, graphOf, isInPast, pastOf } from "./log-graph.ts";
import { isRootAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { frontierOf } from "./membership-log.ts";
import { enqueue } from "./outbox.ts";
import { EPOCH, type EpochState, LIVE, type LiveEpoch } from "./records/epoch.ts";
import { ENTRY, PASSING } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { signEnvelope } from "./topic-envelope.ts";

/** Entries posted in one step: each is sealed and signed. */
const PASSED_AT_ONCE = 64;
/** Ms between heads of one group that are seen to: as long as it takes to read a branch, topic by topic. */
const PASSING_PAUSE_MS = 2_000;

/** An entry is new here: posts it to the concurrent heads' topics; if it is a head, notes that its branch lacks ours. */
export function* passOn(work: Work, log: LogState, hash: EntryHash, encoded: Uint8Array): Step<void> {
  for (const head of frontierOf(log)) {
    if (equalBytes(head, hash)) yield* notePassing(work, log, hash);
    else if (!isBefore(log, head, hash)) yield* post(work, yield* epochOf(work, log, [head]), hash, encoded);
  }
}

function isBefore(log: LogState, head: EntryHash, hash: EntryHash): boolean {
  const entry = find(log, head);
  return entry !== undefined && isInPast(log, [hash], entry);
}

/** What this head's past lacks is to be posted to its topic. */
export function* notePassing(work: Work, log: LogState, head: EntryHash): Step<void> {
  if (pastOf(log, [head]).length === log.entries.length) return;
  const others = yield* scan(work, PASSING, `${toHex(log.group)}/`, 1);
  const dueAt = (work.nowMs + (others.length > 0 ? PASSING_PAUSE_MS : 0)) as TimeMs;
  write(work, PASSING, idOf(log.group, head), { next: 0, dueAt });
  wake(work, dueAt);
}

function wake(work: Work, atMs: number): void {
  work.effects.push(atMs > work.nowMs ? { kind: "wake", atMs } : { kind: "continue" });
}

/** Posts some of what a head's past lacks; whether there was such a head. */
export function* goOnPassing(work: Work): Step<boolean> {
  const first = (yield* scan(work, PASSING)).find(([, { dueAt }]) => dueAt <= work.nowMs);
  if (!first) return false;
  const [id, { next }] = first;
  const [group = "", entry = ""] = id.split("/");
  const log = yield* existingLog(work, group);
  const head = EntryHash.from(fromHex(entry) ?? new Uint8Array());
  const epoch = yield* epochOf(work, log, [head]);
  const isHead = frontierOf(log).some((each) => equalBytes(each, head));
  if (epoch && !isHead) yield* passMerging(work, log, head, epoch);
  const isOver = !epoch || !isHead || next >= log.entries.length;
  write(work, PASSING, id, isOver ? null : yield* passSome(work, log, { head, epoch, next }));
  return true;
}

/** Posts what was written on this former head and on others to its topic; what was written on it alone comes there. */
function* passMerging(work: Work, log: LogState, head: EntryHash, epoch: EpochState): Step<void> {
  const later = log.entries.slice((graphOf(log).places.get(toHex(head)) ?? 0) + 1);
  const isMerging = ({ keyParents, action }: LogEntry): boolean =>
    keyParents.length > 1 && !isRootAction(action.kind) && keyParents.some((each) => equalBytes(each, head));
  for (const { hash } of later.filter(isMerging).slice(0, PASSED_AT_ONCE)) {
    const { encoded } = yield* readExisting(work, ENTRY, idOf(log.group, hash));
    yield* post(work, epoch, hash, encoded);
  }
}

type PassingState = { readonly next: number; readonly dueAt: TimeMs };

interface Passing {
  readonly head: EntryHash;
  readonly epoch: EpochState;
  /** Place in the log from where it is not done. */
  readonly next: number;
}

function* passSome(work: Work, log: LogState, { head, epoch, next }: Passing): Step<PassingState> {
  const past = new Set(pastOf(log, [head]));
  let posted = 0;
  for (let place = next; place < log.entries.length; place++) {
    const entry = log.entries[place];
    if (!entry || past.has(place)) continue;
    if (posted++ === PASSED_AT_ONCE) return { next: place, dueAt: work.nowMs as TimeMs };
    const { encoded } = yield* readExisting(work, ENTRY, idOf(log.group, entry.hash));
    yield* post(work, epoch, entry.hash, encoded);
  }
  const dueAt = (work.nowMs + PASSING_PAUSE_MS) as TimeMs; // until then others wait
  wake(work, dueAt);
  return { next: log.entries.length, dueAt };
}

/** The epoch of these heads, if we are in it. */
export function* epochOf(work: Work, log: LogState, heads: readonly EntryHash[]): Step<EpochState | undefined> {
  const phi = frontierHash(work.p, log.group, heads);
  const live = (yield* read(work, LIVE, toHex(log.group)))?.epochs ?? [];
  const found = live.find((each) => equalBytes(each.frontier, phi));
  return found && (yield* read(work, EPOCH, toHex(found.epoch)));
}

/** Of the epochs (group in hex) with a lower number the newest that we are in. */
export function* newestBefore(work: Work, group: string, number: number): Step<EpochState | undefined> {
  const live = (yield* read(work, LIVE, group))?.epochs ?? [];
  let newest: LiveEpoch | undefined;
  for (const each of live) if (each.number < number && each.number >= (newest?.number ?? 0)) newest = each;
  return newest && (yield* read(work, EPOCH, toHex(newest.epoch)));
}

/** Puts an entry into an epoch's topic. The nonce follows from the entry: everybody's copy is the same envelope. */
export function* post(work: Work, epoch: EpochState | undefined, hash: EntryHash, encoded: Uint8Array): Step<void> {
  if (!epoch) return;
  const nonce = Nonce.from(deriveKey(work.p, "entry-nonce", epoch.logKey, hash).slice(0, 24));
  const body = sealEntry(work.p, { logKey: LogKey.from(epoch.logKey), epochId: epoch.epoch }, nonce, encoded);
  yield* enqueue(work, epoch.topic, signEnvelope(work.p, epoch, ENVELOPE_KIND.entry, body));
}
