/**
 * How a newcomer gets the group: the whole log in pieces and the secret of the entry that added it.
 * The newcomer believes nothing but the log's own signatures and the confirmation in that entry.
 * @see PROTOCOL.md § Welcomes
 */
import { EpochSecret, frontierHash } from "../crypto/epoch-secrets.ts";
import { hashOf } from "../crypto/kdf.ts";
import { concat, equalBytes } from "../verify/transcript.ts";
import { bytes, decode, encode, list } from "../wire/codec.ts";
import { decodeEntry, decodeEntryCore, ENTRY_CORE_MAX_BYTES } from "../wire/entry.ts";
import { type DeviceKey, type EntryHash, GroupId, type TimeMs } from "../wire/ids.ts";
import { LOG_PART_MAX_BYTES, LOG_PARTS_MAX, type PayloadItem } from "../wire/pairwise-payload.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { addSystemLines } from "./group-lines.ts";
import { type Authored, adoptBranch, adoptLog } from "./group-log.ts";
import { LOG_ENTRIES_MAX, type LogState } from "./log-state.ts";
import {
  ACCOUNT,
  ENTRY,
  FORK,
  GROUP,
  type GroupState,
  idOf,
  JOINING,
  LOG,
  LOG_PART,
  PEER,
  SEEN,
  WELCOME,
} from "./records.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

const EntrySequence = list(bytes(ENTRY_CORE_MAX_BYTES + 128), LOG_ENTRIES_MAX);

/** Incomplete welcomes kept: anyone who knows our inbox can send one, and each can bring LOG_PARTS_MAX pieces. */
const WELCOMES_MAX = 32;

/**
 * What a newcomer of this entry is told, letter by letter. Each says the welcome again, so that they may arrive in any
 * order. The caller erases the secret in the items after use.
 */
export function* welcomeLetters(work: Work, authored: Authored): Step<readonly (readonly PayloadItem[])[]> {
  const { log, hash, secret } = authored;
  if (!secret) return [];
  const entries: Uint8Array[] = [];
  for (const each of log.entries) entries.push((yield* readExisting(work, ENTRY, idOf(log.group, each.hash))).encoded);
  const whole = encode(EntrySequence, entries);
  const digest = hashOf(work.p, "welcome-log", whole);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < whole.length; at += LOG_PART_MAX_BYTES) pieces.push(whole.slice(at, at + LOG_PART_MAX_BYTES));
  const welcome = { kind: "welcome" as const, group: log.group, entry: hash, secret, digest, parts: pieces.length };
  return pieces.map((piece, index) => [welcome, { kind: "logPart" as const, digest, index, piece }]);
}

type WelcomeItem = Extract<PayloadItem, { kind: "welcome" }>;
type LogPartItem = Extract<PayloadItem, { kind: "logPart" }>;

/** A welcome has come; its log may still be on the way. */
export function* receiveWelcome(work: Work, from: DeviceKey, item: WelcomeItem): Step<void> {
  const id = toHex(item.group);
  if (yield* isSettled(work, item)) return;
  const isExpected = (yield* read(work, JOINING, id)) !== undefined;
  const others = yield* scan(work, WELCOME, "", WELCOMES_MAX);
  if (item.parts > LOG_PARTS_MAX || (others.length >= WELCOMES_MAX && !isExpected)) {
    announce(work, { kind: "warning", code: "waiting-room-full" });
    return;
  }
  const { entry, secret, digest, parts } = item;
  const older = yield* read(work, WELCOME, id);
  if (older && !equalBytes(older.digest, digest)) yield* eraseParts(work, older.digest);
  write(work, WELCOME, id, { from, entry, secret, digest, parts });
  yield* tryWelcome(work, item.group);
}

/** We are in this group, and in the epoch of this entry. */
function* isSettled(work: Work, { group, entry }: WelcomeItem): Step<boolean> {
  if (!(yield* read(work, GROUP, toHex(group)))) return false;
  return (yield* read(work, FORK, toHex(frontierHash(work.p, group, [entry])))) !== undefined;
}

/** A piece of a log has come. Pieces without a welcome are not kept. */
export function* receiveLogPart(work: Work, from: DeviceKey, item: LogPartItem): Step<void> {
  for (const [id, welcome] of yield* scan(work, WELCOME, "", WELCOMES_MAX)) {
    if (!equalBytes(welcome.digest, item.digest) || !equalBytes(welcome.from, from)) continue;
    if (item.index >= welcome.parts) continue;
    write(work, LOG_PART, partId(item.digest, item.index), { piece: item.piece });
    yield* tryWelcome(work, GroupId.from(fromHex(id) ?? new Uint8Array()));
  }
}

const partId = (digest: Uint8Array, index: number): string => `${toHex(digest)}/${String(index).padStart(4, "0")}`;

/** Enters the group once all pieces are here. A log that does not hold together is forgotten with a warning. */
function* tryWelcome(work: Work, group: GroupId): Step<void> {
  const welcome = yield* readExisting(work, WELCOME, toHex(group));
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < welcome.parts; i++) {
    const part = yield* read(work, LOG_PART, partId(welcome.digest, i));
    if (!part) return;
    pieces.push(part.piece);
  }
  write(work, WELCOME, toHex(group), null);
  yield* eraseParts(work, welcome.digest);
  const whole = concat(...pieces);
  const entries = equalBytes(hashOf(work.p, "welcome-log", whole), welcome.digest)
    ? decode(EntrySequence, whole)
    : undefined;
  const known = yield* read(work, GROUP, toHex(group));
  if (known && entries)
    return yield* adoptBranch(work, known, entries, { ...welcome, secret: EpochSecret.from(welcome.secret) });
  const entered = entries && (yield* enterGroup(work, group, welcome, entries));
  if (!entered) announce(work, { kind: "warning", code: "malformed", group });
}

function* eraseParts(work: Work, digest: Uint8Array): Step<void> {
  for (const [id] of yield* scan(work, LOG_PART, `${toHex(digest)}/`, LOG_PARTS_MAX)) write(work, LOG_PART, id, null);
}

interface PendingWelcome {
  readonly from: DeviceKey;
  readonly entry: EntryHash;
  readonly secret: Uint8Array;
}

function* enterGroup(
  work: Work,
  id: GroupId,
  { from, entry, secret }: PendingWelcome,
  entries: readonly Uint8Array[],
): Step<boolean> {
  const joining = yield* read(work, JOINING, toHex(id));
  const peer = yield* read(work, PEER, toHex(from));
  const account = yield* readExisting(work, ACCOUNT);
  const given = { from, entry, secret: EpochSecret.from(secret) };
  const blank: GroupState = {
    group: id,
    name: "",
    joinedAt: work.nowMs as TimeMs,
    members: 0,
    entrySeq: 0,
    entryPrev: undefined,
    relays: joining?.relays ?? peer?.contact.relays ?? account.relays,
    unasked: joining === undefined,
    sending: undefined,
    unclosed: [],
    missing: [],
    rekeyAt: undefined,
  };
  const group = yield* adoptLog(work, blank, entries, given);
  if (!group) return false;
  const log = yield* readExisting(work, LOG, toHex(id));
  write(work, GROUP, toHex(id), { ...group, name: log.name });
  write(work, JOINING, toHex(id), null);
  work.effects.push({ kind: "use-relays", relays: blank.relays, toldBy: blank.unasked ? "adder" : "us" });
  yield* beginHistory(work, log, entry);
  announce(work, { kind: "joined", group: id });
  return true;
}

/** What was said before we came is not ours to read: the conversation begins with the entry that added us. */
function* beginHistory(work: Work, log: LogState, entry: EntryHash): Step<void> {
  const saved = yield* readExisting(work, ENTRY, idOf(log.group, entry));
  const encodedCore = decodeEntry(saved.encoded)?.core;
  const core = encodedCore && decodeEntryCore(encodedCore);
  if (!core) return;
  for (const id of core.frontier) write(work, SEEN, toHex(id), { depth: 0 });
  yield* addSystemLines(work, { log, hash: entry, core });
}
