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
  noteRemovals,
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

/** Says of each entry of the stretch whether it counts. */
export function decide(stretch: Stretch): readonly boolean[] {
  const facts = factsOf(stretch);
  const decided: (boolean | undefined)[] = stretch.entries.map(() => undefined);
  const strikers = stretch.entries.map((_, i) => strikersOf(facts, i));
  const isReady = (i: number): boolean =>
    decided[i] === undefined && (stretch.parents[i] ?? []).every((parent) => decided[parent] !== undefined);
  const settle = (i: number): void => {
    decided[i] = counts(facts, decided, i, strikers[i] ?? []);
  };
  for (let left = stretch.entries.length; left > 0; ) {
    const before = left;
    for (let i = 0; i < stretch.entries.length; i++) {
      if (!isReady(i) || !(strikers[i] ?? []).every(({ by }) => decided[by] !== undefined)) continue;
      settle(i);
      left--;
    }
    if (left !== before) continue;
    settle(firstOfCircle(stretch.entries.map((_, i) => i).filter(isReady), stretch.entries));
    left--;
  }
  return decided.map((each) => each === true);
}

/** Highest rank in its own past, then lowest generation, then lowest hash. */
function firstOfCircle(ready: readonly number[], entries: readonly LogEntry[]): number {
  const rank = (i: number): number => entries[i]?.rank ?? 0;
  // entries are in order of generation and hash
  return ready.reduce((best, i) => (rank(i) > rank(best) ? i : best), ready[0] ?? 0);
}

interface Strike {
  readonly by: number;
  readonly cap: number;
}

/** What is known about a stretch before anything is decided. Indices into its entries. */
interface Facts extends Stretch {
  readonly isAfter: (later: number, earlier: number) => boolean;
  /** Statements about each account (hex), and strikes by account or device (hex). */
  readonly about: ReadonlyMap<string, readonly number[]>;
  readonly strikes: ReadonlyMap<string, readonly Strike[]>;
}

function factsOf(stretch: Stretch): Facts {
  const about = new Map<string, number[]>();
  const strikes = new Map<string, Strike[]>();
  const claims = claimsIn(stretch);
  for (const [i, entry] of stretch.entries.entries()) {
    for (const account of accountsOf(entry, claims)) push(about, account, i);
    for (const { target, cap } of strikesBy(entry)) push(strikes, target, { by: i, cap });
  }
  return { ...stretch, isAfter: pasts(stretch), about, strikes };
}

/** Accounts that claim a device before the stretch or in it: an unlink is about all of them. */
function claimsIn({ before, entries }: Stretch): GroupView["claims"] {
  const claims = new Map(before.claims);
  const claim = (device: Uint8Array, account: Uint8Array) =>
    claims.set(toHex(device), [...new Set([...(claims.get(toHex(device)) ?? []), toHex(account)])]);
  for (const { action } of entries) {
    if (action.kind === "link") claim(action.device, action.account);
    if (action.kind !== "add") continue;
    for (const member of action.members) for (const device of member.devices) claim(device, member.account);
  }
  return claims;
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

function strikesBy(entry: LogEntry): readonly { readonly target: string; readonly cap: number }[] {
  const { action } = entry;
  switch (action.kind) {
    case "remove":
      return action.accounts.map((each) => ({ target: toHex(each), cap: NO_RANK }));
    case "leave":
      return [{ target: toHex(entry.account), cap: NO_RANK }];
    case "unlink":
      return [{ target: toHex(action.device), cap: NO_RANK }];
    case "role":
      return [
        isHandOver(action)
          ? { target: toHex(entry.account), cap: 1 }
          : { target: toHex(action.account), cap: action.role },
      ];
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

/** Entries that could strike entry `i`: concurrent, and aimed at its author. */
function strikersOf({ entries, strikes, isAfter }: Facts, i: number): readonly Strike[] {
  const entry = entries[i];
  if (!entry) return [];
  const aimed = [...(strikes.get(toHex(entry.account)) ?? []), ...(strikes.get(toHex(entry.author)) ?? [])];
  return aimed.filter(({ by }) => by !== i && !isAfter(i, by) && !isAfter(by, i));
}

function counts(
  facts: Facts,
  decided: readonly (boolean | undefined)[],
  i: number,
  strikers: readonly Strike[],
): boolean {
  const entry = facts.entries[i];
  if (!entry || facts.surplus.has(entry)) return false;
  const member = memberAt(facts, toHex(entry.account), (k) => decided[k] === true && facts.isAfter(i, k));
  const isInUse = member?.devices.some((each) => equalBytes(each, entry.author)) ?? false;
  const caps = strikers.filter(({ by }) => decided[by] === true).map(({ cap }) => cap);
  return Math.min(isInUse ? (member?.role ?? NO_RANK) : NO_RANK, ...caps) >= entry.needs;
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
  const ranking = holding.filter((i) => kindOf(i) === "add" || kindOf(i) === "role");
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
export function applyStretch(view: GrowingView, stretch: Stretch, counting: readonly boolean[]): void {
  const facts = factsOf(stretch);
  const counted = stretch.entries.filter((_, i) => counting[i]);
  const members = [...facts.about.keys()].map(
    (account) => [account, memberAt(facts, account, (i) => counting[i] === true)] as const,
  );
  for (const [account, member] of members) setMember(view, account, member);
  for (const entry of counted) {
    const { action } = entry;
    if (action.kind === "unlink") view.unlinked.add(toHex(action.device));
    if (action.kind === "invite") view.invites.set(toHex(entry.hash), inviteOf(entry.account, entry.hash, action));
    countUses(view, entry);
    noteRemovals(view, entry);
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
