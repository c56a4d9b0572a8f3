/** PROTOCOL.md § Who is a member, sentence by sentence: `counting` is the set of entries of P that count. */
import { type Member, ROLE, type Settings } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type AllowedEntry, entriesIn, follows, type Ids, newest, type TwinLog } from "./membership-entries.ts";

/** The devices of one account beyond which concurrent entries add none. */
const DEVICES_AFTER_MERGE_MAX = 16;

export interface TwinMember {
  readonly account: string;
  readonly rank: number;
  readonly name: string;
  /** Sorted. */
  readonly devices: readonly string[];
}

/** Members as a create or add entry brings them in. */
export function broughtIn(entry: AllowedEntry): readonly Member[] {
  const { action } = entry;
  return action.kind === "create" ? [action.founder] : action.kind === "add" ? action.members : [];
}

/** All members, by account. */
export function membersOf(log: TwinLog, counting: Ids): readonly TwinMember[] {
  const accounts = entriesIn(log, counting).flatMap((each) => broughtIn(each).map(({ account }) => toHex(account)));
  return [...new Set(accounts)].sort().flatMap((account) => memberOf(log, counting, account) ?? []);
}

export function memberOf(log: TwinLog, counting: Ids, account: string): TwinMember | undefined {
  const entries = entriesIn(log, counting);
  const exits = entries.filter((each) => isExit(each, account));
  const afterExits = (each: AllowedEntry) => exits.every((exit) => follows(each, exit));
  const adds = entries.filter((each) => adds_(each, account) && afterExits(each));
  if (adds.length === 0) return undefined;
  const roles = entries.filter((each) => roleIn(each, account) !== undefined && afterExits(each));
  const links = entries.filter((each) => linkIn(each, account) !== undefined && afterExits(each));
  const gone = entries.flatMap(({ action }) => (action.kind === "unlink" ? [toHex(action.device)] : []));
  const devices = [
    ...adds.flatMap((each) => record(each, account).devices.map(({ device }) => toHex(device))),
    ...links.flatMap((each) => linkIn(each, account) ?? []),
  ];
  const kept = [...new Set(devices)].filter((each) => !gone.includes(each)).sort();
  const firstAdd = [...adds].sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  return {
    account,
    rank: Math.min(...newest([...adds, ...roles]).map((each) => statedRank(each, account))),
    name: firstAdd ? record(firstAdd, account).name : "",
    devices: kept.slice(0, DEVICES_AFTER_MERGE_MAX),
  };
}

/** The member that has this device: of several that claim it (certificates are one-sided) the lowest account. */
export function memberWithDevice(log: TwinLog, counting: Ids, device: string): TwinMember | undefined {
  return membersOf(log, counting).find((each) => each.devices.includes(device));
}

const adds_ = (entry: AllowedEntry, account: string): boolean =>
  broughtIn(entry).some((each) => toHex(each.account) === account);

function record(entry: AllowedEntry, account: string): Member {
  const member = broughtIn(entry).find((each) => toHex(each.account) === account);
  if (!member) throw new Error("not added here");
  return member;
}

function isExit({ action, account: author }: AllowedEntry, account: string): boolean {
  if (action.kind === "remove") return action.accounts.some((each) => toHex(each) === account);
  return action.kind === "leave" && author === account;
}

function linkIn({ action }: AllowedEntry, account: string): string | undefined {
  return action.kind === "link" && toHex(action.account) === account ? toHex(action.device.device) : undefined;
}

/** What a role entry says about an account; a hand-over speaks of two. */
export function roleIn({ action, account: author }: AllowedEntry, account: string): number | undefined {
  if (action.kind !== "role") return undefined;
  if (toHex(action.account) === account) return action.role;
  return action.role === ROLE.owner && author === account ? ROLE.admin : undefined;
}

const statedRank = (entry: AllowedEntry, account: string): number =>
  roleIn(entry, account) ?? record(entry, account).role;

/** The settings in force; what nobody ever set is `undefined`, the name is at first that of the create entry. */
export function settingsOf(log: TwinLog, counting: Ids): Settings {
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
export function openInvites(log: TwinLog, counting: Ids): ReadonlyMap<string, number> {
  const entries = entriesIn(log, counting);
  const revoked = entries.flatMap(({ action }) => (action.kind === "revokeInvite" ? [toHex(action.invite)] : []));
  const open = entries.flatMap((each): [string, number][] => {
    if (each.action.kind !== "invite" || revoked.includes(each.id)) return [];
    if (!memberOf(log, counting, each.account)) return [];
    return [[each.id, Math.max(0, each.action.uses - usesOf(entries, each.id))]];
  });
  return new Map(open);
}

function usesOf(entries: readonly AllowedEntry[], invite: string): number {
  return entries.flatMap(broughtIn).filter(({ proof }) => proof && toHex(proof.invite) === invite).length;
}
