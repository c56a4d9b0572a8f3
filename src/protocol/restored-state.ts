/**
 * A state that turns out to be older than what this device has done: it was restored from a copy. Its sessions with
 * others went on without it, so the next letter to each of them starts a new one.
 * @see PROTOCOL.md § Restored states
 */
import type { GroupId, TimeMs } from "../wire/ids.ts";
import { announce, type Work } from "./effects.ts";
import { ACCOUNT, RENEWAL, RESTORED, SESSION } from "./records.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms within which further signs belong to the same restoration. */
const SAME_RESTORATION_MS = 10 * 60 * 1000;
/** Sessions that are given up at once. */
const SESSIONS_MAX = 100_000;

/** Something of our own has come that this state did not write. */
export function* noteRestored(work: Work, group: GroupId): Step<void> {
  const { device } = yield* readExisting(work, ACCOUNT);
  announce(work, { kind: "warning", code: "restored-state", group, device });
  const known = yield* read(work, RESTORED);
  if (known && work.nowMs - known.at < SAME_RESTORATION_MS) return;
  const at = work.nowMs as TimeMs;
  write(work, RESTORED, "", { at });
  for (const [id] of yield* scan(work, SESSION, "", SESSIONS_MAX)) write(work, RENEWAL, id, { at });
}
