/**
 * Where a group's envelopes are stored, as its settings say; as long as these are silent, as whoever let us in said.
 *
 * 1. What the newest settings say holds. A relay that they name no more is used for FORMER_RELAY_MS more, so that the
 *    change reaches it: members who were away find there where the group has gone.
 * 2. At most RELAYS_MAX former ones are kept, those that were left last.
 *
 * @see PROTOCOL.md § Relays of a group
 */
import type { GroupId, TimeMs } from "../wire/ids.ts";
import { RELAYS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import type { GroupSettings } from "./group-view.ts";
import { FORMER_RELAYS, type FormerRelay, type GroupState } from "./records/group.ts";
import { UNASKED } from "./records/joining.ts";
import { read, type Step, write } from "./step.ts";

/** Ms for which a relay that a group has left is still written to and read: members healing it need not hurry. */
export const FORMER_RELAY_MS = 7 * 24 * 3600 * 1000;

/** The group with the name and relays that these settings give it; what follows from other relays is written down. */
export function* withSettingsOf(work: Work, group: GroupState, { name, relays }: GroupSettings): Step<GroupState> {
  const named = { ...group, name };
  if (relays.length === 0 || isSame(relays, group.relays)) return named;
  const until = (work.nowMs + FORMER_RELAY_MS) as TimeMs;
  const left = group.relays.filter((each) => !relays.includes(each)).map((address) => ({ address, until }));
  const before = yield* formerRelays(work, group.group);
  const still = before.filter(({ address }) => !relays.includes(address) && !group.relays.includes(address));
  const former = [...left, ...still].slice(0, RELAYS_MAX);
  write(work, FORMER_RELAYS, toHex(group.group), former.length === 0 ? null : { relays: former });
  const moved = { ...named, relays };
  yield* useRelaysOf(work, moved);
  return moved;
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((each, i) => each === others[i]);

/** Has exactly these relays used for the group: its own, and those that it left not long ago. */
export function* useRelaysOf(work: Work, { group, relays }: Pick<GroupState, "group" | "relays">): Step<void> {
  const toldBy = (yield* read(work, UNASKED, toHex(group))) === undefined ? "us" : "adder";
  const former = yield* formerRelays(work, group);
  const all = [...relays, ...former.map(({ address }) => address)];
  work.effects.push({ kind: "use-relays", relays: all, toldBy, group });
}

/** Forgets relays that the group left long ago. */
export function* forgetFormerRelays(work: Work, group: GroupId): Step<void> {
  const known = yield* read(work, FORMER_RELAYS, toHex(group));
  const relays = yield* formerRelays(work, group);
  if (!known || relays.length === known.relays.length) return;
  write(work, FORMER_RELAYS, toHex(group), relays.length === 0 ? null : { relays });
}

function* formerRelays(work: Work, group: GroupId): Step<readonly FormerRelay[]> {
  const known = yield* read(work, FORMER_RELAYS, toHex(group));
  return known?.relays.filter(({ until }) => until > work.nowMs) ?? [];
}
