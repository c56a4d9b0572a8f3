/**
 * Resolutions of the past of single entries, kept so that a longer set is resolved from there instead of from the
 * create entry.
 *
 * 1. A checkpoint serves a set only if everything in the set that it does not hold follows its entry: then nothing
 *    outside it is concurrent to what it settled.
 * 2. What a checkpoint holds is never grown; whoever goes on from it copies.
 */

import type { EntryHash } from "../wire/ids.ts";
import { copyOfView, type GrowingView } from "./group-view.ts";
import { graphOf, type LogGraph, pastMarks } from "./log-graph.ts";
import type { LogState } from "./log-state.ts";
import type { Places } from "./shared-map.ts";

/** What the past of one entry that counts amounts to, the entry included. */
export interface Checkpoint {
  /** Of its entry. */
  readonly place: number;
  /** 1 for each place up to it that it holds. */
  readonly holds: Uint8Array;
  /** With the ranks that entries state. */
  readonly view: GrowingView;
  readonly counting: Places;
  readonly keyHeads: readonly EntryHash[];
}

/** Entries between two checkpoints: one costs a copy of the view's buckets, about what 10 entries cost to apply. */
const CHECKPOINT_EVERY = 32;
/** The newest ones that are kept, and entries between older ones. */
const CHECKPOINTS_RECENT = 32;
const CHECKPOINT_EVERY_OLDER = 1_024;

const checkpoints = new WeakMap<LogState, readonly Checkpoint[]>();

/** Checkpoints of a log go over to the longer one. */
export function inheritCheckpoints(log: LogState, longer: LogState): void {
  const known = checkpoints.get(log);
  if (known) checkpoints.set(longer, known);
}

type Settled = Pick<Checkpoint, "view" | "counting" | "keyHeads">;

/** Offers the resolution of the past of the log's newest entry, that entry included. */
export function offerCheckpoint(log: LogState, settled: Settled): void {
  const place = log.entries.length - 1;
  const entry = log.entries[place];
  if (!entry || place % CHECKPOINT_EVERY !== 0) return;
  const holds = pastMarks(log, [entry.hash]);
  const { view, counting, keyHeads } = settled;
  const fresh = { place, holds, view: copyOfView(view), counting: counting.copy(), keyHeads };
  checkpoints.set(log, [...sparse(checkpoints.get(log) ?? []), fresh]);
}

/** A cut that was come to while a set was resolved: everything before it in that order is in its past. */
interface Cut {
  readonly from: Checkpoint | undefined;
  /** Places from that checkpoint on; those before `until` are settled, the cut's own is the last of them. */
  readonly order: readonly number[];
  readonly until: number;
  readonly view: GrowingView;
  readonly counting: Places;
}

/** Keeps what was settled at a cut that is a key entry and counts, unless one near it is kept. */
export function keepCheckpoint(log: LogState, place: number, { from, order, until, view, counting }: Cut): void {
  const known = checkpoints.get(log) ?? [];
  const entry = log.entries[place];
  const before = known.findLast((each) => each.place <= place)?.place ?? -1;
  if (!entry || place - before < CHECKPOINT_EVERY || known.some((each) => each.place > place)) return;
  const holds = new Uint8Array(place + 1); // parents come first, so all that it has in its past stands before it
  if (from) holds.set(from.holds);
  for (const each of order.slice(0, until)) holds[each] = 1;
  const fresh = { place, holds, view: copyOfView(view), counting: counting.copy(), keyHeads: [entry.hash] };
  checkpoints.set(log, [...sparse(known), fresh]);
}

/** The newest ones, and of the older the first of each CHECKPOINT_EVERY_OLDER places. */
function sparse(known: readonly Checkpoint[]): readonly Checkpoint[] {
  const part = (each: Checkpoint | undefined): number => Math.floor((each?.place ?? -1) / CHECKPOINT_EVERY_OLDER);
  const older = known.slice(0, -CHECKPOINTS_RECENT);
  return [...older.filter((each, i) => part(each) !== part(older[i - 1])), ...known.slice(-CHECKPOINTS_RECENT)];
}

/** Where the resolution of a set goes on, and the places of what follows, in the log's order. */
export interface Continuation {
  readonly from: Checkpoint;
  readonly rest: readonly number[];
}

/** The newest checkpoint from which the past of these places (themselves included) can be resolved. */
export function continuationOf(log: LogState, ends: readonly number[]): Continuation | undefined {
  const graph = graphOf(log);
  for (const from of (checkpoints.get(log) ?? []).toReversed()) {
    const rest = restAfter(graph, from, ends);
    if (rest) return { from, rest };
  }
  return undefined;
}

function restAfter(
  { parents }: LogGraph,
  { place, holds }: Checkpoint,
  ends: readonly number[],
): readonly number[] | undefined {
  const isIn = new Uint8Array(parents.length - place);
  for (const end of ends) {
    if (end >= place) isIn[end - place] = 1;
    else if (holds[end] !== 1) return undefined;
  }
  const rest: number[] = [];
  for (let each = parents.length - 1; each > place; each--) {
    if (isIn[each - place] !== 1) continue;
    rest.push(each);
    for (const parent of parents[each] ?? []) {
      if (parent >= place) isIn[parent - place] = 1;
      else if (holds[parent] !== 1) return undefined;
    }
  }
  if (isIn[0] !== 1) return undefined;
  rest.reverse();
  const isAfter = new Uint8Array(parents.length - place);
  isAfter[0] = 1;
  for (const each of rest) {
    if (!parents[each]?.some((parent) => parent >= place && isAfter[parent - place] === 1)) return undefined;
    isAfter[each - place] = 1;
  }
  return rest;
}
