/**
 * The membership log as a graph: who is whose parent. It judges nothing.
 *
 * 1. `log.entries` is in an order in which parents come first; a *place* is an index into it.
 * 2. Logs are immutable: what is derived from one is kept with it.
 *
 * @see PROTOCOL.md § Membership log
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { LogEntry, LogState } from "./log-state.ts";

/** Places of parents, and places by hash (hex). */
export interface LogGraph {
  readonly places: ReadonlyMap<string, number>;
  readonly parents: readonly (readonly number[])[];
  /** Places of plain members' entries, by {@link spanOf}. */
  readonly spans: ReadonlyMap<string, readonly number[]>;
}

interface GrowingGraph {
  readonly places: Map<string, number>;
  readonly parents: (readonly number[])[];
  readonly spans: Map<string, number[]>;
}

const graphs = new WeakMap<LogState, GrowingGraph>();

/** The graph of a log. */
export function graphOf(log: LogState): LogGraph {
  let graph = graphs.get(log);
  if (!graph) {
    graph = { places: new Map(), parents: [], spans: new Map() };
    for (const entry of log.entries) grow(graph, entry);
    graphs.set(log, graph);
  }
  return graph;
}

function grow({ places, parents, spans }: GrowingGraph, entry: LogEntry): void {
  const place = parents.length;
  parents.push(entry.parents.map((parent) => places.get(toHex(parent)) ?? -1));
  places.set(toHex(entry.hash), place);
  const span = spanOf(entry);
  if (span === "") return;
  const known = spans.get(span);
  if (known) known.push(place);
  else spans.set(span, [place]);
}

/** What a plain member writes between two entries of admins: its account and the first of those, "" for what is not counted. */
export function spanOf({ account, rank, adminBefore, action }: LogEntry): string {
  const isFree = action.kind === "link" || action.kind === "unlink" || action.kind === "leave";
  return rank > 0 || isFree || !adminBefore ? "" : `${toHex(account)}/${toHex(adminBefore)}`;
}

/** Entries of logs that nobody but {@link withMore} has yet, which may grow where they are. */
const growing = new WeakSet<readonly LogEntry[]>();

/** See growingLog in log-resolution.ts. */
export function beginGrowing(log: LogState): LogState {
  const longer = withMore(log, []);
  growing.add(longer.entries);
  return longer;
}

/** From here on the log is as any other: each longer one is a copy. */
export const endGrowing = ({ entries }: LogState): void => void growing.delete(entries);

/** The log with more entries. What was derived from the old one goes over to the new one, so it costs no copy. */
export function withMore(log: LogState, entries: readonly LogEntry[]): LogState {
  const graph = graphs.get(log);
  const longer = { ...log, entries: withAll(log.entries, entries) };
  if (graph) {
    graphs.delete(log);
    for (const entry of entries) grow(graph, entry);
    graphs.set(longer, graph);
  }
  return longer;
}

function withAll(some: readonly LogEntry[], more: readonly LogEntry[]): readonly LogEntry[] {
  if (!growing.has(some)) return [...some, ...more];
  (some as LogEntry[]).push(...more);
  return some;
}

/** The entry with this hash. */
export function find(log: LogState, hash: Uint8Array): LogEntry | undefined {
  const place = graphOf(log).places.get(toHex(hash));
  return place === undefined ? undefined : log.entries[place];
}

/** Places of these entries and of everything before them, in the log's order. */
export function pastOf(log: LogState, heads: readonly EntryHash[]): readonly number[] {
  const isIn = pastMarks(log, heads);
  const found: number[] = [];
  for (let place = 0; place < isIn.length; place++) if (isIn[place] === 1) found.push(place);
  return found;
}

/** 1 for each place of these entries and of everything before them, as many as the log has. */
export function pastMarks(log: LogState, heads: readonly EntryHash[]): Uint8Array {
  const { places, parents } = graphOf(log);
  const isIn = new Uint8Array(log.entries.length);
  for (const head of heads) {
    const place = places.get(toHex(head));
    if (place !== undefined) isIn[place] = 1;
  }
  for (let place = log.entries.length - 1; place >= 0; place--)
    if (isIn[place] === 1) for (const parent of parents[place] ?? []) isIn[parent] = 1;
  return isIn;
}

/** Whether this entry is one of these heads or before one. What comes after it is looked through, which is mostly little. */
export function isInPast(log: LogState, heads: readonly EntryHash[], entry: LogEntry): boolean {
  const { places, parents } = graphOf(log);
  const open = heads.flatMap((each) => places.get(toHex(each)) ?? []);
  const seen = new Set(open);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (log.entries[next] === entry) return true;
    for (const parent of parents[next] ?? []) {
      if (seen.has(parent) || (log.entries[parent]?.generation ?? -1) < entry.generation) continue;
      seen.add(parent);
      open.push(parent);
    }
  }
  return false;
}

/** Hashes (hex) of these entries and of everything before them. */
export function ancestors(log: LogState, heads: readonly EntryHash[]): ReadonlySet<string> {
  return new Set(pastOf(log, heads).map((place) => toHex(log.entries[place]?.hash ?? new Uint8Array())));
}

/** This entry and all that have it in their past, in the log's order. */
export function sinceThen(log: LogState, hash: EntryHash): readonly LogEntry[] {
  const { places, parents } = graphOf(log);
  const isIn = new Uint8Array(log.entries.length);
  const first = places.get(toHex(hash));
  if (first === undefined) return [];
  isIn[first] = 1;
  return log.entries.filter((_, place) => {
    if (parents[place]?.some((parent) => isIn[parent] === 1)) isIn[place] = 1;
    return isIn[place] === 1;
  });
}

/** Sorted bytewise, each once. */
export function sortedHashes(hashes: readonly EntryHash[]): readonly EntryHash[] {
  const sorted = [...hashes].sort(compareBytes);
  return sorted.filter((each, i) => i === 0 || !equalBytes(each, sorted[i - 1] ?? each));
}
