/**
 * What a set of log entries amounts to: which of them count, who is a member, where the log ends.
 *
 * 1. The answer depends on the set of entries alone.
 * 2. Entries that everything later follows (*cuts*) settle what came before them: only stretches between two cuts
 *    hold entries that are concurrent to one another.
 *
 * @see PROTOCOL.md § Membership log
 */
import { compareBytes } from "../verify/transcript.ts";
import type { EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { applyEntry, copyOfView, emptyView, type GroupView, type GrowingView } from "./group-view.ts";
import {
  type Checkpoint,
  continuationOf,
  inheritCheckpoints,
  keepCheckpoint,
  offerCheckpoint,
} from "./log-checkpoints.ts";
import { decide } from "./log-conflicts.ts";
import { beginGrowing, graphOf, pastOf, sortedHashes, spanOf, withMore } from "./log-graph.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { factsOf } from "./log-stretch.ts";
import { withOneOwner } from "./one-owner.ts";
import { Places } from "./shared-map.ts";
import { applyStretch } from "./stretch-view.ts";

/** Entries by one plain member between two of admins that count: honest devices need a handful. */
const MEMBER_ENTRIES_MAX = 64;

/** What a set of entries amounts to. */
export interface Resolution {
  readonly view: GroupView;
  /** Places of the entries that count. */
  readonly counting: Pick<Places, "has" | "copy" | typeof Symbol.iterator>;
  /** Entries that count and that no other such entry follows, sorted. */
  readonly heads: readonly EntryHash[];
  /** The same among those that change the key: the frontier. */
  readonly keyHeads: readonly EntryHash[];
}

interface Growing {
  readonly view: GrowingView;
  readonly counting: Places;
  heads: readonly EntryHash[];
  keyHeads: readonly EntryHash[];
}

/** Resolutions of one log, by the heads of the set (hex, sorted). */
const resolutions = new WeakMap<LogState, Map<string, Growing>>();
/** Sets of one log whose resolution is kept: its end, and the ends of some branches. */
const RESOLUTIONS_MAX = 8;
/** Stands for all entries of a log. */
const WHOLE = "";

/** Actions that change the group's key. */
export function isKeyAction(kind: LogEntry["action"]["kind"]): boolean {
  return kind !== "invite" && kind !== "revokeInvite" && kind !== "settings";
}

/** The new key comes from a fresh random secret. */
export const isRootAction = (kind: LogEntry["action"]["kind"]): boolean =>
  kind === "create" || kind === "remove" || kind === "unlink" || kind === "rekey";

/** The whole log. */
export function resolve(log: LogState): Resolution {
  return ruled(
    remembered(log, WHOLE, () =>
      resolveEnds(
        log,
        log.entries.map((_, place) => place),
      ),
    ),
  );
}

/** The past of these heads, themselves included. */
export function resolveAt(log: LogState, heads: readonly EntryHash[]): Resolution {
  const make = (): Growing => {
    const whole = resolutions.get(log)?.get(WHOLE);
    const isWhole = whole && pastOf(log, heads).length === log.entries.length;
    return isWhole ? whole : resolveEnds(log, placesOf(log, heads));
  };
  return ruled(remembered(log, nameOf(heads), make));
}

function placesOf(log: LogState, heads: readonly EntryHash[]): readonly number[] {
  const { places } = graphOf(log);
  return heads.map((head) => places.get(toHex(head))).filter((place) => place !== undefined);
}

/** With one owner. What is kept has the ranks that entries state, to which later ones are added. */
function ruled(found: Growing): Resolution {
  const view = withOneOwner<GroupView>(found.view);
  return view === found.view ? found : { ...found, view };
}

const nameOf = (heads: readonly EntryHash[]): string =>
  heads.length < 2 ? heads.map(toHex).join() : sortedHashes(heads).map(toHex).join();

function remembered(log: LogState, name: string, make: () => Growing): Growing {
  let known = resolutions.get(log);
  if (!known) {
    known = new Map();
    resolutions.set(log, known);
  }
  const found = known.get(name) ?? make();
  known.delete(name);
  known.set(name, found);
  for (const oldest of known.keys()) if (known.size > RESOLUTIONS_MAX) known.delete(oldest);
  return found;
}

/**
 * The log with one more entry that its own past allows. Where that past holds all that counts, nothing that was
 * decided changes and the entry counts; so a log that grows at its end costs nothing to judge again.
 */
export function extended(log: LogState, entry: LogEntry): LogState {
  const whole = resolutions.get(log)?.get(WHOLE);
  const ends = new Set(entry.parents.map(toHex));
  const isAtEnd = whole?.heads.every((head) => ends.has(toHex(head))) ?? false;
  const branches = resolutions.get(log);
  const longer = withMore(log, [entry]);
  inheritCheckpoints(log, longer);
  resolutions.delete(log);
  const kept = new Map(branches);
  const past = nameOf(entry.parents);
  const branch = kept.get(past);
  for (const [name, each] of branches ?? []) if (each === whole) kept.delete(name); // it grows, or is out of date
  resolutions.set(longer, kept);
  if (isSurplus(longer, entry)) return longer;
  if (whole && isAtEnd) kept.set(WHOLE, grown(whole, entry, longer.entries.length - 1));
  if (!branch || branch === whole) return longer;
  kept.delete(past);
  kept.set(nameOf([entry.hash]), grown(branch, entry, longer.entries.length - 1));
  offerCheckpoint(longer, branch);
  return longer;
}

/**
 * The same log, to be made longer entry by entry without a copy for each: of those that it becomes only the last one is
 * looked at, after {@link endGrowing}, and the log itself no more.
 */
export function growingLog(log: LogState): LogState {
  const own = beginGrowing(log);
  inheritCheckpoints(log, own);
  const known = resolutions.get(log);
  resolutions.delete(log);
  if (known) resolutions.set(own, known);
  return own;
}

/** The log with more entries that were judged before: it is resolved from where the shorter one was. */
export function withEntries(log: LogState, entries: readonly LogEntry[]): LogState {
  const longer = withMore(log, entries);
  inheritCheckpoints(log, longer);
  resolve(longer);
  return longer;
}

function grown(before: Growing, entry: LogEntry, place: number): Growing {
  applyEntry(before.view, entry);
  before.counting.add(place);
  before.heads = [entry.hash];
  if (isKeyAction(entry.action.kind)) before.keyHeads = [entry.hash];
  return before;
}

function isSurplus(log: LogState, entry: LogEntry): boolean {
  const places = graphOf(log).spans.get(spanOf(entry)) ?? [];
  return places.length > MEMBER_ENTRIES_MAX && surplusOf(log, places).has(entry);
}

/** Entries of plain members that are too many. */
function surplusOf(log: LogState, places: readonly number[], from?: Checkpoint): ReadonlySet<LogEntry> {
  const spans = new Map<string, Set<LogEntry>>();
  for (const place of places) {
    const entry = entryAt(log, place);
    const span = spanOf(entry);
    if (span !== "") spans.set(span, (spans.get(span) ?? new Set()).add(entry));
  }
  const surplus = new Set<LogEntry>();
  for (const [span, entries] of spans) {
    // those that stand before it have a lower generation: they decide which of the others are too many
    for (const place of from ? (graphOf(log).spans.get(span) ?? []) : [])
      if (from?.holds[place] === 1) entries.add(entryAt(log, place));
    for (const entry of [...entries].sort(inOrder).slice(MEMBER_ENTRIES_MAX)) surplus.add(entry);
  }
  return surplus;
}

const inOrder = (one: LogEntry, other: LogEntry): number =>
  one.generation - other.generation || compareBytes(one.hash, other.hash);

/** The past of the entries at these places, themselves included. */
function resolveEnds(log: LogState, ends: readonly number[]): Growing {
  const known = continuationOf(log, ends);
  if (!known)
    return resolvePlaces(
      log,
      pastOf(
        log,
        ends.map((place) => entryAt(log, place).hash),
      ),
    );
  return resolvePlaces(log, [known.from.place, ...known.rest], known.from);
}

const entryAt = (log: LogState, place: number): LogEntry => log.entries[place] as LogEntry;

/** Entries at these places; with a checkpoint the first one is its entry, and everything before it is settled. */
function resolvePlaces(log: LogState, places: readonly number[], from?: Checkpoint): Growing {
  const graph = graphOf(log);
  const surplus = surplusOf(log, places, from);
  const order = places.toSorted((a, b) => inOrder(entryAt(log, a), entryAt(log, b)));
  const indexOf = new Map(order.map((place, index) => [place, index]));
  const parents = order.map((place) =>
    (graph.parents[place] ?? []).map((parent) => indexOf.get(parent)).filter((index) => index !== undefined),
  );
  const view = from ? copyOfView(from.view) : emptyView();
  const counting = from?.counting.copy() ?? new Places();
  let start = from ? 1 : 0;
  for (const end of stretchEnds(parents)) {
    if (end < start) continue;
    const entries = order.slice(start, end + 1).map((place) => entryAt(log, place));
    const inside = parents
      .slice(start, end + 1)
      .map((each) => each.filter((index) => index >= start).map((index) => index - start));
    const [only] = entries;
    const facts = entries.length > 1 ? factsOf({ before: view, entries, parents: inside, surplus }) : undefined;
    const decisions = facts ? decide(facts) : [only !== undefined && !surplus.has(only)];
    if (facts) applyStretch(view, facts, decisions);
    else if (only && decisions[0]) applyEntry(view, only);
    for (const [i, does] of decisions.entries()) if (does) counting.add(order[start + i] ?? -1);
    start = end + 1;
    if (only && !facts && decisions[0] && isKeyAction(only.action.kind))
      keepCheckpoint(log, order[end] ?? 0, { from, order, until: start, view, counting });
  }
  const ends = endsOf(log, places, counting);
  // everything else follows the checkpoint's entry, and so all that it holds
  return {
    view,
    counting,
    heads: ends.heads,
    keyHeads: ends.keyHeads.length > 0 ? ends.keyHeads : (from?.keyHeads ?? []),
  };
}

/** Last indices of stretches: all later entries have all of the stretch in their past. */
function stretchEnds(parents: readonly (readonly number[])[]): readonly number[] {
  const earliestParentAfter: number[] = new Array(parents.length).fill(Number.POSITIVE_INFINITY);
  for (let i = parents.length - 2; i >= 0; i--)
    earliestParentAfter[i] = Math.min(earliestParentAfter[i + 1] ?? 0, ...(parents[i + 1] ?? []));
  const hasChild = new Uint8Array(parents.length);
  const ends: number[] = [];
  let childless = 0;
  for (const [i, each] of parents.entries()) {
    childless++;
    for (const parent of each) {
      if (hasChild[parent] === 0) childless--;
      hasChild[parent] = 1;
    }
    // one that has all earlier ones in its past, and is in that of all later ones, is a stretch of its own
    const isCut = childless === 1 && (earliestParentAfter[i] ?? 0) >= i;
    if (isCut && i > 0 && ends.at(-1) !== i - 1) ends.push(i - 1);
    if (isCut || i === parents.length - 1) ends.push(i);
  }
  return ends;
}

function endsOf(log: LogState, places: readonly number[], counting: Pick<Places, "has">) {
  const { parents } = graphOf(log);
  const heads: EntryHash[] = [];
  const keyHeads: EntryHash[] = [];
  const isFollowed = new Uint8Array(log.entries.length);
  const isKeyFollowed = new Uint8Array(log.entries.length);
  for (const place of places.toReversed()) {
    const entry = log.entries[place];
    if (!entry) continue;
    const isKey = counting.has(place) && isKeyAction(entry.action.kind);
    if (counting.has(place) && isFollowed[place] === 0) heads.push(entry.hash);
    if (isKey && isKeyFollowed[place] === 0) keyHeads.push(entry.hash);
    for (const parent of parents[place] ?? []) {
      if (counting.has(place) || isFollowed[place] === 1) isFollowed[parent] = 1;
      if (isKey || isKeyFollowed[place] === 1) isKeyFollowed[parent] = 1;
    }
  }
  return { heads: sortedHashes(heads), keyHeads: sortedHashes(keyHeads) };
}
