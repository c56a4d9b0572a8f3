/** Plans of random membership logs: what somebody does who sees a group so, mostly something that makes sense. */
import { type Action, type Member, ROLE, type Role } from "../../src/wire/entry.ts";
import { EntryHash, type GroupId } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import {
  adding,
  anotherDevice,
  giving,
  inviting,
  leaving,
  linking,
  memberOf,
  proving,
  rekeying,
  removing,
  revoking,
  type Somebody,
  setting,
  somebody,
  unlinking,
} from "../protocol/log-builder.ts";
import type { TwinView } from "./membership-twin.ts";

export const DOINGS = [
  "add",
  "link",
  "unlink",
  "remove",
  "leave",
  "role",
  "handOver",
  "invite",
  "join",
  "revoke",
  "settings",
  "rekey",
  "flood",
] as const;
export type Doing = (typeof DOINGS)[number];

/** One act of a plan. Any numbers mean something; those that mean nothing possible are skipped. */
export interface Move {
  readonly does: Doing;
  /** Who acts, among those who may (or, seldom, among all). */
  readonly who: number;
  /** How much of the log the author has seen. */
  readonly sees: number;
  /** Whom or what it is about. */
  readonly whom: number;
  readonly how: number;
}

/** An author and what it sees. */
export interface Scene {
  readonly group: GroupId;
  /** How many of the crowd take part. */
  readonly people: number;
  readonly by: Somebody;
  readonly view: TwinView;
}

const ACCOUNTS_MAX = 8;
export const DEVICES_EACH = 3;

const accounts = Array.from({ length: ACCOUNTS_MAX }, (_, i) => somebody(`person ${i}`));
/** Everybody with all devices, the first one first. */
export const crowd: readonly (readonly Somebody[])[] = accounts.map((who) => [
  who,
  ...Array.from({ length: DEVICES_EACH - 1 }, (_, i) => anotherDevice(who, `${i + 1}`)),
]);
const invite = inviting(ROLE.admin);

/** Somebody with some of the other devices. */
export function withDevices(number: number, role: Role, others: number): Member {
  const devices = crowd[number] ?? [];
  return memberOf(at(devices, 0), role, devices.slice(1, 1 + (others % DEVICES_EACH)));
}

/** What the author does, or nothing. A bold one does not ask whether it makes sense. */
export function actionOf(scene: Scene, move: Move): Action | undefined {
  const { by, view } = scene;
  const { whom, how } = move;
  const isBold = how % 8 === 7;
  switch (move.does) {
    case "add":
      return addingSome(scene, move);
    case "link":
      return ifAny(pick(linkable(scene, isBold), whom), linking);
    case "unlink":
      return ifAny(pick(unlinkable(scene, isBold), whom), unlinking);
    case "remove":
      return ifAny(pick(removable(scene, isBold), whom), (who) => removingSome(scene, who, how));
    case "leave":
      return rankOf(view, by) === ROLE.owner && view.members.length > 1 && !isBold ? undefined : leaving;
    case "role":
      return ifAny(pick(lowerThan(scene, isBold ? ROLE.owner + 1 : ROLE.owner), whom), (who) =>
        roleFor(scene, who, how),
      );
    case "handOver":
      return ifAny(pick(lowerThan(scene, ROLE.owner), whom), (who) => giving(who, ROLE.owner));
    case "invite":
      return { ...invite.action, role: Math.min(how % 3, 1), uses: 1 + (how % 2) } as Action;
    case "join":
      return joining(scene, move);
    case "revoke":
      return ifAny(pick([...view.invites.keys()], whom), (id) => revoking(EntryHash.from(fromHex(id) ?? by.device)));
    case "settings":
      return settingOf(whom, how);
    case "flood":
    case "rekey":
      return rekeying;
    default:
      return move.does satisfies never;
  }
}

function addingSome({ view, people }: Scene, { whom, how }: Move): Action | undefined {
  const numbers = accounts.slice(0, people).map((_, i) => i);
  const outside = numbers.filter((i) => rankOf(view, at(accounts, i)) === undefined);
  const among = how % 8 === 7 ? numbers : outside;
  const chosen = [pick(among, whom), whom % 3 === 0 ? pick(among, whom + 1) : undefined];
  const role = how % 4 === 0 ? ROLE.admin : ROLE.member;
  const distinct = [...new Set(chosen.filter((each) => each !== undefined))];
  return distinct.length === 0 ? undefined : adding(...distinct.map((i) => withDevices(i, role, whom)));
}

const devicesOf = (view: TwinView, who: Somebody): readonly string[] =>
  view.members.find(({ account }) => account === toHex(who.account))?.devices ?? [];

export const rankOf = (view: TwinView, who: Somebody): number | undefined =>
  view.members.find(({ account }) => account === toHex(who.account))?.rank;

function linkable({ view }: Scene, isBold: boolean): readonly Somebody[] {
  const used = view.members.flatMap(({ devices }) => devices);
  return crowd
    .flat()
    .filter((each) => isBold || (rankOf(view, each) !== undefined && !used.includes(toHex(each.device))));
}

function unlinkable({ view, by }: Scene, isBold: boolean): readonly Somebody[] {
  const own = devicesOf(view, by);
  const isOwn = ({ device }: Somebody) => own.includes(toHex(device)) && device !== by.device;
  return crowd.flat().filter((each) => isBold || isOwn(each));
}

function removable(scene: Scene, isBold: boolean): readonly Somebody[] {
  return lowerThan(scene, isBold ? ROLE.owner + 1 : (rankOf(scene.view, scene.by) ?? 0));
}

/** Other members of a lower rank. */
function lowerThan({ view, by }: Scene, rank: number): readonly Somebody[] {
  return accounts.filter((each) => each.name !== by.name && (rankOf(view, each) ?? rank) < rank);
}

function removingSome(scene: Scene, who: Somebody, how: number): Action {
  const second = how % 4 === 3 ? lowerThan(scene, ROLE.admin).find((each) => each !== who) : undefined;
  return second ? removing(who, second) : removing(who);
}

/** The other role of member and admin; one in five is about the author. */
function roleFor({ view, by }: Scene, other: Somebody, how: number): Action {
  const who = how % 5 === 4 ? by : other;
  return giving(who, how % 8 === 7 ? ROLE.admin : rankOf(view, who) === ROLE.member ? ROLE.admin : ROLE.member);
}

function joining({ group, view, people }: Scene, { whom, how }: Move): Action | undefined {
  const outside = accounts.slice(0, people).filter((each) => rankOf(view, each) === undefined);
  const who = pick(how % 8 === 7 ? accounts : outside, whom);
  const id = pick([...view.invites.keys()], how);
  const hash = id && fromHex(id);
  if (!who || !hash) return undefined;
  const role = how % 4 === 0 ? ROLE.admin : ROLE.member;
  return adding(proving(memberOf(who, role), group, EntryHash.from(hash), invite.proofSeed));
}

function settingOf(whom: number, how: number): Action {
  if (whom % 4 === 0) return setting({ inviters: (how % 3) as Role });
  if (whom % 4 === 1) return setting({ rekey: { everyMs: how, everyMessages: whom } });
  return setting(whom % 16 === 2 ? {} : { name: `room ${how}` });
}

function ifAny<T>(chosen: T | undefined, then: (chosen: T) => Action): Action | undefined {
  return chosen === undefined ? undefined : then(chosen);
}

export function pick<T>(from: readonly T[], which: number): T | undefined {
  return from[which % Math.max(1, from.length)];
}

export function at<T>(from: readonly T[], index: number): T {
  const found = from[index];
  if (found === undefined) throw new Error(`nothing at ${index}`);
  return found;
}
