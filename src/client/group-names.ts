/** Which group a person means: an id, the beginning of one, or a name. */

import { GROUP, type GroupState } from "../protocol/records/group.ts";
import { Fault } from "../wire/fault.ts";
import { toHex } from "../wire/text-forms.ts";
import { meantBy } from "./meant-by.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { scanRecords } from "./profile-reader.ts";

/** All groups that this profile is in. */
export async function allGroups(store: ProfileStore): Promise<readonly GroupState[]> {
  return (await scanRecords(store, GROUP)).map(([, group]) => group);
}

/** The one group meant by `text`; `usage/not-found` or `usage/ambiguous` otherwise. */
export async function findGroup(store: ProfileStore, text: string): Promise<GroupState> {
  const found = meantBy(await allGroups(store), text, ({ group, name }) => ({ id: toHex(group), name }));
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first) throw new Fault("usage/ambiguous", "more than one group can be meant by that", { next: "name-group" });
  throw new Fault("usage/not-found", "this profile is in no such group", { next: "see-groups" });
}
