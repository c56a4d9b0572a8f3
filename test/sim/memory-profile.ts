/** A profile store in memory: as simple as the port allows, with copies that can be put back. */
import type { ConversationLine, HistoryQuery, ProfileChanges, ProfileStore } from "../../src/client/ports/profile.ts";
import { Fault } from "../../src/wire/fault.ts";
import { RecordMap } from "./record-map.ts";

interface StoredLine {
  readonly arrived: number;
  readonly isWithdrawn: boolean;
  readonly line: ConversationLine;
}

/** What is on the disk of one device. */
export interface MemoryProfile {
  readonly records: RecordMap;
  readonly lines: Map<string, StoredLine>;
  readonly read: Map<string, number>;
  commits: number;
  arrivals: number;
}

export const emptyProfile = (): MemoryProfile => ({
  records: new RecordMap(),
  lines: new Map(),
  read: new Map(),
  commits: 0,
  arrivals: 0,
});

/** A copy that nothing done to the profile afterwards reaches: values are never changed in place. */
export const copyOf = (profile: MemoryProfile): MemoryProfile => ({
  ...profile,
  records: RecordMap.of(profile.records),
  lines: new Map(profile.lines),
  read: new Map(profile.read),
});

const lineKey = (group: string, id: string): string => `${group}/${id}`;

/** The lines of one conversation in the order in which they are shown. */
export function linesOf(profile: MemoryProfile, group: string): readonly ConversationLine[] {
  const shown = [...profile.lines.values()].filter(({ isWithdrawn, line }) => line.group === group && !isWithdrawn);
  const lines = shown.map(({ line }) => line);
  return lines.sort((a, b) => a.depth - b.depth || a.sentAtMs - b.sentAtMs || (a.id < b.id ? -1 : 1));
}

/** The port over a profile. */
export function memoryStore(profile: MemoryProfile): ProfileStore {
  return {
    load: async (keys) => {
      const found = new Map<string, Uint8Array>();
      for (const key of keys) {
        const value = profile.records.get(key);
        if (value) found.set(key, value.slice());
      }
      return found;
    },
    scan: async (prefix, { after, limit }) => {
      const found: (readonly [string, Uint8Array])[] = [];
      const keys: string[] = [];
      for (const key of profile.records.keysNear(prefix))
        if (key.startsWith(prefix) && (after === undefined || key > after)) keys.push(key);
      for (const key of keys.sort().slice(0, limit)) {
        const value = profile.records.get(key);
        if (value) found.push([key, value.slice()]);
      }
      return found;
    },
    commit: async (changes) => apply(profile, changes),
    history: async (query) => history(profile, query),
    line: async (group, id) => profile.lines.get(lineKey(group, id))?.line,
    lineDepth: async (group, id) => profile.lines.get(lineKey(group, id))?.line.depth,
    unread: async (group) => linesOf(profile, group).filter((line) => isUnread(profile, line)).length,
    markRead: async (group, shown) => {
      profile.read.set(group, Math.max(profile.read.get(group) ?? 0, lastOf(profile, group, shown)));
    },
    arrivals: async (group, shown) => lastOf(profile, group, shown),
    close: async () => undefined,
  };
}

function apply(profile: MemoryProfile, { records, lines, removedLines, lineStates }: ProfileChanges): void {
  profile.commits++;
  for (const [key, value] of records) {
    if (value) profile.records.set(key, value.slice());
    else profile.records.delete(key);
  }
  for (const line of lines) {
    const key = lineKey(line.group, line.id);
    if (!profile.lines.has(key)) profile.lines.set(key, { arrived: ++profile.arrivals, isWithdrawn: false, line });
  }
  for (const { group, id } of removedLines) profile.lines.delete(lineKey(group, id));
  for (const { group, id, state, delivery } of lineStates) {
    const key = lineKey(group, id);
    const known = profile.lines.get(key);
    if (!known) continue;
    const changed = { ...known.line, state, ...(delivery ? { delivery } : {}) };
    const line = state === "withdrawn" ? known.line : { ...changed, state };
    profile.lines.set(key, { ...known, isWithdrawn: state === "withdrawn", line });
  }
}

/** Arrival of the last of those lines, or of all. */
function lastOf({ lines, arrivals }: MemoryProfile, group: string | undefined, shown?: readonly string[]): number {
  if (group === undefined || shown === undefined) return arrivals;
  return Math.max(0, ...shown.map((id) => lines.get(lineKey(group, id))?.arrived ?? 0));
}

function isUnread(
  { lines, read }: MemoryProfile,
  { group, id, state, kind }: ConversationLine,
  since = Number.POSITIVE_INFINITY,
): boolean {
  const arrived = lines.get(lineKey(group, id))?.arrived ?? 0;
  return arrived > Math.min(since, read.get(group) ?? 0) && state === "received" && kind !== "system";
}

function history(profile: MemoryProfile, query: HistoryQuery): readonly ConversationLine[] {
  const { group, limit, before, after, search, unread, since } = query;
  const all = linesOf(profile, group).filter((line) => !unread || isUnread(profile, line, since));
  const end = before === undefined ? all.length : all.findIndex((line) => line.id === before);
  const start = after === undefined ? 0 : all.findIndex((line) => line.id === after) + 1;
  if (end < 0 || (after !== undefined && start === 0)) throw new Fault("usage/not-found", "no such line");
  if (unread === "latest") {
    const arrived = ({ id }: ConversationLine): number => profile.lines.get(lineKey(group, id))?.arrived ?? 0;
    return all.sort((one, other) => arrived(one) - arrived(other)).slice(-limit);
  }
  if (after !== undefined || unread === "oldest") return all.slice(start, start + limit);
  const words = (search ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const matching = all.slice(0, end).filter(({ text }) => words.every((word) => text.toLowerCase().includes(word)));
  return matching.slice(-limit);
}
