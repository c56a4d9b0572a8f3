/** PROTOCOL.md § Who may do what: the table, row by row, and the notes below it. */
import { type Member, ROLE } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type AllowedEntry, entriesIn, type Standpoint, type TwinEntry, type TwinLog } from "./membership-entries.ts";
import {
  isUnlinked,
  memberOf,
  membersOf,
  memberWithDevice,
  openInvites,
  rankOfLeaver,
  settingsOf,
  type TwinMember,
} from "./membership-view-twin.ts";

/** Devices of one account that an entry may bring it to. */
const DEVICES_MAX = 8;
/** Unlinked devices of one account, from which on none is linked any more. */
const GONE_MAX = 64;
/** "Nothing is above the owner": a need that nobody meets. */
const ABOVE_OWNER = ROLE.owner + 1;

/** An entry seen from its own past. */
interface Case {
  /** Its past. */
  readonly at: Standpoint;
  readonly entry: TwinEntry;
  readonly author: TwinMember;
}

/** What an action needs, or that its conditions do not hold. */
interface Row {
  readonly needs: number;
  readonly holds: boolean;
}

/** The entry as its own past allows it, or `undefined`. */
export function judge(at: Standpoint, entry: TwinEntry): AllowedEntry | undefined {
  if (!entry.genuine) return undefined;
  if (entry.action.kind === "create") return judgeCreate(at.log, entry);
  const author = memberWithDevice(at, entry.author);
  if (!author || !continues(at, entry)) return undefined;
  const { needs, holds } = rowOf({ at, entry, author });
  if (!holds || author.rank < needs) return undefined;
  const generation = 1 + Math.max(...entriesIn(at.log, at.all).map((each) => each.generation));
  return { ...entry, past: at.all, generation, account: author.account, rank: author.rank, needs };
}

function judgeCreate(log: TwinLog, entry: TwinEntry): AllowedEntry | undefined {
  const { action } = entry;
  if (action.kind !== "create" || log.size > 0 || entry.seq !== 0 || entry.prev !== undefined) return undefined;
  const { account, role, proof, devices } = action.founder;
  const signs = devices.some(({ device }) => toHex(device) === entry.author);
  if (!signs || role !== ROLE.owner || proof || !areDistinct(devicesIn([action.founder]))) return undefined;
  return { ...entry, past: new Set(), generation: 0, account: toHex(account), rank: ROLE.owner, needs: ROLE.member };
}

/** `prev` is one of that device's entries with the number before, in the past. */
function continues({ log, all }: Standpoint, { author, seq, prev }: TwinEntry): boolean {
  if (prev === undefined) return seq === 0;
  const before = all.has(prev) ? log.get(prev) : undefined;
  return before !== undefined && before.author === author && before.seq + 1 === seq;
}

function rowOf(it: Case): Row {
  const { action } = it.entry;
  switch (action.kind) {
    case "create":
      return { needs: ABOVE_OWNER, holds: false };
    case "add":
      return addRow(it, action.members);
    case "link":
      return linkRow(it, toHex(action.account), toHex(action.device.device));
    case "unlink":
      return { needs: ROLE.member, holds: unlinks(it, toHex(action.device)) };
    case "remove":
      return removeRow(it, action.accounts.map(toHex));
    case "leave":
      return { needs: ROLE.member, holds: mayLeave(it) };
    case "role":
      return roleRow(it, toHex(action.account), action.role);
    case "invite":
      return { needs: needsOfInvite(it, action.role), holds: action.uses > 0 };
    case "revokeInvite":
      return revokeRow(it, toHex(action.invite));
    case "settings":
      return { needs: Math.max(ROLE.admin, action.inviters ?? ROLE.member), holds: hasSetting(action) };
    case "rekey":
      return { needs: ROLE.member, holds: true };
    default:
      return action satisfies never;
  }
}

function addRow(it: Case, members: readonly Member[]): Row {
  const accounts = members.map(({ account }) => toHex(account));
  const devices = devicesIn(members);
  return {
    needs: Math.max(ROLE.admin, ...members.map(({ role }) => role + 1)),
    holds:
      areDistinct(accounts) &&
      areDistinct(devices) &&
      accounts.every((each) => !memberOf(it.at, each)) &&
      members.every((each) => devicesIn([each]).every((device) => isFree(it.at, toHex(each.account), device))) &&
      members.every((each) => each.devices.length <= DEVICES_MAX && isInvited(it.at, each)),
  };
}

/** A proof, if there is one: its invite is open, had uses left, and its role is not exceeded. */
function isInvited(at: Standpoint, { proof, role }: Member): boolean {
  if (!proof) return true;
  const invite = toHex(proof.invite);
  const action = at.counting.has(invite) ? at.log.get(invite)?.action : undefined;
  return action?.kind === "invite" && (openInvites(at).get(invite) ?? 0) > 0 && role <= action.role;
}

function linkRow(it: Case, account: string, device: string): Row {
  const member = memberOf(it.at, account);
  const isRoom = member !== undefined && member.devices.length < DEVICES_MAX && goneOf(it.at, account) < GONE_MAX;
  return { needs: ROLE.member, holds: isRoom && isFree(it.at, account, device) };
}

/** Devices of the account that were ever unlinked. */
function goneOf(at: Standpoint, account: string): number {
  const unlinked = entriesIn(at.log, at.counting).flatMap((each) =>
    each.account === account && each.action.kind === "unlink" ? [toHex(each.action.device)] : [],
  );
  return new Set(unlinked).size;
}

/** In use by nobody and never unlinked. */
function isFree(at: Standpoint, account: string, device: string): boolean {
  if (membersOf(at).some((each) => each.devices.includes(device))) return false;
  return !isUnlinked(entriesIn(at.log, at.counting), account, device);
}

const unlinks = ({ author, entry }: Case, device: string): boolean =>
  author.devices.includes(device) && device !== entry.author;

function removeRow({ at, author }: Case, accounts: readonly string[]): Row {
  const ranks = accounts.map((each) => memberOf(at, each)?.rank ?? rankOfLeaver(at, each));
  return {
    needs: 1 + Math.max(...ranks.map((each) => each ?? ROLE.owner)),
    holds: areDistinct(accounts) && !accounts.includes(author.account) && ranks.every((each) => each !== undefined),
  };
}

/** The author is not the owner, unless it is the only member. */
const mayLeave = ({ at, author }: Case): boolean => author.rank !== ROLE.owner || membersOf(at).length === 1;

function roleRow({ at, author }: Case, account: string, role: number): Row {
  const target = memberOf(at, account);
  if (!target || target.rank === role) return { needs: ABOVE_OWNER, holds: false };
  if (account === author.account)
    return { needs: ROLE.member, holds: role < target.rank && target.rank !== ROLE.owner };
  if (role === ROLE.owner) return { needs: ROLE.owner, holds: true };
  return { needs: 1 + Math.max(target.rank, role), holds: true };
}

/** The group's `inviters` (admins until somebody says otherwise), and one above the role given unless that is member. */
function needsOfInvite({ at }: Case, role: number): number {
  const inviters = settingsOf(at).inviters ?? ROLE.admin;
  return role === ROLE.member ? inviters : Math.max(inviters, role + 1);
}

function revokeRow({ at, author }: Case, id: string): Row {
  const invite = at.counting.has(id) ? at.log.get(id) : undefined;
  return {
    needs: invite?.account === author.account ? ROLE.member : ROLE.admin,
    holds: invite?.action.kind === "invite",
  };
}

/** Something is changed. */
function hasSetting({ kind: _, ...settings }: { readonly kind: "settings" }): boolean {
  return Object.values(settings).some((each) => each !== undefined);
}

const devicesIn = (members: readonly Member[]): readonly string[] =>
  members.flatMap(({ devices }) => devices.map(({ device }) => toHex(device)));

const areDistinct = (names: readonly string[]): boolean => new Set(names).size === names.length;
