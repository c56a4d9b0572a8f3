/**
 * A group has one owner, whatever concurrent entries made of it.
 * @see PROTOCOL.md § Membership log, Who is a member
 */
import type { GroupView, MemberView } from "./group-view.ts";

/**
 * The view with one owner. Concurrent entries can leave a group without one (it was handed to somebody who left) or, with
 * help from a member who lies, with two: then the one of highest rank with the lowest account key is it, others are admins.
 */
export function withOneOwner<T extends GroupView>(view: T): T {
  if (view.owners.size === 1) return view;
  const owner = ownerAmong(view.members);
  const members = [...view.members].map(([account, member]): [string, MemberView] => {
    if (account === owner) return [account, { ...member, role: 2 }];
    return [account, member.role === 2 ? { ...member, role: 1 } : member];
  });
  return { ...view, members: new Map(members) };
}

/** Of members by account (hex) the one who owns the group. */
export function ownerAmong(members: ReadonlyMap<string, MemberView>): string | undefined {
  let owner: string | undefined;
  for (const [account, { role }] of members) {
    const best = owner === undefined ? -1 : (members.get(owner)?.role ?? -1);
    if (owner === undefined || role > best || (role === best && account < owner)) owner = account;
  }
  return owner;
}
