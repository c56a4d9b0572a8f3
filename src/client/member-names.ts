/** Which member of a group a person means: an account id, the beginning of one, or a name. */
import type { GroupView } from "../protocol/group-view.ts";
import { type GroupState, MEMBER, NAMED } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { ROSTER_MAX } from "../protocol/records/roster.ts";
import { Fault } from "../wire/fault.ts";
import type { AccountKey, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { meantBy } from "./meant-by.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, readSavedRoster } from "./profile-reader.ts";

/** A member as others call it. */
export interface NamedMember {
  readonly account: AccountKey;
  readonly name: string;
}

/** The accounts in the epoch in which this device sends. */
export async function membersOf(store: ProfileStore, { group, sending }: GroupState): Promise<readonly NamedMember[]> {
  const roster = sending && (await readSavedRoster(store, toHex(sending)));
  const accounts = new Map((roster || []).map(({ account }) => [toHex(account), account]));
  return Promise.all(
    [...accounts.values()].map(async (account) => {
      const member = await readRecord(store, MEMBER, idOf(group, account));
      return { account, name: member?.name ?? "" };
    }),
  );
}

/** The group as its log says, its members by the names that they have taken since; the same where nobody has. */
export async function asNamed(store: ProfileStore, group: GroupId, view: GroupView): Promise<GroupView> {
  const prefix = `${NAMED.prefix}${toHex(group)}/`;
  const found = await store.scan(prefix, { limit: ROSTER_MAX });
  if (found.length === 0) return view;
  const members = new Map(view.members);
  for (const [key] of found) {
    const id = key.slice(prefix.length);
    const member = members.get(id);
    const named = member && (await readRecord(store, MEMBER, idOf(group, member.account)));
    if (member && named) members.set(id, { ...member, name: named.name });
  }
  return { ...view, members };
}

/** The one member meant by `text`; `usage/not-found` or `usage/ambiguous` otherwise. */
export async function findMember(store: ProfileStore, group: GroupState, text: string): Promise<NamedMember> {
  return findAmong(await membersOf(store, group), text);
}

/** The one of these who is meant by `text`; `usage/not-found` or `usage/ambiguous` otherwise. */
export function findAmong(members: readonly NamedMember[], text: string): NamedMember {
  const found = meantBy(members, text, ({ account, name }) => ({ id: toHex(account), name }));
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first) throw new Fault("usage/ambiguous", "more than one member can be meant by that", { next: "name-member" });
  throw new Fault("usage/not-found", "this group has no such member", { next: "see-members" });
}
