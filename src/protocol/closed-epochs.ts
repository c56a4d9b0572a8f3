/**
 * Epochs of merged heads that somebody sent in and we never passed through: where three branches meet, or more, each device
 * takes in their entries in an order of its own. Whoever sent in such an epoch says so when it closes its chain there; the
 * heads are then found among those that no entry joins.
 *
 * 1. Nothing is asked of anybody, and nothing is used up for heads that turn out to be others.
 * 2. One message costs at most TRIED_MAX derivations, and a log without branches none.
 *
 * @see PROTOCOL.md § Merging concurrent heads
 */
import { equalBytes } from "../verify/transcript.ts";
import type { EntryHash, EpochId, GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { enterHeads, mergedEpochId } from "./epoch-merges.ts";
import { graphOf, pastOf } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { GROUP } from "./records/group.ts";
import { existingLog } from "./saved-log.ts";
import { readExisting, type Step, write } from "./step.ts";

/** Newest key entries that are looked at: those of some days of a busy group. */
const ENTRIES_MAX = 24;
/** Sets of heads that are listed, and of which the epoch is computed: about a millisecond each. */
const LISTED_MAX = 256;
const TRIED_MAX = 16;

/** Somebody closed its chains in these epochs, which we do not know. */
export function* enterClosed(work: Work, groupId: GroupId, closed: readonly EpochId[]): Step<void> {
  const log = yield* existingLog(work, toHex(groupId));
  let tried = 0;
  for (const heads of branchEnds(log)) {
    const epoch = yield* mergedEpochId(work, log, heads);
    if (epoch && closed.some((each) => equalBytes(each, epoch))) {
      const group = yield* readExisting(work, GROUP, toHex(groupId));
      write(work, GROUP, toHex(groupId), yield* enterHeads(work, group, log, heads));
    }
    if (epoch && ++tried === TRIED_MAX) return;
  }
}

/** Sets of key entries of which none is in the past of another, larger sets first, then newer ones. */
function branchEnds(log: LogState): readonly (readonly EntryHash[])[] {
  const entries = log.entries.filter(({ action }) => isKeyAction(action.kind) && action.kind !== "leave");
  const newest = entries.slice(-ENTRIES_MAX).reverse();
  const { places } = graphOf(log);
  const pasts = new Map(newest.map((each) => [each, new Set(pastOf(log, [each.hash]))]));
  const isBefore = (one: LogEntry, other: LogEntry): boolean =>
    pasts.get(other)?.has(places.get(toHex(one.hash)) ?? -1) ?? false;
  const found: (readonly LogEntry[])[] = [];
  const grow = (some: readonly LogEntry[], others: readonly LogEntry[]): void => {
    for (const [i, each] of others.entries()) {
      if (found.length >= LISTED_MAX) return;
      const more = [...some, each];
      if (more.length > 1) found.push(more);
      grow(
        more,
        others.slice(i + 1).filter((other) => !isBefore(other, each) && !isBefore(each, other)),
      );
    }
  };
  grow([], newest);
  return found.toSorted((a, b) => b.length - a.length).map((some) => some.map(({ hash }) => hash));
}
