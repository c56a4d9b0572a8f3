/**
 * Whether an entry's own past allows it, and the rank that it takes.
 * @see PROTOCOL.md § Membership log, Who may do what
 */
import type { Primitives } from "../crypto/primitives.ts";
import { equalBytes, lpAll } from "../verify/transcript.ts";
import { type EntryCore, type Member, ROLE, type Settings } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, GroupId } from "../wire/ids.ts";
import { DEVICES_PER_ACCOUNT_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { isOpen } from "./group-invites.ts";
import { type GroupView, type MemberView, memberOfAccount, unlinkedName, unlinkedOf } from "./group-view.ts";
import type { Resolution } from "./log-resolution.ts";
import { hasGenuineDevices } from "./member-devices.ts";

/** An entry's past and its author there. */
export interface Standpoint {
  readonly group: GroupId;
  readonly past: Resolution;
  readonly author: MemberView;
}

type ActionOf<K extends EntryCore["action"]["kind"]> = Extract<EntryCore["action"], { kind: K }>;

/** The least rank for this entry (3: nobody's), or `undefined` when a condition fails whoever the author is. */
export function needsOf(p: Primitives, at: Standpoint, core: EntryCore): number | undefined {
  const { action } = core;
  const { view } = at.past;
  switch (action.kind) {
    case "create":
      return undefined;
    case "add":
      return needsOfAdd(p, at, action);
    case "link":
      return isLinkable(p, view, action) ? ROLE.member : undefined;
    case "unlink":
      return isOwnOther(at.author, core.author, action.device) ? ROLE.member : undefined;
    case "remove":
      return needsOfRemove(at, action);
    case "leave":
      return at.author.role < ROLE.owner || view.members.size === 1 ? ROLE.member : undefined;
    case "role":
      return needsOfRole(at, action);
    case "invite":
      return action.uses > 0 ? Math.max(view.settings.inviters, above(action.role)) : undefined;
    case "revokeInvite":
      return needsOfRevoke(at, action);
    case "settings":
      return isChange(action) ? Math.max(ROLE.admin, action.inviters ?? 0) : undefined;
    case "rekey":
      return ROLE.member;
    default:
      return action satisfies never;
  }
}

/** Nobody grants a rank at or above their own; to plain membership no rank is needed. */
const above = (role: number): number => (role === ROLE.member ? ROLE.member : role + 1);

function needsOfAdd(p: Primitives, { group, past: { view } }: Standpoint, action: ActionOf<"add">): number | undefined {
  const accounts = new Set(action.members.map((each) => toHex(each.account)));
  const devices = action.members.flatMap((each) => each.devices.map(({ device }) => toHex(device)));
  if (accounts.size !== action.members.length || new Set(devices).size !== devices.length) return undefined;
  const used = new Map<string, number>();
  for (const member of action.members) {
    if (!isAddable(p, view, member) || !isInvited(p, group, view, member)) return undefined;
    const invite = member.proof && toHex(member.proof.invite);
    if (invite) used.set(invite, (used.get(invite) ?? 0) + 1);
  }
  for (const [invite, uses] of used) {
    const known = view.invites.get(invite);
    if (!known || known.used + uses > known.uses) return undefined;
  }
  return Math.max(ROLE.admin, ...action.members.map((each) => each.role + 1));
}

function isAddable(p: Primitives, view: GroupView, member: Member): boolean {
  if (memberOfAccount(view, member.account)) return false;
  const isTaken = ({ device }: { readonly device: DeviceKey }) =>
    view.claims.has(toHex(device)) || view.unlinked.has(unlinkedName(member.account, device));
  return !member.devices.some(isTaken) && hasGenuineDevices(p, member);
}

function isInvited(p: Primitives, group: GroupId, view: GroupView, member: Member): boolean {
  if (!member.proof) return true;
  const invite = view.invites.get(toHex(member.proof.invite));
  if (!invite || !isOpen(view, invite) || member.role > invite.role) return false;
  const { nonce, signature } = member.proof;
  return checkInviteProof(p, { group, member, proofKey: invite.proofKey, nonce, signature });
}

/** What a joiner's proof is checked against. */
export interface ProofInput {
  readonly group: GroupId;
  readonly member: Member;
  /** Of the invite, 32 bytes. */
  readonly proofKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly signature: Uint8Array;
}

/** What a joiner signs with the invite's proof key. */
export function inviteProofBytes(
  group: GroupId,
  account: AccountKey,
  device: DeviceKey,
  nonce: Uint8Array,
): Uint8Array {
  return lpAll("invite-proof", group, account, device, nonce);
}

/** True when the joiner knew the invite's secret and meant this group and its own first device. */
export function checkInviteProof(p: Primitives, { group, member, proofKey, nonce, signature }: ProofInput): boolean {
  const device = member.devices[0]?.device;
  if (!device) return false;
  return p.verify(proofKey, inviteProofBytes(group, member.account, device, nonce), signature);
}

/** Devices of one account that may have been unlinked before one more is linked: a life of them, and no end of entries. */
export const UNLINKED_PER_ACCOUNT_MAX = 64;

/** The account's certificate holds, and the device is new to the group. */
export function isLinkable(p: Primitives, view: GroupView, { account, device }: ActionOf<"link">): boolean {
  const member = memberOfAccount(view, account);
  if (!member || member.devices.length >= DEVICES_PER_ACCOUNT_MAX) return false;
  if (unlinkedOf(view, account) >= UNLINKED_PER_ACCOUNT_MAX) return false;
  const isTaken = view.claims.has(toHex(device.device)) || view.unlinked.has(unlinkedName(account, device.device));
  return !isTaken && hasGenuineDevices(p, { account, devices: [device] });
}

function isOwnOther(author: MemberView, self: DeviceKey, device: DeviceKey): boolean {
  return !equalBytes(self, device) && author.devices.some((each) => equalBytes(each, device));
}

function needsOfRemove({ past: { view }, author }: Standpoint, { accounts }: ActionOf<"remove">): number | undefined {
  const targets = accounts.map((each) => memberOfAccount(view, each)?.role ?? view.left.get(toHex(each)));
  if (new Set(accounts.map(toHex)).size !== accounts.length) return undefined;
  if (accounts.some((each) => equalBytes(each, author.account))) return undefined;
  let needs: number = ROLE.admin;
  for (const target of targets) {
    if (target === undefined) return undefined;
    needs = Math.max(needs, target + 1);
  }
  return needs;
}

function needsOfRole({ past: { view }, author }: Standpoint, { account, role }: ActionOf<"role">): number | undefined {
  const target = memberOfAccount(view, account);
  if (!target || target.role === role) return undefined;
  const isSelf = equalBytes(account, author.account);
  if (role === ROLE.owner) return isSelf ? undefined : ROLE.owner;
  if (isSelf) return role < target.role && target.role < ROLE.owner ? ROLE.member : undefined;
  return Math.max(target.role, role) + 1;
}

function needsOfRevoke(
  { past: { view }, author }: Standpoint,
  { invite }: ActionOf<"revokeInvite">,
): number | undefined {
  const known = view.invites.get(toHex(invite));
  if (!known) return undefined;
  return equalBytes(known.account, author.account) ? ROLE.member : ROLE.admin;
}

const isChange = (settings: Settings): boolean =>
  [settings.name, settings.password, settings.inviters, settings.rekey, settings.relays].some(
    (each) => each !== undefined,
  );
