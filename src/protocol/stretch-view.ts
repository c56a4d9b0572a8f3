/**
 * What those entries of a stretch that are asked for, and the view before it, say together: of one account, of all, of
 * the settings.
 * @see PROTOCOL.md § Membership log, Who is a member
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { Role, Settings } from "../wire/entry.ts";
import type { DeviceKey } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { countUses, inviteOf, revoke } from "./group-invites.ts";
import {
  type GrowingView,
  type MemberView,
  membersAdded,
  noteGone,
  rankGiven,
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

/** What is said of an account (hex): all of it, what holds after every remove and leave, and whether there was none. */
interface Statements {
  readonly account: string;
  readonly all: readonly number[];
  readonly holding: readonly number[];
  readonly isNoneOut: boolean;
}

function statementsOn({ about, entries, isAfter }: Facts, account: string, isIn: (i: number) => boolean): Statements {
  const all = (about.get(account) ?? []).filter(isIn);
  const isOut = (i: number) => entries[i]?.action.kind === "remove" || entries[i]?.action.kind === "leave";
  const outs = all.filter(isOut);
  const holding = all.filter((i) => outs.every((out) => isAfter(i, out)));
  return { account, all, holding, isNoneOut: outs.length === 0 };
}

/** What the view before the stretch and those of its entries that `isIn` names say together about an account (hex). */
export function memberAt(facts: Facts, account: string, isIn: (i: number) => boolean): MemberView | undefined {
  const { entries, isAfter } = facts;
  const said = statementsOn(facts, account, isIn);
  const { holding } = said;
  const kindOf = (i: number) => entries[i]?.action.kind;
  const settled = said.isNoneOut ? facts.before.members.get(account) : undefined;
  const added = holding.filter((i) => kindOf(i) === "add");
  const adds = added.flatMap((i) => addedBy(entries[i], account));
  const base = [...(settled ? [settled] : []), ...adds].toSorted((a, b) => compareBytes(a.addedBy, b.addedBy))[0];
  if (!base) return undefined;
  const roles = holding.filter((i) => kindOf(i) === "role" && !added.some((add) => isAfter(add, i)));
  const ranking = roles.length > 0 ? roles : added;
  const newest = ranking.filter((i) => !ranking.some((later) => isAfter(later, i)));
  const ranks = newest.map((i) => rankStated(entries[i], account));
  const role = (ranks.length === 0 ? base.role : Math.min(...ranks)) as Role;
  const devices = [settled, ...adds].flatMap((each) => each?.devices ?? []);
  return { ...base, role, devices: inUse(facts, said, [...devices, ...linkedAt(facts, said)]) };
}

/** Devices that were linked to an account, whether it is a member or not. */
function linkedAt({ before, entries }: Facts, { account, holding, isNoneOut }: Statements): readonly DeviceKey[] {
  const linked = holding.flatMap((i) => {
    const action = entries[i]?.action;
    return action?.kind === "link" ? [action.device] : [];
  });
  return isNoneOut ? [...(before.linked.get(account) ?? []), ...linked] : linked;
}

/** Those of an account's devices that it has not unlinked. */
function inUse({ entries }: Facts, { all }: Statements, devices: readonly DeviceKey[]): MemberView["devices"] {
  const isUnlinked = (device: DeviceKey): boolean =>
    all.some((i) => {
      const action = entries[i]?.action;
      return action?.kind === "unlink" && equalBytes(action.device, device);
    });
  return sortedDevices(devices.filter((each) => !isUnlinked(each)));
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
  const isIn = (i: number): boolean => counting[i] === true;
  const members = [...facts.about.keys()].map((account) => {
    const said = statementsOn(facts, account, isIn);
    return { account, member: memberAt(facts, account, isIn), linked: inUse(facts, said, linkedAt(facts, said)) };
  });
  for (const { account, member, linked } of members) {
    setMember(view, account, member);
    if (!member && linked.length > 0) view.linked.set(account, linked);
  }
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
