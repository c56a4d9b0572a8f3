/** What an entry of the membership log means to people: sentences for the conversation, and what scripts are told. */
import { ROLE, type Role, type Settings } from "../wire/entry.ts";
import type { AccountKey } from "../wire/ids.ts";
import type { MemberChange } from "./effects.ts";
import type { LogEntry } from "./log-state.ts";

/** One thing that an entry did. */
export interface Happening {
  readonly change: MemberChange;
  /** The line; absent for what is told to scripts only. */
  readonly text?: string;
  readonly member?: AccountKey;
  readonly memberName?: string;
  readonly role?: Role;
  readonly detail?: string;
}

/** What people call an account. */
export type NameOf = (account: AccountKey) => string;

/** Everything that the entry did, in its order. */
export function happeningsOf({ action, account }: LogEntry, nameOf: NameOf): readonly Happening[] {
  const by = nameOf(account);
  const about = (member: AccountKey) => ({ member, memberName: nameOf(member) });
  switch (action.kind) {
    case "create":
      return [{ change: "created", text: `${by} created the group` }];
    case "add":
      return action.members.map(({ account: member, name, invite }) => ({
        change: invite ? "joined" : "added",
        text: invite ? `${name} joined by invite` : `${by} added ${name}`,
        member,
        memberName: name,
      }));
    case "link":
      return [{ change: "linked", text: `${nameOf(action.account)} has a new device`, ...about(action.account) }];
    case "unlink":
      return [{ change: "unlinked", text: `${by} unlinked a device` }];
    case "remove":
      return action.accounts.map((each) => ({
        change: "removed",
        text: `${by} removed ${nameOf(each)}`,
        ...about(each),
      }));
    case "leave":
      return [{ change: "left", text: `${by} left` }];
    case "role":
      return [roleGiven(by, { ...about(action.account), role: action.role as Role })];
    case "settings":
      return settingsMade(by, action);
    case "rekey":
      return [{ change: "rekeyed" }];
    case "invite":
    case "revokeInvite":
      return [];
    default:
      return action satisfies never;
  }
}

function roleGiven(by: string, about: { member: AccountKey; memberName: string; role: Role }): Happening {
  const name = about.memberName;
  if (about.role === ROLE.owner) return { change: "role", text: `${by} handed the group over to ${name}`, ...about };
  return { change: "role", text: `${by} made ${name} ${RANKS[about.role]}`, ...about };
}

const RANKS: Readonly<Record<Role, string>> = { 0: "a plain member", 1: "an admin", 2: "the owner" };
const INVITERS: Readonly<Record<Role, string>> = { 0: "everybody", 1: "admins", 2: "the owner alone" };
const DAY_MS = 24 * 3600 * 1000;

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

function settingsMade(by: string, { name, password, inviters, rekey, relays }: Settings): readonly Happening[] {
  const made = (text: string): Happening => ({ change: "settings", text: `${by} ${text}`, detail: text });
  const all: Happening[] = [];
  if (name !== undefined) all.push({ change: "renamed", text: `${by} named the group “${name}”`, detail: name });
  if (password !== undefined)
    all.push(made(password.kind === "key" ? "set a room password" : "took the room password away"));
  if (inviters !== undefined) all.push(made(`lets ${INVITERS[inviters as Role]} make links`));
  if (rekey !== undefined) {
    const days = Math.round(rekey.everyMs / DAY_MS);
    all.push(made(`has the key renewed after ${counted(days, "day")} or ${counted(rekey.everyMessages, "message")}`));
  }
  if (relays !== undefined) all.push(made("changed the group's relays"));
  return all;
}
