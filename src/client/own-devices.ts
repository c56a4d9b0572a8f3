/** The devices of our own account: which there are, how this one comes into the account's groups, and unlinking another. */
import { ACCOUNT, LINKING, SHARED } from "../protocol/records/account.ts";
import { type GroupState, OUT } from "../protocol/records/group.ts";
import { Fault, isFault } from "../wire/fault.ts";
import { DeviceKey } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientMethods, DeviceView, GroupName } from "./api.ts";
import { catchUp, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import { waitUntil } from "./event-hub.ts";
import { allGroups } from "./group-names.ts";
import { beginsId } from "./meant-by.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readExistingRecord, readRecord, readSavedRoster, scanRecords } from "./profile-reader.ts";
import { groupName, isoTime } from "./views.ts";

/** A group in which this device is, and the devices (hex) that it knows to be in it. */
interface Presence {
  readonly group: GroupState;
  readonly devices: ReadonlySet<string>;
}

async function presences(store: ProfileStore): Promise<readonly Presence[]> {
  const found: Presence[] = [];
  for (const group of await allGroups(store)) {
    if (!group.sending || (await readRecord(store, OUT, toHex(group.group)))) continue;
    const roster = await readSavedRoster(store, toHex(group.sending));
    found.push({ group, devices: new Set(roster?.map(({ device }) => toHex(device))) });
  }
  return found;
}

/** See `devices` in api.ts. */
export async function listDevices({ store }: CallContext): Promise<ClientMethods["devices"][1]> {
  const own = await readExistingRecord(store, ACCOUNT);
  const groups = await presences(store);
  const devices: DeviceView[] = [];
  for (const [, { value }] of await scanRecords(store, SHARED)) {
    if (value.kind !== "device") continue;
    const device = toHex(value.device);
    devices.push({
      device,
      since: isoTime(value.since),
      current: device === toHex(own.device),
      unlinked: value.unlinked,
      groups: groups.filter((each) => each.devices.has(device)).length,
    });
  }
  return { devices };
}

/** See `device-unlink` in api.ts. */
export async function unlinkDevice(
  context: CallContext,
  { device: text, waitMs }: ClientMethods["device-unlink"][0],
  options: CallOptions,
): Promise<ClientMethods["device-unlink"][1]> {
  const { store, put } = context;
  const since = await catchUp(context, options);
  const name = meant((await listDevices(context)).devices, text);
  const device = DeviceKey.from(fromHex(name) ?? new Uint8Array());
  await put({ kind: "retire-device", device });
  const [unlinked, refused]: [GroupName[], GroupName[]] = [[], []];
  for (const { group, devices } of await presences(store)) {
    if (!devices.has(name)) continue;
    try {
      await put({ kind: "change-group", group: group.group, change: { kind: "unlink", device } });
      unlinked.push(groupName(group));
    } catch (error) {
      if (!isFault(error, "usage/not-allowed")) throw error;
      refused.push(groupName(group));
    }
  }
  return { device: name, unlinked, refused, ...(await waitSent(context, { since, waitMs }, options)) };
}

/** The one other device that is meant. */
function meant(devices: readonly DeviceView[], text: string): string {
  const found = devices.filter(({ device }) => beginsId(device, text));
  const [first] = found;
  if (first === undefined)
    throw new Fault("usage/not-found", "your account has no such device", { next: "see-devices" });
  if (found.length > 1)
    throw new Fault("usage/ambiguous", "more than one device begins like that; type more of its id");
  if (first.current)
    throw new Fault(
      "usage/bad-argument",
      "this is the device that you are using, and it cannot unlink itself: do it on another device of your account",
    );
  return first.device;
}

/** See `linking` in api.ts. */
export async function waitForLinks(
  { store, hub, clock }: CallContext,
  { waitMs = 0 }: ClientMethods["linking"][0],
  { signal }: CallOptions,
): Promise<ClientMethods["linking"][1]> {
  const waiting = () => scanRecords(store, LINKING);
  // a group with nobody else in it waits for a device of our own, which may never come
  const isDone = async () => (await waiting()).every(([, { contacts }]) => contacts.length <= 1);
  await waitUntil(isDone, { hub, clock, waitMs, signal });
  return {
    groups: (await waiting()).map(([id, { name, contacts }]) => ({
      group: { id, name },
      state: contacts.length <= 1 ? ("alone" as const) : ("pending" as const),
    })),
  };
}
