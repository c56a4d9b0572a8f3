/**
 * r of root entries as their authors deliver it.
 *
 * 1. r is taken from the entry's own author only, and from nobody else on request.
 * 2. What comes from devices of which we know nothing yet is bounded, and goes after EARLY_MS.
 *
 * @see PROTOCOL.md § Re-keying
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import type { DeviceKey, EntryHash, GroupId } from "../wire/ids.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import { EARLY_MAX, EARLY_SECRETS_PER_SENDER_MAX, hasRoomFor, noteEarly } from "./early-room.ts";
import type { Work } from "./effects.ts";
import { enterEpochs } from "./epochs.ts";
import { isEntered, wanting, wasMembersDevice } from "./group-standing.ts";
import { find, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import { frontierOf, hashOfEntry } from "./membership-log.ts";
import { noteUnposted } from "./missing-entries.ts";
import { notePassing } from "./passing-on.ts";
import { receiveEntry } from "./received-entries.ts";
import { GROUP } from "./records/group.ts";
import { EARLY_AT, SECRET } from "./records/key-delivery.ts";
import { ENTRY, WAITING } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** r of a root entry, from the entry's own author: nobody else's is listened to. */
export function* receiveSecret(
  work: Work,
  from: DeviceKey,
  item: Extract<PayloadItem, { kind: "secret" }>,
): Step<void> {
  const encodedCore = decodeEntry(item.signed)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  const hash = hashOfEntry(work.p, item.signed);
  const isAuthors = core && hash && equalBytes(hash, item.entry) && equalBytes(core.author, from);
  if (!isAuthors) return;
  if (yield* isEntered(work, item)) return;
  const id = idOf(item.group, item.entry);
  if (!(yield* wasMembersDevice(work, item.group, from)))
    return yield* keepEarly(work, id, { secret: item.secret, from });
  write(work, SECRET, id, { secret: item.secret, from });
  write(work, EARLY_AT, id, null);
  const isNew = (yield* read(work, ENTRY, id)) === undefined;
  yield* receiveEntry(work, item.group, item.signed);
  if (isNew) noteUnposted(work, item.group, item.entry);
  yield* enterAgain(work, item.group, item.entry);
  if (!(yield* read(work, WAITING, id))) write(work, SECRET, id, null); // used by now, or of no use
}

function* keepEarly(work: Work, id: string, early: { secret: Uint8Array; from: DeviceKey }): Step<void> {
  const others = yield* scan(work, SECRET, "", EARLY_MAX);
  if (!hasRoomFor(early.from, others, EARLY_SECRETS_PER_SENDER_MAX)) return;
  write(work, SECRET, id, early);
  noteEarly(work, id);
}

/** The entry was here before its secret: with it come the epochs that follow from it, also if we went on without. */
function* enterAgain(work: Work, groupId: GroupId, entry: EntryHash): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const log = yield* existingLog(work, toHex(groupId));
  if (!find(log, entry)) return;
  const later = sinceThen(log, entry).filter(({ action }) => isKeyAction(action.kind));
  const hashes = later.map(({ hash }) => hash);
  write(work, GROUP, toHex(groupId), yield* enterEpochs(work, yield* wanting(work, log, group, hashes), log));
  for (const head of frontierOf(log)) yield* notePassing(work, log, head); // its epoch could not be written to before
}
