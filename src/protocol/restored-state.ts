/**
 * A state that turns out to be older than what this device has done: it was restored from a copy. Its sessions with
 * others went on without it, so the next letter to each of them starts a new one.
 * @see PROTOCOL.md § Restored states
 */
import type { AccountKey, DeviceKey, GroupId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { memberOfDevice } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import { tell } from "./pairwise.ts";
import { ACCOUNT, RESTORED } from "./records/account.ts";
import { GROUP } from "./records/group.ts";
import { PEER, RENEWAL, RENEWED, SESSION } from "./records/pairwise.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** Ms within which further signs belong to the same restoration. */
const SAME_RESTORATION_MS = 10 * 60 * 1000;
/** Ms between sessions that are begun anew with one device because its letters do not open. */
const RENEWED_MS = 60 * 60 * 1000;

/**
 * A letter that names this device did not open. If one of us runs from an old copy, nothing else would tell: a new session
 * is begun with it. Anybody can name a device, so that happens once in RENEWED_MS, and to devices that we know only.
 */
export function* renewSession(work: Work, device: DeviceKey): Step<void> {
  const id = toHex(device);
  const before = yield* read(work, RENEWED, id);
  if (before && work.nowMs - before.at < RENEWED_MS) return;
  const account = (yield* read(work, PEER, id))?.account ?? (yield* accountInGroups(work, device));
  if (!account) return;
  const at = work.nowMs as TimeMs;
  write(work, RENEWED, id, { at });
  write(work, RENEWAL, id, { at });
  yield* tell(work, { account, device }, [{ kind: "renewed" }]);
}

/** Whose device it is in one of our groups: a copy can be older than our first letter from it. */
function* accountInGroups(work: Work, device: DeviceKey): Step<AccountKey | undefined> {
  for (const [id] of yield* scan(work, GROUP)) {
    const member = memberOfDevice(resolve(yield* existingLog(work, id)).view, device);
    if (member) return member.account;
  }
  return undefined;
}

/** Something of our own has come that this state did not write. */
export function* noteRestored(work: Work, group: GroupId): Step<void> {
  const { device } = yield* readExisting(work, ACCOUNT);
  announce(work, { kind: "warning", code: "restored-state", group, device });
  const known = yield* read(work, RESTORED);
  if (known && work.nowMs - known.at < SAME_RESTORATION_MS) return;
  const at = work.nowMs as TimeMs;
  write(work, RESTORED, "", { at });
  for (const [id] of yield* scan(work, SESSION)) write(work, RENEWAL, id, { at });
}
