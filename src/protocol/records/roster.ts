/**
 * Records of who is in an epoch: most are saved as what they differ by from an earlier one.
 *
 * @see PROTOCOL.md § Saved records
 */
import { list, raw, struct, u32 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { AccountKey, DeviceKey, EpochId, GroupId } from "../../wire/ids.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

/** Devices of one epoch; an account has up to 8. */
export const ROSTER_MAX = 80_000;
const rosterDevice = struct({ device: DeviceKey, account: AccountKey });

/** A device of an epoch, and whose it is. */
export type RosterDevice = Infer<typeof rosterDevice>;

/** Devices of one epoch, sorted, whole: of the one with this id, and what the rosters of others begin with. id: group/epoch. */
export const ROSTER_BASE: RecordType<{ readonly devices: readonly RosterDevice[] }> = record(
  "roster-base/",
  struct({ devices: list(rosterDevice, ROSTER_MAX) }),
);

/** Devices that a roster may differ by from the one that it begins with. */
const ROSTER_CHANGES_MAX = 1_024;

/** Devices of an epoch, as what it differs by from those of an earlier one of its group. */
export const RosterState = struct({
  group: GroupId,
  /** Whose devices it begins with; its own for a roster that is saved whole. */
  base: EpochId,
  /** H("saved-roster", the record with these). */
  digest: raw(32),
  /** How many there are. */
  devices: u32,
  gone: list(DeviceKey, ROSTER_CHANGES_MAX),
  come: list(rosterDevice, ROSTER_CHANGES_MAX),
});
export type RosterState = Infer<typeof RosterState>;

/** id: epoch. */
export const ROSTER: RecordType<RosterState> = record("devices/", RosterState);

/** Devices of one epoch, sorted, as earlier versions kept them; id: epoch. */
export const WHOLE_ROSTER: RecordType<{ readonly devices: readonly RosterDevice[] }> = record(
  "roster/",
  struct({ devices: list(rosterDevice, ROSTER_MAX) }),
);
