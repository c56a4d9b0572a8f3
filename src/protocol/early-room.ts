/**
 * Room for keys that overtake the welcome or the entry that says who sent them: of groups that we are not in, and from
 * devices of which we have not heard yet that they are in the group. Anyone who knows our inbox can fill it.
 *
 * 1. It is bounded, for all together and for each sender, and what lies in it goes after EARLY_MS.
 *
 * @see PROTOCOL.md § Welcomes
 */
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, TimeMs } from "../wire/ids.ts";
import type { Work } from "./effects.ts";
import { EARLY, EARLY_AT, EARLY_ENTRY, SECRET } from "./records/key-delivery.ts";
import { type Step, scan, write } from "./step.ts";

/** Records of each kind. */
export const EARLY_MAX = 256;
/** Secrets among those from one device: re-keys while our welcome is under way. */
export const EARLY_SECRETS_PER_SENDER_MAX = 8;
/** Contributions among those from one device: one for each set of branches that it merged meanwhile. */
export const EARLY_CONTRIBUTIONS_PER_SENDER_MAX = 64;
/** Ms for which they are kept: as long as the welcome that they may have overtaken is waited for. */
export const EARLY_MS = 24 * 3600 * 1000;

/** Whether one more from that device is kept, of which each may have `most`. */
export function hasRoomFor(
  from: DeviceKey,
  others: readonly (readonly [string, { readonly from: DeviceKey }])[],
  most: number,
): boolean {
  const own = others.filter(([, each]) => equalBytes(each.from, from));
  return others.length < EARLY_MAX && own.length < most;
}

/** A record of that id came early. */
export function noteEarly(work: Work, id: string): void {
  write(work, EARLY_AT, id, { at: work.nowMs as TimeMs });
}

/** Erases what nobody has asked for since it came. */
export function* eraseEarly(work: Work): Step<void> {
  for (const [id, { at }] of yield* scan(work, EARLY_AT, "", 2 * EARLY_MAX)) {
    if (work.nowMs - at <= EARLY_MS) continue;
    write(work, EARLY_AT, id, null);
    if (id.split("/").length > 2) {
      write(work, EARLY, id, null);
      continue;
    }
    write(work, SECRET, id, null);
    write(work, EARLY_ENTRY, id, null);
  }
}
