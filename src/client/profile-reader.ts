/** Reading records outside of a step, for what is only shown. Changes go through the step queue alone. */
import type { LogState } from "../protocol/log-state.ts";
import type { RosterDevice } from "../protocol/records/roster.ts";
import { existingLog } from "../protocol/saved-log.ts";
import { readRoster } from "../protocol/saved-roster.ts";
import { type Reading, type RecordType, SCAN_MAX, type Step } from "../protocol/step.ts";
import { decode } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";
import type { ProfileStore } from "./ports/profile.ts";

/** The record, or `undefined`. */
export async function readRecord<T>(
  store: Pick<ProfileStore, "load">,
  type: RecordType<T>,
  id = "",
): Promise<T | undefined> {
  const key = type.prefix + id;
  const bytes = (await store.load([key])).get(key);
  return bytes && decoded(type, bytes);
}

/** The record, which must exist. */
export async function readExistingRecord<T>(
  store: Pick<ProfileStore, "load">,
  type: RecordType<T>,
  id = "",
): Promise<T> {
  const value = await readRecord(store, type, id);
  if (value === undefined) throw new Fault("storage/corrupt", `the profile lacks its record ${type.prefix}`);
  return value;
}

/** Records of the type whose id is greater than `after`, at most `limit` (default: all that a profile has), in key order, with their ids. */
export async function scanRecords<T>(
  store: ProfileStore,
  type: RecordType<T>,
  { after, limit = SCAN_MAX }: { readonly after?: string | undefined; readonly limit?: number } = {},
): Promise<readonly (readonly [string, T])[]> {
  const options = after === undefined ? { limit } : { after: type.prefix + after, limit };
  const found = await store.scan(type.prefix, options);
  return found.map(([key, bytes]) => [key.slice(type.prefix.length), decoded(type, bytes)] as const);
}

/** What steps that only read answer, over the profile as it is committed. */
export async function look<T>(
  store: Pick<ProfileStore, "load" | "scan">,
  steps: (draft: Reading) => Step<T>,
): Promise<T> {
  const running = steps({ loaded: new Map(), written: new Map() });
  let next = running.next();
  while (!next.done) {
    const need = next.value;
    if (need.kind === "keys") next = running.next(await store.load(need.keys));
    else if (need.kind === "scan") next = running.next(new Map(await store.scan(need.prefix, { limit: need.limit })));
    else throw new Fault("internal/invariant", "what is only shown asks for records alone");
  }
  return next.value;
}

/** A group's membership log (hex), which must exist. */
export const readExistingLog = (store: Pick<ProfileStore, "load" | "scan">, group: string): Promise<LogState> =>
  look(store, (draft) => existingLog(draft, group));

/** Devices of an epoch (hex), or `undefined`. */
export const readSavedRoster = (
  store: Pick<ProfileStore, "load" | "scan">,
  epoch: string,
): Promise<readonly RosterDevice[] | undefined> => look(store, (draft) => readRoster(draft, epoch));

function decoded<T>(type: RecordType<T>, bytes: Uint8Array): T {
  const value = decode(type.codec, bytes);
  if (value !== undefined) return value;
  throw new Fault("storage/corrupt", `a saved record (${type.prefix}) cannot be read; the profile was damaged`);
}
