/** Entries as the slow second implementation of the membership rules sees them: hashes and keys are hex texts. */
import type { Action } from "../../src/wire/entry.ts";

/** An entry before it is judged. */
export interface TwinEntry {
  readonly id: string;
  readonly author: string;
  readonly seq: number;
  readonly prev: string | undefined;
  readonly parents: readonly string[];
  readonly action: Action;
  /** Certificates and proofs in it verify: the twin does no cryptography. */
  readonly genuine: boolean;
}

/** An entry that its own past allows, and what that past says about it. */
export interface AllowedEntry extends TwinEntry {
  /** Everything that its parents lead to. */
  readonly past: ReadonlySet<string>;
  /** Longest path to the create entry. */
  readonly generation: number;
  /** Whose device the author is. */
  readonly account: string;
  /** Rank of that account. */
  readonly rank: number;
  /** Least rank that allows it. */
  readonly needs: number;
}

/** Entries that are allowed, by hash. */
export type TwinLog = ReadonlyMap<string, AllowedEntry>;

/** A set of entries, by hash. */
export type Ids = ReadonlySet<string>;

/** A set of entries that contains the past of each of them, and those of it that count. */
export interface Standpoint {
  readonly log: TwinLog;
  readonly all: Ids;
  readonly counting: Ids;
}

/** Less than the rank of a member. */
export const NO_RANK = -1;

export function entryOf(log: TwinLog, id: string): AllowedEntry {
  const entry = log.get(id);
  if (!entry) throw new Error(`no entry ${id}`);
  return entry;
}

/** The entries of a set. */
export const entriesIn = (log: TwinLog, ids: Ids): readonly AllowedEntry[] => [...ids].map((id) => entryOf(log, id));

/** The entries with these parents and all that comes before them. */
export function pastOf(log: TwinLog, parents: readonly string[]): Ids {
  return new Set(parents.flatMap((id) => [id, ...entryOf(log, id).past]));
}

export const follows = (later: AllowedEntry, earlier: AllowedEntry): boolean => later.past.has(earlier.id);

/** Neither is in the other's past. */
export function areConcurrent(a: AllowedEntry, b: AllowedEntry): boolean {
  return a.id !== b.id && !follows(a, b) && !follows(b, a);
}

/** Those of these entries that are in no other's past. */
export function newest(entries: readonly AllowedEntry[]): readonly AllowedEntry[] {
  return entries.filter((each) => !entries.some((other) => follows(other, each)));
}

/** By generation, then by hash. */
export function byGeneration(a: AllowedEntry, b: AllowedEntry): number {
  return a.generation - b.generation || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
