/** PROTOCOL.md § Which entries count, step by step, for a set of entries that contains the past of each of them. */
import { ROLE } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  type AllowedEntry,
  areConcurrent,
  byGeneration,
  entriesIn,
  entryOf,
  follows,
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
  const decide = (entry: AllowedEntry) => decided.set(entry.id, doesCount({ log, entries, decided }, entry));
  while (decided.size < entries.length) {
    const open = entries.filter(({ id }) => !decided.has(id));
    const isReady = ({ past }: AllowedEntry) => [...past].every((id) => decided.has(id));
    const free = open.filter((each) => isReady(each) && !open.some((other) => makesDifference(entries, other, each)));
    if (free.length > 0) free.map(decide);
    else decide(firstOfCircle(entries, open, isReady));
  }
  return new Set([...decided].filter(([, counts]) => counts).map(([id]) => id));
}

/** 1. Too many. */
function tooMany(log: TwinLog, entries: readonly AllowedEntry[]): readonly AllowedEntry[] {
  const isLimited = ({ rank, action: { kind } }: AllowedEntry) =>
    rank === ROLE.member && kind !== "link" && kind !== "unlink" && kind !== "leave";
  const limited = entries.filter(isLimited);
  return limited.filter((each) => {
    const same = limited.filter(
      (other) => other.account === each.account && newestByAdmin(log, other) === newestByAdmin(log, each),
    );
    return [...same].sort(byGeneration).indexOf(each) >= ENTRIES_SINCE_ADMIN_MAX;
  });
}

function newestByAdmin(log: TwinLog, { past }: AllowedEntry): string | undefined {
  const byAdmins = entriesIn(log, past).filter(({ rank }) => rank >= ROLE.admin);
  return [...byAdmins].sort(byGeneration).at(-1)?.id;
}

interface Strike {
  /** The rank that it leaves. */
  readonly leaves: number;
  readonly isGentle: boolean;
}

/** 2. Strike: what a concurrent entry leaves to the author of another, before exceptions. */
function strikeOf(striker: AllowedEntry, struck: AllowedEntry): Strike | undefined {
  const { action } = striker;
  const isOwn = striker.account === struck.account;
  switch (action.kind) {
    case "remove":
      return names(action.accounts, struck.account) ? { leaves: NO_RANK, isGentle: false } : undefined;
    case "leave":
      return isOwn ? { leaves: NO_RANK, isGentle: true } : undefined;
    case "unlink":
      return isOwn && toHex(action.device) === struck.author ? { leaves: NO_RANK, isGentle: false } : undefined;
    case "role":
      if (action.role === ROLE.owner) return isOwn ? { leaves: ROLE.admin, isGentle: true } : undefined;
      return toHex(action.account) === struck.account ? { leaves: action.role, isGentle: isOwn } : undefined;
    default:
      return undefined;
  }
}

/** The rank that a concurrent entry leaves to the author of `struck`, if it strikes it. */
function leftBy(entries: readonly AllowedEntry[], striker: AllowedEntry, struck: AllowedEntry): number | undefined {
  const strike = strikeOf(striker, struck);
  if (!strike || !areConcurrent(striker, struck)) return undefined;
  const { kind } = struck.action;
  if (kind === "unlink" && (striker.action.kind === "leave" || striker.action.kind === "unlink")) return undefined;
  if (struck.action.kind === "link" && toHex(struck.action.account) !== struck.account) return undefined;
  const unaware = entries.filter((each) => !follows(each, striker));
  const isBuiltUpon = followersOf(unaware, struck).length > 0 && !(isHandOver(striker) && isHandOver(struck));
  return strike.isGentle && isBuiltUpon ? undefined : strike.leaves;
}

/** Other accounts that have an entry in the past of theirs. */
function followersOf(entries: readonly AllowedEntry[], entry: AllowedEntry): readonly string[] {
  const later = entries.filter((each) => follows(each, entry) && each.account !== entry.account);
  return [...new Set(later.map(({ account }) => account))];
}

/** Other accounts that follow an entry without knowing anything that opposes it. */
function supportersOf(entries: readonly AllowedEntry[], entry: AllowedEntry): readonly string[] {
  const opponents = entries.filter((each) => makesDifference(entries, each, entry));
  const unaware = entries.filter((each) => !opponents.some((other) => other === each || follows(each, other)));
  return opponents.length === 0 ? [] : followersOf(unaware, entry);
}

const isHandOver = ({ action }: AllowedEntry): boolean => action.kind === "role" && action.role === ROLE.owner;

/** 3. Raise: the rank that an entry about an account needs beside a concurrent one that gives that account a role. */
function neededBeside(raiser: AllowedEntry, raised: AllowedEntry): number | undefined {
  if (raiser.action.kind !== "role" || !areConcurrent(raiser, raised)) return undefined;
  const account = toHex(raiser.action.account);
  const isAbout =
    (raised.action.kind === "remove" && names(raised.action.accounts, account)) ||
    (raised.action.kind === "role" && toHex(raised.action.account) === account);
  return isAbout ? raiser.action.role + 1 : undefined;
}

const names = (accounts: readonly Uint8Array[], account: string): boolean =>
  accounts.some((each) => toHex(each) === account);

function makesDifference(entries: readonly AllowedEntry[], other: AllowedEntry, entry: AllowedEntry): boolean {
  const left = leftBy(entries, other, entry) ?? entry.needs;
  return left < entry.needs || (neededBeside(other, entry) ?? entry.needs) > entry.needs;
}

interface Deciding {
  readonly log: TwinLog;
  readonly entries: readonly AllowedEntry[];
  readonly decided: Decisions;
}

/** 4. Rank: none that counts makes the difference, and the entries that count in its past give the rank. */
function doesCount({ log, entries, decided }: Deciding, entry: AllowedEntry): boolean {
  if (entry.action.kind === "create") return true;
  const counting = new Set([...entry.past].filter((id) => decided.get(id)));
  const author = memberOf({ log, all: entry.past, counting }, entry.account);
  if (!author?.devices.includes(entry.author)) return false;
  const others = [...decided].filter(([, counts]) => counts).map(([id]) => entryOf(log, id));
  const isStruck = others.some((each) => (leftBy(entries, each, entry) ?? entry.needs) < entry.needs);
  const needed = Math.max(entry.needs, ...others.flatMap((each) => neededBeside(each, entry) ?? []));
  return !isStruck && author.rank >= needed;
}

/** 5. Order: who goes first where entries oppose each other in a circle. */
function firstOfCircle(
  entries: readonly AllowedEntry[],
  open: readonly AllowedEntry[],
  isReady: (entry: AllowedEntry) => boolean,
): AllowedEntry {
  const followers = (each: AllowedEntry) => supportersOf(entries, each).length;
  const sorted = [...open].sort((a, b) => b.rank - a.rank || followers(b) - followers(a) || byGeneration(a, b));
  const [first] = sorted;
  const chosen = first && !isReady(first) ? sorted.find((each) => follows(first, each) && isReady(each)) : first;
  if (!chosen) throw new Error("some undecided entry has a decided past");
  return chosen;
}
