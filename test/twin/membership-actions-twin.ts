/** PROTOCOL.md § Who may do what: the table, row by row, and the notes below it. */
import { type Member, ROLE } from "../../src/wire/entry.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type AllowedEntry, entriesIn, type Ids, NO_RANK, type TwinEntry, type TwinLog } from "./membership-entries.ts";
import {
  memberOf,
  membersOf,
  memberWithDevice,
  openInvites,
  settingsOf,
  type TwinMember,
} from "./membership-view-twin.ts";

/** Devices of one account that an entry may bring it to. */
const DEVICES_MAX = 8;
/** "Nothing is above the owner": a need that nobody meets. */
const ABOVE_OWNER = ROLE.owner + 1;

/** An entry seen from its own past. */
interface Case {
  readonly log: TwinLog;
  readonly entry: TwinEntry;
  readonly past: Ids;
  /** The entries that count in it. */
  readonly counting: Ids;
  readonly author: TwinMember;
}

/** What an action needs, or that its conditions do not hold. */
interface Row {
  readonly needs: number;
  readonly holds: boolean;
  readonly lowers?: readonly (readonly [string, number])[];
}

/** The entry as its own past allows it, or `undefined`. */
export function judge(log: TwinLog, entry: TwinEntry, past: Ids, counting: Ids): AllowedEntry | undefined {
  if (!entry.genuine) return undefined;
  if (entry.action.kind === "create") return judgeCreate(log, entry);
  const author = memberWithDevice(log, counting, entry.author);
  if (!author || !continues(log, entry, past)) return undefined;
  const { needs, holds, lowers = [] } = rowOf({ log, entry, past, counting, author });
  if (!holds || author.rank < needs) return undefined;
  const generation = 1 + Math.max(...entriesIn(log, past).map((each) => each.generation));
  const { account, rank } = author;
  return { ...entry, past, generation, account, rank, needs, lowers: new Map(lowers) };
}

function judgeCreate(log: TwinLog, entry: TwinEntry): AllowedEntry | undefined {
  const { action } = entry;
  if (action.kind !== "create" || log.size > 0 || entry.seq !== 0 || entry.prev !== undefined) return undefined;
  const { account, role, proof, devices } = action.founder;
  const signs = devices.some(({ device }) => toHex(device) === entry.author);
  if (!signs || role !== ROLE.owner || proof || !areDistinct(devicesIn([action.founder]))) return undefined;
  const own = { account: toHex(account), rank: ROLE.owner, needs: NO_RANK };
  return { ...entry, ...own, past: new Set(), generation: 0, lowers: new Map() };
}

/** `prev` is one of that device's entries with the number before, in the past. */
function continues(log: TwinLog, { author, seq, prev }: TwinEntry, past: Ids): boolean {
  if (prev === undefined) return seq === 0;
  const before = past.has(prev) ? log.get(prev) : undefined;
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
      return { needs: ROLE.member, holds: mayLeave(it), lowers: [[it.author.account, NO_RANK]] };
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
      accounts.every((each) => !memberOf(it.log, it.counting, each)) &&
      devices.every((each) => isFree(it, each)) &&
      members.every((each) => each.devices.length <= DEVICES_MAX && isInvited(it, each)),
  };
}

/** A proof, if there is one: its invite is open, had uses left, and its role is not exceeded. */
function isInvited({ log, counting }: Case, { proof, role }: Member): boolean {
  if (!proof) return true;
  const invite = toHex(proof.invite);
  const action = counting.has(invite) ? log.get(invite)?.action : undefined;
  return action?.kind === "invite" && (openInvites(log, counting).get(invite) ?? 0) > 0 && role <= action.role;
}

function linkRow(it: Case, account: string, device: string): Row {
  const member = memberOf(it.log, it.counting, account);
  return {
    needs: ROLE.member,
    holds: member !== undefined && member.devices.length < DEVICES_MAX && isFree(it, device),
  };
}

/** In use by nobody and never unlinked. */
function isFree({ log, counting }: Case, device: string): boolean {
  const unlinked = entriesIn(log, counting).some(
    ({ action }) => action.kind === "unlink" && toHex(action.device) === device,
  );
  return !unlinked && !membersOf(log, counting).some((each) => each.devices.includes(device));
}

const unlinks = ({ author, entry }: Case, device: string): boolean =>
  author.devices.includes(device) && device !== entry.author;

function removeRow({ log, counting, author }: Case, accounts: readonly string[]): Row {
  const targets = accounts.map((each) => memberOf(log, counting, each));
  return {
    needs: 1 + Math.max(...targets.map((each) => each?.rank ?? ROLE.owner)),
    holds: areDistinct(accounts) && targets.every((each) => each && each.account !== author.account),
    lowers: accounts.map((each) => [each, NO_RANK] as const),
  };
}

/** The author is not the owner, unless it is the only member. */
const mayLeave = ({ log, counting, author }: Case): boolean =>
  author.rank !== ROLE.owner || membersOf(log, counting).length === 1;

function roleRow({ log, counting, author }: Case, account: string, role: number): Row {
  const target = memberOf(log, counting, account);
  if (!target || target.rank === role) return { needs: ABOVE_OWNER, holds: false };
  const capped: readonly (readonly [string, number])[] = [[account, role]];
  if (account === author.account)
    return { needs: ROLE.member, holds: role < target.rank && target.rank !== ROLE.owner, lowers: capped };
  if (role === ROLE.owner) return { needs: ROLE.owner, holds: true, lowers: [[author.account, ROLE.admin]] };
  return { needs: 1 + Math.max(target.rank, role), holds: true, lowers: capped };
}

/** The group's `inviters` (admins until somebody says otherwise), and one above the role given unless that is member. */
function needsOfInvite({ log, counting }: Case, role: number): number {
  const inviters = settingsOf(log, counting).inviters ?? ROLE.admin;
  return role === ROLE.member ? inviters : Math.max(inviters, role + 1);
}

function revokeRow({ log, counting, author }: Case, id: string): Row {
  const invite = counting.has(id) ? log.get(id) : undefined;
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
