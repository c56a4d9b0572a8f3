/**
 * Which accounts claim each device of a group, and the devices in order, as they were asked for last: most changes concern
 * one device, and the others need not be sorted again.
 *
 * 1. A device belongs to the claimant of highest rank, then lowest key; nearly always there is one.
 * 2. What is remembered of claims goes with their copies, and is never wrong: each change is noted.
 */
import type { RosterDevice } from "./records/roster.ts";
import type { SharedMap } from "./shared-map.ts";

/** Accounts that claim each device in use, sorted. Keys and values are lower-case hex. */
export type Claims = ReadonlyMap<string, readonly string[]>;

/** All devices as they were sorted once, and which have changed since. */
export interface DeviceOrder {
  sorted: readonly RosterDevice[];
  readonly changed: Set<string>;
  /** Claimed by several. */
  readonly contested: Set<string>;
}

const orders = new WeakMap<Claims, DeviceOrder>();

/** An account claims a device, or does so no longer. */
export function claim(claims: SharedMap<readonly string[]>, device: string, account: string, isClaimed: boolean): void {
  const others = (claims.get(device) ?? []).filter((each) => each !== account);
  const claiming = isClaimed ? [...others, account].sort() : others;
  if (claiming.length > 0) claims.set(device, claiming);
  else claims.delete(device);
  const order = orders.get(claims);
  order?.changed.add(device);
  if (claiming.length > 1) order?.contested.add(device);
  else order?.contested.delete(device);
}

/** A copy that can change by itself. */
export function copyOfClaims(claims: SharedMap<readonly string[]>): SharedMap<readonly string[]> {
  const copy = claims.copy();
  const order = orders.get(claims);
  if (order) {
    const { sorted, changed, contested } = order;
    orders.set(copy, { sorted, changed: new Set(changed), contested: new Set(contested) });
  }
  return copy;
}

/** What is remembered of the order of the devices. */
export const orderOf = (claims: Claims): DeviceOrder | undefined => orders.get(claims);

/** From now on changes are noted. */
export function rememberOrder(claims: Claims, sorted: readonly RosterDevice[]): void {
  const contested = [...claims].filter(([, claiming]) => claiming.length > 1).map(([device]) => device);
  orders.set(claims, { sorted, changed: new Set(), contested: new Set(contested) });
}
