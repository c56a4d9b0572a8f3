/** Groups whose admins have said why they do not let this profile in. */
import { refusalOf } from "../protocol/join-refusals.ts";
import { GROUP } from "../protocol/records/group.ts";
import { ASKED, JOINING } from "../protocol/records/joining.ts";
import { Fault, type FaultCode } from "../wire/fault.ts";
import type { JoinRefusal } from "../wire/join-request.ts";
import type { RefusalView, RefusedJoin } from "./group-api.ts";
import { isOutOf } from "./group-ranks.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord, scanRecords } from "./profile-reader.ts";
import { type Refusal, refusalText } from "./warnings.ts";

const CODES: Readonly<Record<JoinRefusal, FaultCode>> = {
  expired: "usage/expired",
  revoked: "usage/expired",
  usedUp: "usage/expired",
  removed: "usage/not-allowed",
  wrongPassword: "usage/wrong-passphrase",
  paused: "usage/not-allowed",
};

/** What a group's admins have answered to our asking; `id`: the group's, in hex. */
export async function refusalBy(store: ProfileStore, id: string): Promise<Refusal | undefined> {
  const told = (await readRecord(store, ASKED, id))?.refusal;
  return told && { reason: refusalOf(told.reason), triesLeft: told.triesLeft };
}

/** A refusal as `group-join` throws it. */
export function refusalFault(told: Refusal): Fault {
  return new Fault(CODES[told.reason], refusalText(told));
}

/** The same as other calls show it. */
export function refusalView(told: Refusal): RefusalView {
  return { code: CODES[told.reason], message: refusalText(told) };
}

/** All groups that were asked and have refused, and in which this profile is not for all that. */
export async function refusedJoins(store: ProfileStore): Promise<readonly RefusedJoin[]> {
  const found: RefusedJoin[] = [];
  for (const [id] of await scanRecords(store, JOINING)) {
    const told = await refusalBy(store, id);
    const group = await readRecord(store, GROUP, id);
    const isOutside = group === undefined || (await isOutOf(store, group));
    if (told && isOutside) found.push({ group: { id, name: group?.name ?? "" }, ...refusalView(told) });
  }
  return found;
}
