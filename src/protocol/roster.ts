/**
 * The devices of an epoch: those of all members in the past of its heads, sorted by key, so that a device's place is its
 * index. From a log they are had without sorting them all again.
 *
 * @see PROTOCOL.md § Group key schedule
 */
import { compareBytes, equalBytes } from "../verify/transcript.ts";
import type { AccountKey, DeviceKey, EntryHash } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { orderOf, rememberOrder } from "./device-claims.ts";
import { type GroupView, ownerAmongThose } from "./group-view.ts";
import { resolveAt } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import type { RosterDevice } from "./records/roster.ts";

/** Devices of all members in the past of these heads, sorted by device key: the place is the index. */
export const devicesIn = (log: LogState, heads: readonly EntryHash[]): readonly RosterDevice[] =>
  devicesOf(resolveAt(log, heads).view);

/** Changed devices up to which the sorted ones are changed, not made anew. */
const CHANGES_MAX = 64;

/** Devices of all members, sorted. What is answered never changes. */
export function devicesOf(view: GroupView): readonly RosterDevice[] {
  const order = orderOf(view.claims);
  // who of several accounts has a device depends on their ranks, too
  if (!order || order.contested.size > 0 || order.changed.size > CHANGES_MAX) {
    const sorted = sortedDevices(view);
    rememberOrder(view.claims, sorted);
    return sorted;
  }
  if (order.changed.size > 0) order.sorted = withChanges(view, order.sorted, order.changed);
  order.changed.clear();
  return order.sorted;
}

function sortedDevices(view: GroupView): readonly RosterDevice[] {
  const found: (readonly [string, RosterDevice])[] = [];
  for (const name of view.claims.keys()) {
    const device = deviceNamed(view, name);
    if (device) found.push([name, device]);
  }
  // the order of the hex is that of the bytes, and it is here already
  found.sort(([one], [other]) => (one < other ? -1 : 1));
  return found.map(([, device]) => device);
}

function deviceNamed(view: GroupView, name: string): RosterDevice | undefined {
  const member = view.members.get(ownerAmongThose(view, view.claims.get(name) ?? []) ?? "");
  const [first, ...others] = member?.devices ?? [];
  const device = others.length === 0 ? first : member?.devices.find((each) => toHex(each) === name);
  return member && device && { device, account: member.account };
}

function withChanges(
  view: GroupView,
  sorted: readonly RosterDevice[],
  changed: ReadonlySet<string>,
): readonly RosterDevice[] {
  const devices = [...sorted];
  for (const name of changed) {
    const key = fromHex(name) ?? new Uint8Array();
    const at = placeFor(devices, key);
    const isThere = isAt(devices, at, key);
    const now = deviceNamed(view, name);
    devices.splice(at, isThere ? 1 : 0, ...(now ? [now] : []));
  }
  return devices;
}

/** Where this key stands, or would stand. */
function placeFor(devices: readonly RosterDevice[], key: Uint8Array): number {
  let [from, to] = [0, devices.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const device = devices[middle]?.device;
    if (device && compareBytes(device, key) < 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

const isAt = (devices: readonly RosterDevice[], place: number, key: Uint8Array): boolean =>
  equalBytes(devices[place]?.device ?? new Uint8Array(), key);

/** Index of a device among those of an epoch, -1 for none. */
export function indexIn(devices: readonly RosterDevice[], device: DeviceKey): number {
  const at = placeFor(devices, device);
  return isAt(devices, at, device) ? at : -1;
}

/** What one roster has and lacks beside another. */
export interface RosterChange {
  readonly gone: readonly DeviceKey[];
  readonly come: readonly RosterDevice[];
}

/** How `devices` differ from `base`; both sorted. `undefined` when by more than `most`. */
export function changeBetween(
  base: readonly RosterDevice[],
  devices: readonly RosterDevice[],
  most: number,
): RosterChange | undefined {
  const [gone, come]: [DeviceKey[], RosterDevice[]] = [[], []];
  let [i, j] = [0, 0];
  while (i < base.length || j < devices.length) {
    if (gone.length + come.length > most) return undefined;
    const [one, other] = [base[i], devices[j]];
    const order = one === other ? 0 : !one ? 1 : !other ? -1 : compareBytes(one.device, other.device);
    const isOther = order === 0 && one && other && one !== other && !equalBytes(one.account, other.account);
    if (one && (order < 0 || isOther)) gone.push(one.device);
    if (other && (order > 0 || isOther)) come.push(other);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return gone.length + come.length > most ? undefined : { gone, come };
}

/** The sorted devices after a change. */
export function changedBy(base: readonly RosterDevice[], { gone, come }: RosterChange): readonly RosterDevice[] {
  if (gone.length + come.length === 0) return base;
  const devices = [...base];
  for (const device of gone) {
    const at = placeFor(devices, device);
    if (isAt(devices, at, device)) devices.splice(at, 1);
  }
  for (const each of come) devices.splice(placeFor(devices, each.device), 0, each);
  return devices;
}

/** Devices that an entry lets in. */
export function newDevices({
  action,
}: LogEntry): readonly { readonly account: AccountKey; readonly device: DeviceKey }[] {
  if (action.kind === "link") return [{ account: action.account, device: action.device }];
  if (action.kind !== "add") return [];
  return action.members.flatMap(({ account, devices }) => devices.map((device) => ({ account, device })));
}
