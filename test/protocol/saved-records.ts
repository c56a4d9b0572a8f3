/** What steps that only read find in a profile's records. */
import type { RosterDevice } from "../../src/protocol/records/roster.ts";
import { existingLog, readLog } from "../../src/protocol/saved-log.ts";
import { existingRoster, readRoster } from "../../src/protocol/saved-roster.ts";
import type { Need, Reading, Step } from "../../src/protocol/step.ts";

/** As much of a map as it takes. */
type Records = Pick<ReadonlyMap<string, Uint8Array>, "get" | "entries">;

/** Runs such steps over these records. */
export function lookIn<T>(records: Records, steps: (draft: Reading) => Step<T>): T {
  const running = steps({ loaded: new Map(), written: new Map() });
  let next = running.next();
  while (!next.done) next = running.next(found(records, next.value));
  return next.value;
}

function found(records: Records, need: Need): ReadonlyMap<string, Uint8Array> {
  if (need.kind === "keys")
    return new Map(
      need.keys.flatMap((key) => {
        const bytes = records.get(key);
        return bytes ? [[key, bytes] as const] : [];
      }),
    );
  if (need.kind !== "scan") return new Map();
  const all = [...records.entries()].filter(([key]) => key.startsWith(need.prefix));
  return new Map(all.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, need.limit));
}

/** A group's log (hex), if there is one. */
export const logIn = (records: Records, group: string) => lookIn(records, (draft) => readLog(draft, group));
/** A group's log (hex), which must be there. */
export const existingLogIn = (records: Records, group: string) => lookIn(records, (draft) => existingLog(draft, group));

/** Devices of an epoch (hex), if it is there. */
export const rosterIn = (records: Records, epoch: string): readonly RosterDevice[] | undefined =>
  lookIn(records, (draft) => readRoster(draft, epoch));
/** Devices of an epoch (hex), which must be there. */
export const existingRosterIn = (records: Records, epoch: string): readonly RosterDevice[] =>
  lookIn(records, (draft) => existingRoster(draft, epoch));
