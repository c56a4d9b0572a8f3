/** PROTOCOL.md § Who is a member, sentence by sentence. */
import { type Member, ROLE, type Settings } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  type AllowedEntry,
  byGeneration,
  entriesIn,
  follows,
  type Ids,
  newest,
  type Standpoint,
  type TwinLog,
} from "./membership-entries.ts";

/** The devices of one account beyond which concurrent entries add none. */
const DEVICES_AFTER_MERGE_MAX = 16;

export interface TwinMember {
  readonly account: string;
  readonly rank: number;
  readonly name: string;
  /** Sorted. */
  readonly devices: readonly string[];
}

/** All members, by account. */
export function membersOf({ log, counting }: Standpoint): readonly TwinMember[] {
  const entries = entriesIn(log, counting);
  const accounts = entries.flatMap((each) => broughtIn(each).map(({ account }) => toHex(account)));
  return withOneOwner([...new Set(accounts)].sort().flatMap((account) => statedMember(entries, account) ?? []));
}

/** Where nobody or several are owner by the statements, it is the highest ranked with the lowest account key. */
function withOneOwner(members: readonly TwinMember[]): readonly TwinMember[] {
  const [owner] = [...members].sort((a, b) => b.rank - a.rank || (a.account < b.account ? -1 : 1));
  return members.map((each) => {
    const rank = each === owner ? ROLE.owner : Math.min(each.rank, ROLE.admin);
    return { ...each, rank };
  });
}

export function memberOf(at: Standpoint, account: string): TwinMember | undefined {
  return membersOf(at).find((each) => each.account === account);
}

/** The member with this device: of several that claim it (certificates are one-sided) the highest ranked, then the first. */
export function memberWithDevice(at: Standpoint, device: string): TwinMember | undefined {
  const holders = membersOf(at).filter((each) => each.devices.includes(device));
  return [...holders].sort((a, b) => b.rank - a.rank || (a.account < b.account ? -1 : 1))[0];
}

function statedMember(entries: readonly AllowedEntry[], account: string): TwinMember | undefined {
  const exits = entries.filter((each) => isExit(each, account));
  const afterExits = (each: AllowedEntry) => exits.every((exit) => follows(each, exit));
  const adds = entries.filter((each) => recordIn(each, account) && afterExits(each));
  const firstAdd = [...adds].sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  if (!firstAdd) return undefined;
  const isReplaced = (role: AllowedEntry) => adds.some((add) => follows(add, role));
  const roles = entries.filter((each) => roleIn(each, account) !== undefined && afterExits(each) && !isReplaced(each));
  const said = newest(roles.length > 0 ? roles : adds);
  const rank = Math.min(...said.map((each) => roleIn(each, account) ?? recordIn(each, account)?.role ?? ROLE.owner));
  const links = entries.filter(afterExits).flatMap((each) => linkIn(each, account) ?? []);
  const added = adds.flatMap((each) => recordIn(each, account)?.devices ?? []).map(({ device }) => toHex(device));
  const kept = [...new Set([...added, ...links])].filter((each) => !isUnlinked(entries, account, each));
  const devices = kept.sort().slice(0, DEVICES_AFTER_MERGE_MAX);
  return { account, rank, name: recordIn(firstAdd, account)?.name ?? "", devices };
}

/** Members as a create or add entry brings them in. */
export function broughtIn({ action }: AllowedEntry): readonly Member[] {
  return action.kind === "create" ? [action.founder] : action.kind === "add" ? action.members : [];
}

const recordIn = (entry: AllowedEntry, account: string): Member | undefined =>
  broughtIn(entry).find((each) => toHex(each.account) === account);

function isExit({ action, account: author }: AllowedEntry, account: string): boolean {
  if (action.kind === "remove") return action.accounts.some((each) => toHex(each) === account);
  return action.kind === "leave" && author === account;
}

function linkIn({ action }: AllowedEntry, account: string): string | undefined {
  return action.kind === "link" && toHex(action.account) === account ? toHex(action.device.device) : undefined;
}

/** An entry of its own account unlinks it. */
export function isUnlinked(entries: readonly AllowedEntry[], account: string, device: string): boolean {
  return entries.some(
    (each) => each.account === account && each.action.kind === "unlink" && toHex(each.action.device) === device,
  );
}

/** What a role entry says about an account; a hand-over speaks of two. */
export function roleIn({ action, account: author }: AllowedEntry, account: string): number | undefined {
  if (action.kind !== "role") return undefined;
  if (toHex(action.account) === account) return action.role;
  return action.role === ROLE.owner && author === account ? ROLE.admin : undefined;
}

/** The rank that somebody had who left and is no member now. */
export function rankOfLeaver({ log, counting }: Standpoint, account: string): number | undefined {
  const leaves = entriesIn(log, counting).filter((each) => each.account === account && each.action.kind === "leave");
  return [...leaves].sort(byGeneration).at(-1)?.rank;
}

/** The settings in force; what nobody ever set is `undefined`, the name is at first that of the create entry. */
export function settingsOf({ log, counting }: Standpoint): Settings {
  return {
    name: settingOf(log, counting, "name"),
    password: settingOf(log, counting, "password"),
    inviters: settingOf(log, counting, "inviters"),
    rekey: settingOf(log, counting, "rekey"),
    relays: settingOf(log, counting, "relays"),
  };
}

function settingOf<K extends keyof Settings>(log: TwinLog, counting: Ids, field: K): Settings[K] | undefined {
  const states = (entry: AllowedEntry) => settingIn(entry, field);
  const statements = newest(entriesIn(log, counting).filter((each) => states(each) !== undefined));
  const [first] = [...statements].sort((a, b) => (a.id < b.id ? -1 : 1));
  return first && states(first);
}

function settingIn<K extends keyof Settings>({ action }: AllowedEntry, field: K): Settings[K] | undefined {
  if (action.kind === "settings") return action[field];
  const initial: Partial<Settings> = action.kind === "create" ? { name: action.name } : {};
  return initial[field];
}

/** Open invites: hash and how many uses are left. */
export function openInvites(at: Standpoint): ReadonlyMap<string, number> {
  const entries = entriesIn(at.log, at.counting);
  const revoked = entries.flatMap(({ action }) => (action.kind === "revokeInvite" ? [toHex(action.invite)] : []));
  const open = entries.flatMap((each): [string, number][] => {
    if (each.action.kind !== "invite" || revoked.includes(each.id) || !memberOf(at, each.account)) return [];
    return [[each.id, Math.max(0, each.action.uses - usesOf(entries, each.id))]];
  });
  return new Map(open);
}

function usesOf(entries: readonly AllowedEntry[], invite: string): number {
  return entries.flatMap(broughtIn).filter(({ proof }) => proof && toHex(proof.invite) === invite).length;
}
