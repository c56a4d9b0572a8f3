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
}

interface GrowingGraph {
  readonly places: Map<string, number>;
  readonly parents: (readonly number[])[];
}

const graphs = new WeakMap<LogState, GrowingGraph>();

/** The graph of a log. */
export function graphOf(log: LogState): LogGraph {
  let graph = graphs.get(log);
  if (!graph) {
    graph = { places: new Map(), parents: [] };
    for (const entry of log.entries) grow(graph, entry);
    graphs.set(log, graph);
  }
  return graph;
}

function grow({ places, parents }: GrowingGraph, entry: LogEntry): void {
  parents.push(entry.parents.map((parent) => places.get(toHex(parent)) ?? -1));
  places.set(toHex(entry.hash), parents.length - 1);
}

/** The log with more entries. What was derived from the old one goes over to the new one, so it costs no copy. */
export function withMore(log: LogState, entries: readonly LogEntry[]): LogState {
  const graph = graphs.get(log);
  const longer = { ...log, entries: [...log.entries, ...entries] };
  if (graph) {
    graphs.delete(log);
    for (const entry of entries) grow(graph, entry);
    graphs.set(longer, graph);
  }
  return longer;
}

/** The entry with this hash. */
export function find(log: LogState, hash: Uint8Array): LogEntry | undefined {
  const place = graphOf(log).places.get(toHex(hash));
  return place === undefined ? undefined : log.entries[place];
}

/** Places of these entries and of everything before them, in the log's order. */
export function pastOf(log: LogState, heads: readonly EntryHash[]): readonly number[] {
  const { places, parents } = graphOf(log);
  const isIn = new Uint8Array(log.entries.length);
  for (const head of heads) {
    const place = places.get(toHex(head));
    if (place !== undefined) isIn[place] = 1;
  }
  const found: number[] = [];
  for (let place = log.entries.length - 1; place >= 0; place--) {
    if (isIn[place] !== 1) continue;
    found.push(place);
    for (const parent of parents[place] ?? []) isIn[parent] = 1;
  }
  return found.reverse();
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
