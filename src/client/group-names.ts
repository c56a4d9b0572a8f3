/** Which group a person means: an id, the beginning of one, or a name. */

import { GROUPS_MAX } from "../protocol/machine.ts";
import { GROUP, type GroupState } from "../protocol/records.ts";
import { Fault } from "../wire/fault.ts";
import { toHex } from "../wire/text-forms.ts";
import type { ProfileStore } from "./ports.ts";
import { scanRecords } from "./profile-reader.ts";

/** Hex digits from which on a beginning of an id is accepted. */
const ID_PREFIX_MIN = 4;

/** All groups that this profile is in. */
export async function allGroups(store: ProfileStore): Promise<readonly GroupState[]> {
  return (await scanRecords(store, GROUP, { limit: GROUPS_MAX })).map(([, group]) => group);
}

/** The one group meant by `text`; `usage/not-found` or `usage/ambiguous` otherwise. */
export async function findGroup(store: ProfileStore, text: string): Promise<GroupState> {
  const groups = await allGroups(store);
  const wanted = text.trim();
  const byName = groups.filter((group) => group.name === wanted);
  const byId = wanted.length >= ID_PREFIX_MIN ? groups.filter((group) => toHex(group.group).startsWith(wanted)) : [];
  const found = byName.length > 0 ? byName : byId;
  const [first] = found;
  if (first && found.length === 1) return first;
  if (first)
    throw new Fault(
      "usage/ambiguous",
      `more than one group is called that; use an id from \`hermes group list\` instead`,
    );
  throw new Fault("usage/not-found", "this profile is in no such group; `hermes group list` shows those it is in");
}
