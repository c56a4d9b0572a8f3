/** Who may do what, said before a change is tried: which rank it takes. The log's own rules decide (log-permission.ts). */
import { type GroupView, type MemberView, memberOfAccount } from "../protocol/group-view.ts";
import { resolve } from "../protocol/log-resolution.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { type GroupState, OUT } from "../protocol/records/group.ts";
import { ROLE } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { toHex } from "../wire/text-forms.ts";
import { asNamed } from "./member-names.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingLog, readExistingRecord, readRecord } from "./profile-reader.ts";

/** The group as its log leaves it, and we in it. */
export interface Standing {
  readonly view: GroupView;
  readonly self: MemberView;
}

/** Our place in a group; `usage/not-allowed` when we are out of it. */
export async function standingIn(store: ProfileStore, { group }: GroupState): Promise<Standing> {
  const { account } = await readExistingRecord(store, ACCOUNT);
  const view = await asNamed(store, group, resolve(await readExistingLog(store, toHex(group))).view);
  const self = memberOfAccount(view, account);
  if (!self) throw await outsider(store, group);
  return { view, self };
}

/** Whether we are in the group no more; cheap, however large it is. */
export async function isOutOf(store: ProfileStore, { group }: GroupState): Promise<boolean> {
  return (await readRecord(store, OUT, toHex(group))) !== undefined;
}

/** Why we can do nothing in this group. */
export async function outsider(store: ProfileStore, group: GroupState["group"]): Promise<Fault> {
  const out = await readRecord(store, OUT, toHex(group));
  const { account } = await readExistingRecord(store, ACCOUNT);
  const { view } = resolve(await readExistingLog(store, toHex(group)));
  if (memberOfAccount(view, account))
    return new Fault(
      "usage/not-allowed",
      "another device of yours unlinked this one, so it is in none of your groups",
      { next: "restore" },
    );
  if (out && toHex(out.by) === toHex(account))
    return new Fault("usage/not-allowed", "you have left this group: ask one of its admins to add you again");
  return new Fault("usage/not-allowed", "you were removed from this group", { next: "see-change" });
}

/** `usage/not-allowed` when our rank is lower than `needs`; `what` begins the sentence. 3: nobody's rank. */
export function needRank({ self }: Standing, needs: number, what: string): void {
  if (self.role >= needs) return;
  const who = WHO[needs];
  throw new Fault("usage/not-allowed", `${what} ${who ?? "nobody can do"}`, { next: who ? "see-members" : undefined });
}

const WHO: Readonly<Record<number, string>> = {
  [ROLE.admin]: "takes an admin or the owner",
  [ROLE.owner]: "takes the owner",
};
