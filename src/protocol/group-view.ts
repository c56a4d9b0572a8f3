/**
 * Who is in a group, with which rank and devices, and its settings, as a set of log entries leaves it.
 * A view is built by applying entries that count, one after another or a stretch of concurrent ones at once.
 * @see PROTOCOL.md § Membership log, Who is a member
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { Role, RoomPassword, Settings } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type Claims, claim, copyOfClaims } from "./device-claims.ts";
import { countUses, type InviteView, inviteOf, revoke } from "./group-invites.ts";
import type { LogEntry } from "./log-state.ts";
import { SharedMap } from "./shared-map.ts";

/** Devices of one member after concurrent links; more are left out, so that an epoch's roster stays bounded. */
const MEMBER_DEVICES_MAX = 16;

/** A member of a group. */
export interface MemberView {
  readonly account: AccountKey;
  readonly role: Role;
  readonly name: string;
  readonly devices: readonly DeviceKey[];
  /** The entry that added it. */
  readonly addedBy: EntryHash;
}

/** Settings in force. */
export interface GroupSettings {
  readonly name: string;
  readonly password: RoomPassword;
  /** Lowest role that may make invites. */
  readonly inviters: Role;
  readonly rekey: { readonly everyMs: number; readonly everyMessages: number };
  /** Empty: those that each member knows by itself. */
  readonly relays: readonly string[];
}

/** A group as a set of entries leaves it. Keys of maps and sets are lower-case hex. */
export interface GroupView {
  readonly members: ReadonlyMap<string, MemberView>;
  /** Members to whom entries give that rank: nearly always one. */
  readonly owners: ReadonlySet<string>;
  /** Accounts that claim each device in use, lowest first: it belongs to the first. */
  readonly claims: Claims;
  /** Devices linked by entries that count to accounts that are no members: they come in when the account is added. */
  readonly linked: ReadonlyMap<string, readonly DeviceKey[]>;
  /** Devices that can never come back: `account/device`. */
  readonly unlinked: ReadonlyMap<string, true>;
  /** Accounts that were ever removed: they come back by an admin's own hand only. */
  readonly removed: ReadonlyMap<string, true>;
  /** Accounts that left, with the rank that they had: a removal can still strike what they date back. */
  readonly left: ReadonlyMap<string, Role>;
  /** By hash of the invite entry. */
  readonly invites: ReadonlyMap<string, InviteView>;
  readonly settings: GroupSettings;
}

/** A view that is being built. */
export interface GrowingView {
  readonly members: SharedMap<MemberView>;
  readonly owners: Set<string>;
  readonly claims: SharedMap<readonly string[]>;
  readonly linked: SharedMap<readonly DeviceKey[]>;
  readonly unlinked: SharedMap<true>;
  readonly removed: SharedMap<true>;
  readonly left: SharedMap<Role>;
  readonly invites: SharedMap<InviteView>;
  settings: GroupSettings;
}

/** The key is renewed weekly or after 1,000 messages unless a group says otherwise: design's default, in ms. */
const REKEY_DEFAULT = { everyMs: 7 * 24 * 3600 * 1000, everyMessages: 1_000 };

/** Before the create entry. */
export function emptyView(): GrowingView {
  return {
    members: new SharedMap(),
    owners: new Set(),
    claims: new SharedMap(),
    linked: new SharedMap(),
    unlinked: new SharedMap(),
    removed: new SharedMap(),
    left: new SharedMap(),
    invites: new SharedMap(),
    settings: { name: "", password: { kind: "none" }, inviters: 1, rekey: REKEY_DEFAULT, relays: [] },
  };
}

/** A copy that can grow by itself. */
export function copyOfView(view: GrowingView): GrowingView {
  return {
    members: view.members.copy(),
    owners: new Set(view.owners),
    claims: copyOfClaims(view.claims),
    linked: view.linked.copy(),
    unlinked: view.unlinked.copy(),
    removed: view.removed.copy(),
    left: view.left.copy(),
    invites: view.invites.copy(),
    settings: view.settings,
  };
}

/** Applies an entry that counts and has everything that the view knows in its past. */
export function applyEntry(view: GrowingView, entry: LogEntry): void {
  const { action } = entry;
  switch (action.kind) {
    case "create":
      view.settings = { ...view.settings, name: action.name };
      break;
    case "invite":
      view.invites.set(toHex(entry.hash), inviteOf(entry.account, entry.hash, action));
      break;
    case "revokeInvite":
      revoke(view, action.invite);
      break;
    case "settings":
      view.settings = withSettings(view.settings, action);
      break;
    case "add":
    case "link":
    case "unlink":
    case "remove":
    case "leave":
    case "role":
    case "rekey":
      break;
    default:
      action satisfies never;
  }
  for (const member of membersAdded(entry)) setMember(view, toHex(member.account), withLinked(view, member));
  if (action.kind !== "create" && action.kind !== "add")
    for (const account of accountsOf(entry))
      setMember(view, account, memberAfter(view.members.get(account), entry, account));
  countUses(view, entry);
  noteGone(view, entry);
}

/** With the devices that were linked to the account before it was added by an entry that counts. */
function withLinked({ linked }: GroupView, member: MemberView): MemberView {
  const more = linked.get(toHex(member.account));
  return more ? { ...member, devices: sortedDevices([...member.devices, ...more]) } : member;
}

/** Accounts (hex) of whose membership an entry says something. */
export function accountsOf(entry: LogEntry): readonly string[] {
  const { action } = entry;
  switch (action.kind) {
    case "create":
    case "add":
      return action.members.map((each) => toHex(each.account));
    case "link":
      return [toHex(action.account)];
    case "remove":
      return action.accounts.map(toHex);
    case "leave":
    case "unlink":
      return [toHex(entry.account)];
    case "role":
      return isHandOver(action) ? [toHex(action.account), toHex(entry.account)] : [toHex(action.account)];
    default:
      return [];
  }
}

/** The owner gives the group to somebody else. */
export const isHandOver = (action: Extract<LogEntry["action"], { kind: "role" }>): boolean => action.role === 2;

/** The members that a create or add entry makes. */
export function membersAdded({ action, hash }: LogEntry): readonly MemberView[] {
  if (action.kind !== "create" && action.kind !== "add") return [];
  return action.members.map(({ account, role, name, devices }) => ({
    account,
    role: role as Role,
    name,
    devices: sortedDevices(devices),
    addedBy: hash,
  }));
}

function memberAfter(before: MemberView | undefined, entry: LogEntry, account: string): MemberView | undefined {
  const { action } = entry;
  if (action.kind === "remove" || action.kind === "leave" || !before) return undefined;
  if (action.kind === "link") return { ...before, devices: sortedDevices([...before.devices, action.device]) };
  if (action.kind === "unlink")
    return { ...before, devices: before.devices.filter((each) => !equalBytes(each, action.device)) };
  if (action.kind !== "role") return before;
  return { ...before, role: rankGiven(entry, account) };
}

/** The rank that a role entry states about an account: of a hand-over two. */
export function rankGiven(entry: LogEntry, account: string): Role {
  const { action } = entry;
  if (action.kind !== "role") return 0;
  return (toHex(action.account) === account ? action.role : 1) as Role;
}

/** In order of the key, each once, at most MEMBER_DEVICES_MAX. */
export function sortedDevices(devices: readonly DeviceKey[]): readonly DeviceKey[] {
  const sorted = [...devices].sort(compareBytes);
  return sorted.filter((each, i) => i === 0 || !equalBytes(each, sorted[i - 1] ?? each)).slice(0, MEMBER_DEVICES_MAX);
}

/** Puts a member in its place, or takes it out. */
export function setMember(view: GrowingView, account: string, member: MemberView | undefined): void {
  view.linked.delete(account);
  for (const device of view.members.get(account)?.devices ?? []) claim(view.claims, toHex(device), account, false);
  if (member) view.members.set(account, member);
  else view.members.delete(account);
  if (member?.role === 2) view.owners.add(account);
  else view.owners.delete(account);
  for (const device of member?.devices ?? []) claim(view.claims, toHex(device), account, true);
}

/** Who was removed or left by an entry, and which device was unlinked, is remembered. */
export function noteGone(view: GrowingView, { action, account, rank }: LogEntry): void {
  if (action.kind === "leave") view.left.set(toHex(account), rank as Role);
  if (action.kind === "remove") for (const each of action.accounts) view.removed.set(toHex(each), true);
  if (action.kind === "unlink") view.unlinked.set(unlinkedName(account, action.device), true);
}

/** How a device is named among the unlinked ones: only its own account can unlink it. */
export const unlinkedName = (account: AccountKey, device: DeviceKey): string => `${toHex(account)}/${toHex(device)}`;

/** How many devices of this account are among them. */
export function unlinkedOf({ unlinked }: GroupView, account: AccountKey): number {
  if (unlinked.size === 0) return 0;
  const own = toHex(account);
  let count = 0;
  for (const name of unlinked.keys()) if (name.startsWith(own)) count++;
  return count;
}

/** Settings after a change of some of them. */
export function withSettings(before: GroupSettings, changed: Settings): GroupSettings {
  return {
    name: changed.name ?? before.name,
    password: changed.password ?? before.password,
    inviters: (changed.inviters ?? before.inviters) as Role,
    rekey: changed.rekey ?? before.rekey,
    relays: changed.relays ?? before.relays,
  };
}

/** The member with this account. */
export function memberOfAccount(view: GroupView, account: AccountKey): MemberView | undefined {
  return view.members.get(toHex(account));
}

/** The member to whom this device belongs. */
export function memberOfDevice(view: GroupView, device: DeviceKey): MemberView | undefined {
  const account = ownerOfDevice(view, device);
  return account === undefined ? undefined : view.members.get(account);
}

/** Account (hex) to which a device belongs: of several that claim it the one of highest rank, then lowest key. */
export function ownerOfDevice(view: GroupView, device: DeviceKey): string | undefined {
  return ownerAmongThose(view, view.claims.get(toHex(device)) ?? []);
}

/** Of accounts (hex) that claim one device, sorted, the one that has it. */
export function ownerAmongThose({ members }: GroupView, claiming: readonly string[]): string | undefined {
  const rank = (account: string) => members.get(account)?.role ?? 0;
  return claiming.reduce<string | undefined>(
    (first, each) => (first === undefined || rank(each) > rank(first) ? each : first),
    undefined,
  );
}
