/**
 * What those entries of a stretch that are asked for, and the view before it, say together: of one account, of all, of
 * the settings.
 * @see PROTOCOL.md § Membership log, Who is a member
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { Role, Settings } from "../wire/entry.ts";
import { toHex } from "../wire/text-forms.ts";
import {
  countUses,
  type GrowingView,
  inviteOf,
  type MemberView,
  membersAdded,
  noteGone,
  rankGiven,
  revoke,
  setMember,
  sortedDevices,
  withSettings,
} from "./group-view.ts";
import type { LogEntry } from "./log-state.ts";
import type { Facts } from "./log-stretch.ts";

/** All members, by account (hex), after the view before the stretch and the entries that `isIn` names. */
export function membersAt(facts: Facts, isIn: (i: number) => boolean): ReadonlyMap<string, MemberView> {
  const accounts = new Set([...facts.before.members.keys(), ...facts.about.keys()]);
  const members = [...accounts].map((account) => [account, memberAt(facts, account, isIn)] as const);
  return new Map(members.flatMap(([account, each]) => (each ? [[account, each]] : [])));
}

/** What the view before the stretch and those of its entries that `isIn` names say together about an account (hex). */
export function memberAt(facts: Facts, account: string, isIn: (i: number) => boolean): MemberView | undefined {
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
