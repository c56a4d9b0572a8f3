/**
 * r of root entries as their authors deliver it.
 *
 * 1. r is taken from the entry's own author only, and from nobody else on request.
 * 2. What comes from devices of which we know nothing yet is bounded, and goes after EARLY_MS. Once a welcome has told us
 *    of them it is looked at again: whoever let us in may know less of the group than they.
 *
 * @see PROTOCOL.md § Re-keying
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { confirmation, coreHash, epochKeys, frontierHash, rootSecret } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import { type DeviceKey, EntryHash, type GroupId } from "../wire/ids.ts";
import type { PayloadItem } from "../wire/pairwise-payload.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { EARLY_MAX, EARLY_SECRETS_PER_SENDER_MAX, hasRoomFor, noteEarly } from "./early-room.ts";
import type { Work } from "./effects.ts";
import { wasEntered } from "./entered-epoch.ts";
import { enterEpochs } from "./epochs.ts";
import { wanting, wasMembersDevice } from "./group-standing.ts";
import { graphOf, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry, LogState } from "./log-state.ts";
import { frontierOf, hashOfEntry } from "./membership-log.ts";
import { noteUnposted } from "./missing-entries.ts";
import { notePassing } from "./passing-on.ts";
import { receiveEntry } from "./received-entries.ts";
import { ACCOUNT } from "./records/account.ts";
import { GROUP } from "./records/group.ts";
import { EARLY_AT, EARLY_ENTRY, SECRET } from "./records/key-delivery.ts";
import { ENTRY, WAITING } from "./records/log.ts";
import { idOf } from "./records/record.ts";
import { newDevices } from "./roster.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

type SecretItem = Extract<PayloadItem, { kind: "secret" }>;

/** r of a root entry, from the entry's own author: nobody else's is listened to. */
export function* receiveSecret(work: Work, from: DeviceKey, item: SecretItem): Step<void> {
  const encodedCore = decodeEntry(item.signed)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  const hash = hashOfEntry(work.p, item.signed);
  const isAuthors = core && hash && equalBytes(hash, item.entry) && equalBytes(core.author, from);
  if (!isAuthors) return;
  const id = idOf(item.group, item.entry);
  if (!(yield* wasMembersDevice(work, item.group, from))) return yield* keepEarly(work, from, item);
  write(work, EARLY_AT, id, null);
  write(work, EARLY_ENTRY, id, null);
  const isNew = (yield* read(work, ENTRY, id)) === undefined;
  if (!isNew && !(yield* isOfUse(work, item))) return write(work, SECRET, id, null);
  write(work, SECRET, id, { secret: item.secret, from });
  yield* receiveEntry(work, item.group, item.signed);
  if (isNew) noteUnposted(work, item.group, item.entry);
  yield* enterAgain(work, item.group, item.entry);
  if (!(yield* read(work, WAITING, id))) write(work, SECRET, id, null); // used by now, or of no use
}

/** The entry confirms this r, and its epoch was never here: what is made up must not make us look for what follows. */
function* isOfUse(work: Work, { group, entry, secret: random, signed }: SecretItem): Step<boolean> {
  const { core, confirmation: expected } = decodeEntry(signed) ?? {};
  if (!core || !expected) return false;
  const x = coreHash(work.p, core);
  const secret = rootSecret(work.p, random, x);
  const isConfirmed = equalInConstantTime(confirmation(work.p, secret, x), expected);
  const { epochId } = epochKeys(work.p, secret, frontierHash(work.p, group, [entry]));
  secret.fill(0);
  return isConfirmed && !(yield* wasEntered(work, epochId));
}

function* keepEarly(work: Work, from: DeviceKey, { group, entry, secret, signed }: SecretItem): Step<void> {
  const others = yield* scan(work, SECRET, "", EARLY_MAX);
  if (!hasRoomFor(from, others, EARLY_SECRETS_PER_SENDER_MAX)) return;
  const id = idOf(group, entry);
  write(work, SECRET, id, { secret, from });
  write(work, EARLY_ENTRY, id, { encoded: signed });
  noteEarly(work, id);
}

/**
 * A welcome has been taken in: what came before it is looked at now. An entry that is not in the welcome's branch waits for its
 * parents then, and they are asked for.
 */
export function* takeEarlySecrets(work: Work, group: GroupId): Step<void> {
  for (const [id, { encoded: signed }] of yield* scan(work, EARLY_ENTRY, `${toHex(group)}/`, EARLY_MAX)) {
    const early = yield* read(work, SECRET, id);
    if (early && !(yield* wasMembersDevice(work, group, early.from))) continue;
    write(work, EARLY_ENTRY, id, null);
    const entry = EntryHash.from(fromHex(id.split("/")[1] ?? "") ?? new Uint8Array());
    if (early) yield* receiveSecret(work, early.from, { kind: "secret", group, entry, secret: early.secret, signed });
  }
}

/** The entry was here before its secret: with it come the epochs that follow from it, also if we went on without. */
function* enterAgain(work: Work, groupId: GroupId, entry: EntryHash): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const log = yield* existingLog(work, toHex(groupId));
  if (!(yield* isOfOurTime(work, log, entry))) return;
  const later = sinceThen(log, entry).filter(({ action }) => isKeyAction(action.kind));
  const hashes = later.map(({ hash }) => hash);
  write(work, GROUP, toHex(groupId), yield* enterEpochs(work, yield* wanting(work, log, group, hashes), log));
  for (const head of frontierOf(log)) yield* notePassing(work, log, head); // its epoch could not be written to before
}

/** The entry is here, and this device was let in before it, or where it stands: else its epoch is none of ours. Cheap. */
function* isOfOurTime(work: Work, log: LogState, entry: EntryHash): Step<boolean> {
  const { device } = yield* readExisting(work, ACCOUNT);
  const place = graphOf(log).places.get(toHex(entry)) ?? -1;
  const letsUsIn = (each: LogEntry): boolean =>
    (each.action.kind === "create" && equalBytes(each.author, device)) ||
    newDevices(each).some((one) => equalBytes(one.device, device));
  return log.entries.slice(0, place + 1).some(letsUsIn);
}
