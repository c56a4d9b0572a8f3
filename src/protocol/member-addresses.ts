/**
 * Where the devices of a group can be reached without a relay: said in passing, remembered, and dialled at the next start.
 *
 * 1. An address is said inside the epoch's live frames, signed by the device: nobody outside learns it, nobody makes one up.
 * 2. Whoever hears of a device of which it knew nothing answers with its own; in large groups some do, by lot.
 * 3. At most DEVICES_REMEMBERED a group, each until it expires; only devices that are in the group are dialled.
 * 4. A frame that comes again, or late, changes nothing.
 *
 * @see PROTOCOL.md § Addresses
 */
import type { DeviceKey, TimeMs } from "../wire/ids.ts";
import { MEMBER_ADDRESS_MAX_BYTES, MEMBER_ADDRESSES_MAX } from "../wire/limits.ts";
import type { LiveContent } from "../wire/live.ts";
import { toHex } from "../wire/text-forms.ts";
import { encodeUtf8 } from "../wire/utf8.ts";
import type { Work } from "./effects.ts";
import { sayInPassing } from "./live-saying.ts";
import { ACCOUNT } from "./records/account.ts";
import { EPOCH, type EpochState } from "./records/epoch.ts";
import { GROUP, MEMBER_ADDRESS } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { readRoster, rosterSize } from "./saved-roster.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms for which an address is remembered: a machine that is switched off over night, and a week's absence. */
const EXPIRES_MS = 7 * 24 * 3600 * 1000;
/** Ms between two times that we say the same addresses in one group. */
const SAY_AGAIN_MS = 60_000;
/** Devices of a group whose addresses are remembered: ten times as many as are needed to come back. */
const DEVICES_REMEMBERED = 64;
/** Bytes of all addresses in one frame, with their lengths: beside signature and padding they fit it. */
const ADDRESSES_BYTES = 720;
/** Devices of a group of which so many say their addresses, and so many answer somebody new: each needs a few neighbours. */
const SAID_BY = 64;
const ANSWERED_BY = 8;
/** Groups in which addresses are said: those of one screen. */
const GROUPS_MAX = 64;

/** We can be heard: says in each group where we can be reached, if that was not said there of late. */
export function* sayAddresses(work: Work, addresses: readonly string[]): Step<void> {
  const told = fitting(addresses);
  const { device } = yield* readExisting(work, ACCOUNT);
  const groups = (yield* scan(work, GROUP)).map(([, group]) => group).toReversed();
  for (const { sending } of groups.slice(0, GROUPS_MAX)) {
    const epoch = sending && (yield* read(work, EPOCH, toHex(sending)));
    if (!epoch || told.length === 0) continue;
    const before = yield* read(work, MEMBER_ADDRESS, idOf(epoch.group, device));
    const isSame = before?.addresses.join() === told.join();
    const isRecent = before && before.saidAt <= work.nowMs && work.nowMs - before.saidAt < SAY_AGAIN_MS;
    if (!(isSame && isRecent) && (yield* isAmong(work, epoch, SAID_BY))) yield* sayIn(work, epoch, device, told);
  }
}

/** Those with which one frame can be filled. */
function fitting(addresses: readonly string[]): readonly string[] {
  let free = ADDRESSES_BYTES;
  return addresses
    .filter((each) => {
      const bytes = encodeUtf8(each).length;
      if (bytes > MEMBER_ADDRESS_MAX_BYTES || bytes + 4 > free) return false;
      free -= bytes + 4;
      return true;
    })
    .slice(0, MEMBER_ADDRESSES_MAX);
}

function* sayIn(work: Work, epoch: EpochState, device: DeviceKey, addresses: readonly string[]): Step<void> {
  const expiresAt = (work.nowMs + EXPIRES_MS) as TimeMs;
  write(work, MEMBER_ADDRESS, idOf(epoch.group, device), { addresses, saidAt: work.nowMs as TimeMs, expiresAt });
  yield* sayInPassing(work, epoch, { kind: "addresses", addresses, expiresAt });
}

/** Whether we are one of about `count` of the epoch's devices, by lot. */
function* isAmong(work: Work, { epoch }: EpochState, count: number): Step<boolean> {
  const devices = yield* rosterSize(work, toHex(epoch));
  const [a = 0, b = 0] = work.random(2);
  return (a * 256 + b) / 65_536 < count / devices;
}

/** What was said, and who said it. */
export interface SaidAddresses {
  readonly device: DeviceKey;
  readonly saidAt: TimeMs;
  readonly said: Extract<LiveContent, { readonly kind: "addresses" }>;
}

/** A device of the epoch said where it can be reached. */
export function* hearAddresses(work: Work, epoch: EpochState, { device, saidAt, said }: SaidAddresses): Step<void> {
  const id = idOf(epoch.group, device);
  const before = yield* read(work, MEMBER_ADDRESS, id);
  if (before && before.saidAt >= saidAt) return;
  const expiresAt = Math.min(said.expiresAt, work.nowMs + EXPIRES_MS) as TimeMs;
  if (expiresAt <= work.nowMs) return;
  const at = Math.min(saidAt, work.nowMs) as TimeMs;
  write(work, MEMBER_ADDRESS, id, { addresses: said.addresses, saidAt: at, expiresAt });
  if (!before) yield* makeRoom(work, epoch);
  work.effects.push({ kind: "use-addresses", addresses: said.addresses });
  const own = (yield* readExisting(work, ACCOUNT)).device;
  const ours = yield* read(work, MEMBER_ADDRESS, idOf(epoch.group, own));
  if (ours && !before && (yield* isAmong(work, epoch, ANSWERED_BY))) yield* sayIn(work, epoch, own, ours.addresses);
}

/** The one that was heard of longest ago goes. */
function* makeRoom(work: Work, { group }: EpochState): Step<void> {
  const all = yield* scan(work, MEMBER_ADDRESS, `${toHex(group)}/`, DEVICES_REMEMBERED + 1);
  if (all.length <= DEVICES_REMEMBERED) return;
  const [oldest] = all.toSorted(([, one], [, other]) => one.saidAt - other.saidAt);
  if (oldest) write(work, MEMBER_ADDRESS, oldest[0], null);
}

/** The program starts: members may be where they were. What has expired, or belongs to somebody who is out, is forgotten. */
export function* useRememberedAddresses(work: Work): Step<void> {
  const own = (yield* readExisting(work, ACCOUNT)).device;
  const found: { readonly saidAt: number; readonly addresses: readonly string[] }[] = [];
  for (const [, { group, sending }] of yield* scan(work, GROUP)) {
    const devices = (sending && (yield* readRoster(work, toHex(sending)))) ?? [];
    const members = new Set(devices.map((each) => toHex(each.device)));
    for (const [id, state] of yield* scan(work, MEMBER_ADDRESS, `${toHex(group)}/`, DEVICES_REMEMBERED + 1)) {
      const device = id.split("/")[1] ?? "";
      const isUseful = state.expiresAt > work.nowMs && members.has(device);
      if (!isUseful) write(work, MEMBER_ADDRESS, id, null);
      else if (device !== toHex(own)) found.push(state);
    }
  }
  const lastHeardFirst = found.toSorted((one, other) => other.saidAt - one.saidAt);
  const addresses = [...new Set(lastHeardFirst.flatMap((each) => each.addresses))];
  if (addresses.length > 0) work.effects.push({ kind: "use-addresses", addresses });
}
