/**
 * Which concurrent heads have an epoch together. Everybody says the same, since their past alone decides.
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, EntryHash } from "../wire/ids.ts";
import { pastOf } from "./log-graph.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import type { RosterDevice } from "./records/roster.ts";
import { changeBetween, devicesIn, indexIn, newDevices } from "./roster.ts";

/**
 * One head's own members are all still in: else two who were removed concurrently could put together what each of
 * them knows and the other lacks. And whoever cannot derive a head, having come in beside it, has somebody in the epoch
 * who tells it: a device that let it in.
 */
export function isMergeable(log: LogState, heads: readonly EntryHash[]): boolean {
  const inside = devicesIn(log, heads);
  const changes = heads.map((head) => changeBetween(devicesIn(log, [head]), inside, Number.POSITIVE_INFINITY));
  if (!changes.some((each) => each?.gone.length === 0)) return false;
  const newcomers = new Map(changes.flatMap((each) => each?.come ?? []).map((each) => [each.device, each]));
  return newcomers.size === 0 || areTold(log, heads, { inside, newcomers: [...newcomers.keys()] });
}

interface Newcomers {
  readonly inside: readonly RosterDevice[];
  readonly newcomers: readonly DeviceKey[];
}

function areTold(log: LogState, heads: readonly EntryHash[], { inside, newcomers }: Newcomers): boolean {
  let left = newcomers;
  for (const place of pastOf(log, heads).toReversed()) {
    const entry = log.entries[place];
    if (entry && isAdmitting(entry) && indexIn(inside, entry.author) >= 0)
      left = left.filter((each) => !newDevices(entry).some(({ device }) => equalBytes(device, each)));
    if (left.length === 0) return true;
  }
  return false;
}

/** Lets devices in. */
export const isAdmitting = ({ action }: LogEntry): boolean => action.kind === "add" || action.kind === "link";
