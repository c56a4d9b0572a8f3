/** Who stands how in a group of ours by its saved log: other devices in the group, and we in its epochs. It changes nothing. */
import { frontierHash } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { AccountKey, DeviceKey, EntryHash, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { memberOfDevice, unlinkedName } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import type { LogState } from "./log-state.ts";
import type { PeerPrekeys } from "./pairwise.ts";
import { FORK } from "./records/epoch.ts";
import { GROUP, type GroupState, MISSING_SECRETS_MAX } from "./records/group.ts";
import { newDevices } from "./roster.ts";
import { existingLog } from "./saved-log.ts";
import { read, type Step, scan } from "./step.ts";

/**
 * We are in the group, and this device belongs or belonged to a member: what it wrote before it heard that it is out is
 * still read.
 */
export function* wasMembersDevice(work: Work, group: GroupId, device: DeviceKey): Step<boolean> {
  if (!(yield* read(work, GROUP, toHex(group)))) return false;
  const { entries } = yield* existingLog(work, toHex(group));
  const isFounders = equalBytes(entries[0]?.author ?? new Uint8Array(), device);
  return isFounders || entries.some((each) => newDevices(each).some((one) => equalBytes(one.device, device)));
}

/** We are in the group, and this device belongs to a member of it now. */
export function* isMembersDevice(work: Work, group: GroupId, device: DeviceKey): Step<boolean> {
  if (!(yield* read(work, GROUP, toHex(group)))) return false;
  const log = yield* existingLog(work, toHex(group));
  return memberOfDevice(resolve(log).view, device) !== undefined;
}

/** We are in this group, and in the epoch of this entry. */
export function* isEntered(
  work: Work,
  { group, entry }: { readonly group: GroupId; readonly entry: EntryHash },
): Step<boolean> {
  if (!(yield* read(work, GROUP, toHex(group)))) return false;
  return (yield* read(work, FORK, toHex(frontierHash(work.p, group, [entry])))) !== undefined;
}

/** The group, looking again for the secrets of these entries unless it has them. */
export function* wanting(work: Work, log: LogState, group: GroupState, hashes: readonly EntryHash[]): Step<GroupState> {
  const missing = [...group.missing];
  for (const hash of hashes) {
    const isEntered = yield* read(work, FORK, toHex(frontierHash(work.p, log.group, [hash])));
    if (!isEntered && !missing.some((each) => equalBytes(each, hash))) missing.push(hash);
  }
  return { ...group, missing: missing.slice(-MISSING_SECRETS_MAX) };
}

/** A stolen device goes on publishing its prekeys: those that their account has unlinked in some group of ours are left out. */
export function* withoutUnlinked(
  work: Work,
  account: AccountKey,
  prekeys: readonly PeerPrekeys[],
): Step<readonly PeerPrekeys[]> {
  const unlinked = new Set<string>();
  for (const [id] of yield* scan(work, GROUP))
    for (const name of resolve(yield* existingLog(work, id)).view.unlinked.keys()) unlinked.add(name);
  return prekeys.filter(({ bundle }) => !unlinked.has(unlinkedName(account, bundle.certificate.device)));
}
