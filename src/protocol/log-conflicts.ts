/**
 * Which of a stretch of concurrent entries count. Everything before the stretch is settled and in the past of each
 * of its entries.
 *
 * 1. The answer depends on the set of entries alone, never on the order in which they came.
 * 2. Strikes come from the rank that an entry's author has; a circle of strikes is cut at the highest rank.
 *
 * @see PROTOCOL.md § Membership log, Which entries count
 */
import { equalBytes } from "../verify/transcript.ts";
import type { Role } from "../wire/entry.ts";
import { toHex } from "../wire/text-forms.ts";
import { isHandOver, type MemberView } from "./group-view.ts";
import type { LogEntry } from "./log-state.ts";
import { type Facts, NO_RANK, type Stretch, type Strike } from "./log-stretch.ts";
import { ownerAmong } from "./one-owner.ts";
import { memberAt, membersAt } from "./stretch-view.ts";

const OWNER_RANK = 2;

/** Says of each entry of the stretch whether it counts. */
export function decide(facts: Facts): readonly boolean[] {
  const all = facts.entries.map((_, i) => i);
  const decided: (boolean | undefined)[] = all.map((i) => (isSurplus(facts, i) ? false : undefined));
  const opponents = all.map((i) => opponentsOf(facts, i));
  const isReady = (i: number): boolean =>
    decided[i] === undefined && (facts.parents[i] ?? []).every((parent) => decided[parent] !== undefined);
  const settle = (i: number): void => {
    decided[i] = counts(facts, decided, i, opponents[i] ?? []);
  };
  let open: readonly number[] = all;
  for (let isStuck = false; ; ) {
    open = open.filter((i) => decided[i] === undefined);
    if (open.length === 0) return decided.map((each) => each === true);
    if (isStuck) settle(firstOfCircle(facts, { open, isReady, opponents }));
    isStuck = true;
    for (const i of open) {
      if (!isReady(i) || !(opponents[i] ?? []).every(({ by }) => decided[by] !== undefined)) continue;
      settle(i);
      isStuck = false;
    }
  }
}

const isSurplus = ({ surplus, entries }: Stretch, i: number): boolean => {
  const entry = entries[i];
  return entry !== undefined && surplus.has(entry);
};

interface Undecided {
  readonly open: readonly number[];
  readonly isReady: (i: number) => boolean;
  /** By entry. */
  readonly opponents: readonly (readonly Opposition[])[];
}

/** The first of the undecided, or of those undecided entries before it whose past is decided. */
function firstOfCircle(facts: Facts, { open, isReady, opponents }: Undecided): number {
  const supporters = new Map(open.map((i) => [i, countSupporters(facts, i, opponents[i] ?? [])]));
  const best = (some: readonly number[]): number =>
    some.reduce((first, i) => (compareStanding(facts, supporters, [i, first]) < 0 ? i : first), some[0] ?? 0);
  const first = best(open);
  return isReady(first) ? first : best(open.filter((i) => isReady(i) && facts.isAfter(first, i)));
}

/** Highest rank of the author in the entry's own past, then most supporters, generation, hash. */
function compareStanding(
  { entries }: Facts,
  supporters: ReadonlyMap<number, number>,
  [a, b]: readonly [number, number],
): number {
  // entries are in order of generation and hash
  const support = (supporters.get(b) ?? 0) - (supporters.get(a) ?? 0);
  return (entries[b]?.rank ?? 0) - (entries[a]?.rank ?? 0) || support || a - b;
}

/** Other accounts that follow an entry without knowing anything that opposes it. */
function countSupporters({ accounts, isAfter }: Facts, i: number, opponents: readonly Opposition[]): number {
  if (opponents.length === 0) return 0;
  const isUnaware = (k: number) => !opponents.some(({ by }) => k === by || isAfter(k, by));
  const others = new Set(accounts.filter((_, k) => isAfter(k, i) && isUnaware(k)));
  others.delete(accounts[i] ?? "");
  return others.size;
}

/** What an undecided concurrent entry would do to another one, if it counts. */
interface Opposition {
  readonly by: number;
  /** Greatest rank that it leaves the author, and least rank that it asks for. */
  readonly cap: number;
  readonly needs: number;
}

/** Concurrent entries on which it depends whether entry `i` counts. */
function opponentsOf(facts: Facts, i: number): readonly Opposition[] {
  const entry = facts.entries[i];
  if (!entry) return [];
  const isConcurrent = (by: number) => by !== i && !facts.isAfter(i, by) && !facts.isAfter(by, i);
  return [...strikersOf(facts, i, entry), ...raisersOf(facts, entry)].filter(({ by }) => isConcurrent(by));
}

/** Entries aimed at the author that would leave it less than the entry needs. */
function strikersOf(facts: Facts, i: number, entry: LogEntry): readonly Opposition[] {
  const { entries, strikes, accounts } = facts;
  if (strikes.size === 0) return [];
  const own = accounts[i] ?? "";
  if (entry.action.kind === "link" && toHex(entry.action.account) !== own) return []; // the certificate speaks for it
  const aimed = [...(strikes.get(own) ?? []), ...(strikes.get(`${own}/${toHex(entry.author)}`) ?? [])];
  const hits = ({ by, cap, isGentle }: Strike): boolean => {
    const isByOwn = entries[by]?.action.kind === "unlink" || entries[by]?.action.kind === "leave";
    if (cap >= entry.needs || (entry.action.kind === "unlink" && isByOwn)) return false;
    const areHandOvers = isHandOverEntry(entry) && isHandOverEntry(entries[by]);
    return !isGentle || areHandOvers || !isBuiltUpon(facts, i, by);
  };
  return aimed.filter(hits).map(({ by, cap }) => ({ by, cap, needs: 0 }));
}

/** Another account has it in the past of an entry that does not know the strike yet. */
function isBuiltUpon({ accounts, isAfter }: Facts, i: number, by: number): boolean {
  const own = accounts[i];
  return accounts.some((account, k) => account !== own && isAfter(k, i) && !isAfter(k, by));
}

const isHandOverEntry = (entry: LogEntry | undefined): boolean =>
  entry?.action.kind === "role" && isHandOver(entry.action);

/** Entries that raise an account which this one removes or ranks: then it takes a rank above the new one. */
function raisersOf({ entries, about }: Facts, { action, needs }: LogEntry): readonly Opposition[] {
  if (action.kind !== "remove" && action.kind !== "role") return [];
  const targets = action.kind === "remove" ? action.accounts : [action.account];
  return targets.flatMap((target) =>
    (about.get(toHex(target)) ?? []).flatMap((by) => {
      const raising = entries[by]?.action;
      if (raising?.kind !== "role" || toHex(raising.account) !== toHex(target)) return [];
      return raising.role + 1 > needs ? [{ by, cap: OWNER_RANK, needs: raising.role + 1 }] : [];
    }),
  );
}

function counts(
  facts: Facts,
  decided: readonly (boolean | undefined)[],
  i: number,
  opponents: readonly Opposition[],
): boolean {
  const entry = facts.entries[i];
  if (!entry) return false;
  const isIn = (k: number): boolean => decided[k] === true && facts.isAfter(i, k);
  const member = memberAt(facts, facts.accounts[i] ?? "", isIn);
  const isInUse = member?.devices.some((each) => equalBytes(each, entry.author)) ?? false;
  const valid = opponents.filter(({ by }) => decided[by] === true);
  const needs = Math.max(entry.needs, ...valid.map((each) => each.needs));
  const role = member && isInUse ? roleAt(facts, member, { needs, isIn }) : NO_RANK;
  return Math.min(role, ...valid.map(({ cap }) => cap)) >= needs;
}

/**
 * The rank of a member by the entries that `isIn` names, with one owner, as far as it matters for what an entry needs
 * beside those that raise it: who is owner matters seldom, and takes all members.
 */
function roleAt(
  facts: Facts,
  member: MemberView,
  { needs, isIn }: { readonly needs: number; readonly isIn: (k: number) => boolean },
): Role {
  if (needs <= member.role && needs < OWNER_RANK) return member.role;
  const own = toHex(member.account);
  const isOwner = (account: string) => memberAt(facts, account, isIn)?.role === OWNER_RANK;
  const [stated] = [...new Set([...facts.before.owners, ...facts.heirs])].sort().filter(isOwner);
  if ((stated ?? ownerAmong(membersAt(facts, isIn))) === own) return OWNER_RANK;
  return member.role === OWNER_RANK ? 1 : member.role;
}
