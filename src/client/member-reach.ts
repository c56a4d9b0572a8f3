/**
 * What this profile remembers of where other members' devices are, and whether they are connected to this process: so
 * people see whether their group would find together again without a relay.
 * @see PROTOCOL.md § Addresses
 */
import type { GroupView } from "../protocol/group-view.ts";
import { resolve } from "../protocol/log-resolution.ts";
import { ACCOUNT } from "../protocol/records/account.ts";
import { type GroupState, MEMBER_ADDRESS } from "../protocol/records/group.ts";
import { toHex } from "../wire/text-forms.ts";
import type { GroupName } from "./api.ts";
import type { CallContext } from "./calls.ts";
import type { PersonName } from "./group-api.ts";
import { allGroups } from "./group-names.ts";
import { isOutOf } from "./group-ranks.ts";
import { isWay, processOf } from "./own-addresses.ts";
import { readExistingLog, readExistingRecord, scanRecords } from "./profile-reader.ts";
import type { PeerView } from "./relay-api.ts";
import { groupName, isoTime } from "./views.ts";

/** Addresses that are remembered of one group are fewer (member-addresses.ts). */
const DEVICES_SCANNED = 256;

/** Another device of a group, and what is known of the way to it. */
export interface MemberReach {
  readonly group: GroupName;
  readonly member: PersonName;
  /** Lower-case hex. */
  readonly device: string;
  /** In how many ways it may be reached, circuits through relays among them. */
  readonly addresses: number;
  /** ISO 8601 UTC: when it said so, by its clock, and until when that is remembered. */
  readonly learnt: string;
  readonly expires: string;
  /** How it is connected to this process now; `none`: not at all. */
  readonly path: PeerView["path"] | "none";
}

/** Devices that have told where they are, and how many other devices there are in all groups. */
export interface Reached {
  readonly members: readonly MemberReach[];
  readonly devices: number;
}

/** Looks through all groups in which we are. */
export async function membersReach(context: Pick<CallContext, "store" | "network" | "clock">): Promise<Reached> {
  const { store } = context;
  const members: MemberReach[] = [];
  let devices = 0;
  for (const group of await allGroups(store)) {
    if (await isOutOf(store, group)) continue;
    const owners = devicesOf(resolve(await readExistingLog(store, toHex(group.group))).view);
    devices += Math.max(0, owners.size - 1);
    members.push(...(await reachedIn(context, group, owners)));
  }
  return { members, devices };
}

/** By the device (hex), whose it is. */
function devicesOf(view: GroupView): Map<string, PersonName> {
  const all = [...view.members.values()].flatMap(({ account, name, devices }) =>
    devices.map((device) => [toHex(device), { account: toHex(account), name }] as const),
  );
  return new Map(all);
}

async function reachedIn(
  { store, network, clock }: Pick<CallContext, "store" | "network" | "clock">,
  group: GroupState,
  owners: ReadonlyMap<string, PersonName>,
): Promise<readonly MemberReach[]> {
  const own = toHex((await readExistingRecord(store, ACCOUNT)).device);
  const paths = new Map(network.peers().map(({ peerId, path }) => [peerId, path]));
  const prefix = `${toHex(group.group)}/`;
  const found = await scanRecords(store, MEMBER_ADDRESS, { after: prefix, limit: DEVICES_SCANNED });
  return found.flatMap(([id, { addresses, saidAt, expiresAt }]) => {
    if (!id.startsWith(prefix)) return [];
    const device = id.slice(prefix.length);
    const member = owners.get(device);
    if (!member || device === own || expiresAt <= clock.nowMs()) return [];
    const process = processOf(addresses);
    const path = (process === undefined ? undefined : paths.get(process)) ?? "none";
    const times = { learnt: isoTime(saidAt), expires: isoTime(expiresAt) };
    return [{ group: groupName(group), member, device, addresses: addresses.filter(isWay).length, ...times, path }];
  });
}
