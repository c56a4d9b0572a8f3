/**
 * The devices of an epoch in the profile: as what they differ by from those of an earlier epoch, so that an addition does
 * not cost a list of all members again. Rosters that were read or written a moment ago are remembered.
 *
 * 1. A roster names the one that it begins with by a hash of its record; it is taken from memory only by that name.
 * 2. The epochs that begin with the same one stand beside each other among those that are read: with the last of them it is erased.
 *
 * @see PROTOCOL.md § Saved records
 */
import { hashOf } from "../crypto/kdf.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { EpochId, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import type { LiveEpoch } from "./records/epoch.ts";
import { idOf } from "./records/record.ts";
import { ROSTER, ROSTER_BASE, type RosterDevice, type RosterState, WHOLE_ROSTER } from "./records/roster.ts";
import { changeBetween, changedBy } from "./roster.ts";
import { type Reading, read, readExisting, type Step, write } from "./step.ts";

/** Devices that a roster differs by from its base before another one is saved whole: so many at least, or a part of all. */
const CHANGES_LEAST = 32;
/** Root of the number of devices, times this: then the whole rosters and the changes cost alike. */
const CHANGES_FACTOR = 1.5;
/** Rosters remembered: of the epochs in which something happens at a time. */
const ROSTERS_MAX = 32;

type Devices = readonly RosterDevice[];

/** By name, the oldest first. */
const recent = new Map<string, Devices>();

function remember(name: string, devices: Devices): Devices {
  recent.delete(name);
  recent.set(name, devices);
  for (const oldest of recent.keys()) if (recent.size > ROSTERS_MAX) recent.delete(oldest);
  return devices;
}

/** Devices of an epoch (hex), sorted, or `undefined` when it is not (or no longer) ours to read. */
export function* readRoster(work: Reading, epoch: string): Step<Devices | undefined> {
  const state = yield* read(work, ROSTER, epoch);
  if (!state) return (yield* read(work, WHOLE_ROSTER, epoch))?.devices;
  return yield* devicesBy(work, epoch, state);
}

/** Devices of an epoch (hex), which must be there. */
export function* existingRoster(work: Reading, epoch: string): Step<Devices> {
  return (yield* readRoster(work, epoch)) ?? (yield* readExisting(work, WHOLE_ROSTER, epoch)).devices;
}

/** How many devices an epoch (hex) has. */
export function* rosterSize(work: Reading, epoch: string): Step<number> {
  return (yield* read(work, ROSTER, epoch))?.devices ?? (yield* readRoster(work, epoch))?.length ?? 1;
}

function* devicesBy(work: Reading, epoch: string, state: RosterState): Step<Devices> {
  const name = `${epoch}/${toHex(state.digest)}/${state.gone.length}/${state.come.length}`;
  return remember(name, recent.get(name) ?? changedBy(yield* baseOf(work, state), state));
}

function* baseOf(work: Reading, { group, base, digest }: RosterState): Step<Devices> {
  const name = toHex(digest);
  return remember(name, recent.get(name) ?? (yield* readExisting(work, ROSTER_BASE, idOf(group, base))).devices);
}

/** Saves the devices of an epoch. `before`: the one that was entered last in this group. */
export function* saveRoster(
  work: Work,
  { group, epoch }: { readonly group: GroupId; readonly epoch: EpochId },
  devices: Devices,
  before: EpochId | undefined,
): Step<void> {
  const state = before && (yield* read(work, ROSTER, toHex(before)));
  const most = Math.max(CHANGES_LEAST, CHANGES_FACTOR * Math.sqrt(devices.length));
  const change = state && changeBetween(yield* baseOf(work, state), devices, most);
  if (state && change) return write(work, ROSTER, toHex(epoch), { ...state, devices: devices.length, ...change });
  const id = idOf(group, epoch);
  write(work, ROSTER_BASE, id, { devices });
  const digest = hashOf(work.p, "saved-roster", work.written.get(ROSTER_BASE.prefix + id) ?? new Uint8Array());
  remember(toHex(digest), devices);
  write(work, ROSTER, toHex(epoch), { group, base: epoch, digest, devices: devices.length, gone: [], come: [] });
}

/**
 * Erases the roster of an epoch that is read no longer, and the one that it begins with unless an epoch beside it does so
 * as well. `live`: all epochs of its group that are still read, and this one, in their order.
 */
export function* eraseRoster(work: Work, epoch: EpochId, live: readonly LiveEpoch[]): Step<void> {
  const state = yield* read(work, ROSTER, toHex(epoch));
  write(work, ROSTER, toHex(epoch), null);
  write(work, WHOLE_ROSTER, toHex(epoch), null);
  if (!state) return;
  const at = live.findIndex((each) => equalBytes(each.epoch, epoch));
  for (const beside of [live[at - 1], live[at + 1]]) {
    const other = beside && (yield* read(work, ROSTER, toHex(beside.epoch)));
    if (other && equalBytes(other.base, state.base)) return;
  }
  write(work, ROSTER_BASE, idOf(state.group, state.base), null);
}
