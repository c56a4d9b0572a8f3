/**
 * Which of a stretch of concurrent entries count. Everything before the stretch is settled and in the past of each
 * of its entries.
 *
 * 1. The answer depends on the set of entries alone, never on the order in which they came.
 * 2. Strikes come from the rank that an entry's author has; a circle of strikes is cut at the highest rank.
 *
 * @see PROTOCOL.md § Membership log, Which entries count
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { Role, Settings } from "../wire/entry.ts";
import { toHex } from "../wire/text-forms.ts";
import {
  accountsOf,
  countUses,
  type GroupView,
  type GrowingView,
  inviteOf,
  isHandOver,
  type MemberView,
  membersAdded,
  noteGone,
  ownerAmong,
  rankGiven,
  revoke,
  setMember,
  sortedDevices,
  withSettings,
} from "./group-view.ts";
import type { LogEntry } from "./log-state.ts";

/** Entries in order of (generation, hash), what each has in its past within the stretch, and the view before it. */
export interface Stretch {
  readonly before: GroupView;
  readonly entries: readonly LogEntry[];
  /** By index into `entries`. */
  readonly parents: readonly (readonly number[])[];
  /** Entries that are too many by their account's rank. */
  readonly surplus: ReadonlySet<LogEntry>;
}

/** Rank of somebody who is no member. */
const NO_RANK = -1;
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

interface Strike {
  readonly by: number;
  readonly cap: number;
  /** Of one's own account: what others build upon stays. */
  readonly isGentle: boolean;
}

/** What is known about a stretch before anything is decided. Indices into its entries. */
export interface Facts extends Stretch {
  /** Whose each entry is (hex). */
  readonly accounts: readonly string[];
  readonly isAfter: (later: number, earlier: number) => boolean;
  /** Statements about each account (hex), strikes by account or `account/device`, and entries that raise an account. */
  readonly about: ReadonlyMap<string, readonly number[]>;
  /** Accounts to whom the group is handed over. */
  readonly heirs: readonly string[];
  readonly strikes: ReadonlyMap<string, readonly Strike[]>;
}

/** What a stretch says, found once for all that is decided about it. */
export function factsOf(stretch: Stretch): Facts {
  const about = new Map<string, number[]>();
  const strikes = new Map<string, Strike[]>();
  for (const [i, entry] of stretch.entries.entries()) {
    for (const account of accountsOf(entry)) push(about, account, i);
    for (const { target, ...strike } of strikesBy(entry)) push(strikes, target, { by: i, ...strike });
  }
  const heirs = stretch.entries.flatMap((each) =>
    each.action.kind === "role" && isHandOver(each.action) ? [toHex(each.action.account)] : [],
  );
  const accounts = stretch.entries.map(({ account }) => toHex(account));
  return { ...stretch, accounts, isAfter: pasts(stretch), about, heirs, strikes };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function strikesBy(entry: LogEntry): readonly (Omit<Strike, "by"> & { readonly target: string })[] {
  const { action } = entry;
  const own = toHex(entry.account);
  switch (action.kind) {
    case "remove":
      return action.accounts.map((each) => ({ target: toHex(each), cap: NO_RANK, isGentle: false }));
    case "leave":
      return [{ target: own, cap: NO_RANK, isGentle: true }];
    case "unlink":
      return [{ target: `${own}/${toHex(action.device)}`, cap: NO_RANK, isGentle: false }];
    case "role": {
      if (isHandOver(action)) return [{ target: own, cap: 1, isGentle: true }];
      const target = toHex(action.account);
      return [{ target, cap: action.role, isGentle: target === own }];
    }
    default:
      return [];
  }
}

/** `isAfter(a, b)`: b is in a's past. One row of bits an entry. */
function pasts({ entries, parents }: Stretch): (later: number, earlier: number) => boolean {
  const words = (entries.length + 31) >> 5;
  const bits = new Uint32Array(words * entries.length);
  for (let i = 0; i < entries.length; i++) {
    const row = i * words;
    for (const parent of parents[i] ?? []) {
      for (let word = 0; word < words; word++)
        bits[row + word] = word32(bits, row + word) | word32(bits, parent * words + word);
      bits[row + (parent >> 5)] = word32(bits, row + (parent >> 5)) | (1 << (parent & 31));
    }
  }
  return (later, earlier) => ((word32(bits, later * words + (earlier >> 5)) >>> (earlier & 31)) & 1) === 1;
}

const word32 = (bits: Uint32Array, at: number): number => bits[at] ?? 0;

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
  const role = member && isInUse ? roleAt(facts, member, { i, isIn }) : NO_RANK;
  const rank = Math.min(role, ...valid.map(({ cap }) => cap));
  return rank >= Math.max(entry.needs, ...valid.map(({ needs }) => needs));
}

/** The rank of a member in the past of entry `i`, with one owner; who that is matters seldom, and takes all members. */
function roleAt(
  facts: Facts,
  member: MemberView,
  { i, isIn }: { readonly i: number; readonly isIn: (k: number) => boolean },
): Role {
  const needs = facts.entries[i]?.needs ?? OWNER_RANK;
  if (needs <= member.role && needs < OWNER_RANK) return member.role;
  const own = toHex(member.account);
  const isOwner = (account: string) => memberAt(facts, account, isIn)?.role === OWNER_RANK;
  const [stated] = [...new Set([...facts.before.owners, ...facts.heirs])].sort().filter(isOwner);
  if ((stated ?? ownerAmong(membersAt(facts, isIn))) === own) return OWNER_RANK;
  return member.role === OWNER_RANK ? 1 : member.role;
}

function membersAt(facts: Facts, isIn: (i: number) => boolean): ReadonlyMap<string, MemberView> {
  const accounts = new Set([...facts.before.members.keys(), ...facts.about.keys()]);
  const members = [...accounts].map((account) => [account, memberAt(facts, account, isIn)] as const);
  return new Map(members.flatMap(([account, each]) => (each ? [[account, each]] : [])));
}

/** What the view before the stretch and those of its entries that `isIn` names say together about an account (hex). */
function memberAt(facts: Facts, account: string, isIn: (i: number) => boolean): MemberView | undefined {
  const { entries, isAfter } = facts;
  const statements = (facts.about.get(account) ?? []).filter(isIn);
  const kindOf = (i: number) => entries[i]?.action.kind;
  const outs = statements.filter((i) => kindOf(i) === "remove" || kindOf(i) === "leave");
  const holding = statements.filter((i) => outs.every((out) => isAfter(i, out)));
  const settled = outs.length === 0 ? facts.before.members.get(account) : undefined;
  const adds = holding.filter((i) => kindOf(i) === "add").flatMap((i) => addedBy(entries[i], account));
  const base = [...(settled ? [settled] : []), ...adds].toSorted((a, b) => compareBytes(a.addedBy, b.addedBy))[0];
  if (!base) return undefined;
  const added = holding.filter((i) => kindOf(i) === "add");
  const roles = holding.filter((i) => kindOf(i) === "role" && !added.some((add) => isAfter(add, i)));
  const ranking = roles.length > 0 ? roles : added;
  const newest = ranking.filter((i) => !ranking.some((later) => isAfter(later, i)));
  const ranks = newest.map((i) => rankStated(entries[i], account));
  const role = (ranks.length === 0 ? base.role : Math.min(...ranks)) as Role;
  return { ...base, role, devices: devicesAt(facts, { settled, adds, statements, holding }) };
}

interface Statements {
  readonly settled: MemberView | undefined;
  readonly adds: readonly MemberView[];
  readonly statements: readonly number[];
  readonly holding: readonly number[];
}

function devicesAt(facts: Facts, { settled, adds, statements, holding }: Statements): MemberView["devices"] {
  const actions = (places: readonly number[]) =>
    places.map((i) => facts.entries[i]?.action).filter((action) => action !== undefined);
  const linked = actions(holding).flatMap((action) => (action.kind === "link" ? [action.device] : []));
  const unlinked = actions(statements).flatMap((action) => (action.kind === "unlink" ? [action.device] : []));
  const all = [settled, ...adds].flatMap((each) => each?.devices ?? []);
  return sortedDevices([...all, ...linked].filter((each) => !unlinked.some((gone) => equalBytes(gone, each))));
}

function addedBy(entry: LogEntry | undefined, account: string): readonly MemberView[] {
  return entry ? membersAdded(entry).filter((each) => toHex(each.account) === account) : [];
}

function rankStated(entry: LogEntry | undefined, account: string): Role {
  if (!entry) return 0;
  return entry.action.kind === "role" ? rankGiven(entry, account) : (addedBy(entry, account)[0]?.role ?? 0);
}

/** Applies those entries of a stretch that count to the view before it. */
export function applyStretch(view: GrowingView, facts: Facts, counting: readonly boolean[]): void {
  const counted = facts.entries.filter((_, i) => counting[i]);
  const members = [...facts.about.keys()].map(
    (account) => [account, memberAt(facts, account, (i) => counting[i] === true)] as const,
  );
  for (const [account, member] of members) setMember(view, account, member);
  for (const entry of counted) {
    const { action } = entry;
    if (action.kind === "invite") view.invites.set(toHex(entry.hash), inviteOf(entry.account, entry.hash, action));
    countUses(view, entry);
    noteGone(view, entry);
  }
  for (const { action } of counted) if (action.kind === "revokeInvite") revoke(view, action.invite);
  for (const change of newestSettings(facts, counting)) view.settings = withSettings(view.settings, change);
}

/** For each setting the newest statement; of several concurrent ones that with the lowest hash. */
function newestSettings(facts: Facts, counting: readonly boolean[]): readonly Settings[] {
  const hash = (i: number) => facts.entries[i]?.hash ?? new Uint8Array();
  const said = facts.entries.flatMap(({ action }, i) =>
    counting[i] && action.kind === "settings" ? [{ i, action }] : [],
  );
  return SETTING_NAMES.flatMap((name) => {
    const about = said.filter(({ action }) => action[name] !== undefined);
    const newest = about.filter(({ i }) => !about.some((later) => facts.isAfter(later.i, i)));
    const [best] = newest.toSorted((one, other) => compareBytes(hash(one.i), hash(other.i)));
    return best ? [{ ...NO_CHANGE, [name]: best.action[name] }] : [];
  });
}

/** Nothing is said about any setting. */
const NO_CHANGE: Settings = {
  name: undefined,
  password: undefined,
  inviters: undefined,
  rekey: undefined,
  relays: undefined,
};
const SETTING_NAMES = [
  "name",
  "password",
  "inviters",
  "rekey",
  "relays",
] as const satisfies readonly (keyof Settings)[];
