/** PROTOCOL.md § Which entries count, step by step, for a set of entries that contains the past of each of them. */
import { ROLE } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  type AllowedEntry,
  areConcurrent,
  byGeneration,
  entriesIn,
  entryOf,
  type Ids,
  NO_RANK,
  type TwinLog,
} from "./membership-entries.ts";
import { memberOf } from "./membership-view-twin.ts";

/** Entries by one account that is no admin, since the last entry of one. */
const ENTRIES_SINCE_ADMIN_MAX = 64;

/** What is known so far: whether an entry counts, for those that are decided. */
type Decisions = Map<string, boolean>;

/** The subset of `ids` that counts. */
export function countingIn(log: TwinLog, ids: Ids): Ids {
  const entries = entriesIn(log, ids);
  const decided: Decisions = new Map(tooMany(log, entries).map((each) => [each.id, false]));
  while (decided.size < entries.length) {
    const open = entries.filter(({ id }) => !decided.has(id));
    const ready = open.filter((each) => hasDecidedPast(decided, each));
    const free = ready.filter((each) => !open.some((other) => couldStrike(other, each)));
    const next = free[0] ?? [...ready].sort(byRank)[0];
    if (!next) throw new Error("every set has a first undecided entry");
    decided.set(next.id, standingOf(log, decided, next) >= next.needs);
  }
  return new Set([...decided].filter(([, counts]) => counts).map(([id]) => id));
}

const hasDecidedPast = (decided: Decisions, { past }: AllowedEntry): boolean =>
  [...past].every((id) => decided.has(id));

/** Who goes first where entries strike each other in a circle. */
const byRank = (a: AllowedEntry, b: AllowedEntry): number => b.rank - a.rank || byGeneration(a, b);

/** 1. Too many. */
function tooMany(log: TwinLog, entries: readonly AllowedEntry[]): readonly AllowedEntry[] {
  const byMembers = entries.filter(({ rank }) => rank === ROLE.member);
  return byMembers.filter((each) => {
    const same = byMembers.filter(
      (other) => other.account === each.account && newestByAdmin(log, other) === newestByAdmin(log, each),
    );
    return [...same].sort(byGeneration).indexOf(each) >= ENTRIES_SINCE_ADMIN_MAX;
  });
}

function newestByAdmin(log: TwinLog, { past }: AllowedEntry): string | undefined {
  const byAdmins = entriesIn(log, past).filter(({ rank }) => rank >= ROLE.admin);
  return [...byAdmins].sort(byGeneration).at(-1)?.id;
}

/** 2. Strike: the rank that `striker` leaves to the author of a concurrent entry, if it strikes it. */
function leftBy(striker: AllowedEntry, struck: AllowedEntry): number | undefined {
  if (!areConcurrent(striker, struck)) return undefined;
  if (striker.action.kind === "unlink") return toHex(striker.action.device) === struck.author ? NO_RANK : undefined;
  return striker.lowers.get(struck.account);
}

/** It is aimed at the author, whether or not that would matter. */
function couldStrike(striker: AllowedEntry, struck: AllowedEntry): boolean {
  const left = leftBy(striker, struck);
  return left !== undefined;
}

/** 3. Rank: that of the author in the entries that count in its past, or what strikes leave of it. */
function standingOf(log: TwinLog, decided: Decisions, entry: AllowedEntry): number {
  if (entry.action.kind === "create") return entry.rank;
  const before = new Set([...entry.past].filter((id) => decided.get(id)));
  const author = memberOf(log, before, entry.account);
  if (!author?.devices.includes(entry.author)) return NO_RANK;
  const strikers = [...decided].filter(([, counts]) => counts).map(([id]) => entryOf(log, id));
  return Math.min(author.rank, ...strikers.flatMap((striker) => leftBy(striker, entry) ?? []));
}
