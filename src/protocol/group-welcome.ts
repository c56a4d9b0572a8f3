/**
 * How a newcomer gets the group: the whole log in pieces and the secret of the entry that added it.
 * The newcomer believes nothing but the log's own signatures and the confirmation in that entry.
 * @see PROTOCOL.md § Welcomes
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { EpochSecret, frontierHash } from "../crypto/epoch-secrets.ts";
import { hashOf } from "../crypto/kdf.ts";
import { concat, equalBytes } from "../verify/transcript.ts";
import { bytes, decode, encode, list } from "../wire/codec.ts";
import { decodeEntry, decodeEntryCore, ENTRY_CORE_MAX_BYTES } from "../wire/entry.ts";
import { type DeviceKey, type EntryHash, GroupId, type TimeMs } from "../wire/ids.ts";
import { LOG_PART_MAX_BYTES, LOG_PARTS_MAX, type PayloadItem } from "../wire/pairwise-payload.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { type Authored, adoptBranch, adoptLog, isMembersDevice } from "./group-log.ts";
import { resolve } from "./log-resolution.ts";
import { LOG_ENTRIES_MAX, type LogState } from "./log-state.ts";
import { hashOfEntry } from "./membership-log.ts";
import {
  ACCOUNT,
  ENTRY,
  FORK,
  GROUP,
  type GroupState,
  idOf,
  JOINING,
  LINKING,
  LOG,
  LOG_PART,
  PEER,
  SEEN,
  UNASKED,
  WELCOME,
  type WelcomeState,
} from "./records.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { addSystemLines } from "./system-lines.ts";

const EntrySequence = list(bytes(ENTRY_CORE_MAX_BYTES + 128), LOG_ENTRIES_MAX);

/** Incomplete welcomes kept that nobody asked for: anyone who knows our inbox can send one. The oldest makes room. */
const UNASKED_MAX = 32;
/** Of those, from one device. */
const UNASKED_PER_SENDER_MAX = 2;
/** Entries judged of a log that nobody asked for: each costs a signature check before we know whether it concerns us. */
const UNASKED_ENTRIES_MAX = 2_000;
/** Pieces of such a log: 2,000 entries of 2 KiB, and some more. */
const UNASKED_PARTS_MAX = 128;
/** Ms for which the rest of a log is waited for. */
export const WELCOME_MS = 24 * 3600 * 1000;
/** A bound for scans only: what was asked for is limited by the links that we follow. */
export const WELCOMES_AT_ONCE = 100_000;

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
  if (yield* isEntered(work, item)) return;
  const older = yield* read(work, WELCOME, id);
  if (older && isSame(older, from, item)) return; // said again with each piece
  const isAsked = yield* isAskedFor(work, item.group, from);
  if (item.parts > (isAsked ? LOG_PARTS_MAX : UNASKED_PARTS_MAX)) {
    announce(work, { kind: "warning", code: "waiting-room-full" });
    return;
  }
  if (older) yield* forgetWelcome(work, id);
  if (!isAsked) yield* makeRoom(work, from);
  const { entry, secret, digest, parts } = item;
  write(work, WELCOME, id, { from, entry, secret, digest, parts, received: 0, at: work.nowMs as TimeMs });
  if (parts === 0) yield* openWelcome(work, item.group);
}

function isSame(older: WelcomeState, from: DeviceKey, { entry, secret, digest, parts }: WelcomeItem): boolean {
  const isOfSender = equalBytes(older.from, from) && equalBytes(older.entry, entry) && older.parts === parts;
  return isOfSender && equalBytes(older.digest, digest) && equalInConstantTime(older.secret, secret);
}

/** We follow a link to this group, our account is in it, or we are in it together with the sender. */
function* isAskedFor(work: Work, group: GroupId, from: DeviceKey): Step<boolean> {
  if ((yield* read(work, JOINING, toHex(group))) || (yield* read(work, LINKING, toHex(group)))) return true;
  return yield* isMembersDevice(work, group, from);
}

/** At most so many that nobody asked for: the oldest of the sender's, then of all, goes. */
function* makeRoom(work: Work, from: DeviceKey): Step<void> {
  const unasked: (readonly [string, WelcomeState])[] = [];
  for (const each of yield* scan(work, WELCOME, "", WELCOMES_AT_ONCE))
    if (!(yield* isAskedFor(work, groupOf(each[0]), each[1].from))) unasked.push(each);
  unasked.sort(([, one], [, other]) => one.at - other.at);
  const own = unasked.filter(([, each]) => equalBytes(each.from, from));
  const oldest = own.length >= UNASKED_PER_SENDER_MAX ? own[0] : unasked[0];
  if (oldest && (own.length >= UNASKED_PER_SENDER_MAX || unasked.length >= UNASKED_MAX))
    yield* forgetWelcome(work, oldest[0]);
}

const groupOf = (id: string): GroupId => GroupId.from(fromHex(id) ?? new Uint8Array());

/** We are in this group, and in the epoch of this entry. */
export function* isEntered(
  work: Work,
  { group, entry }: { readonly group: GroupId; readonly entry: EntryHash },
): Step<boolean> {
  if (!(yield* read(work, GROUP, toHex(group)))) return false;
  return (yield* read(work, FORK, toHex(frontierHash(work.p, group, [entry])))) !== undefined;
}

/** A piece of a log has come. Pieces without a welcome are not kept. */
export function* receiveLogPart(work: Work, from: DeviceKey, item: LogPartItem): Step<void> {
  for (const [id, welcome] of yield* scan(work, WELCOME, "", WELCOMES_AT_ONCE)) {
    if (!equalBytes(welcome.digest, item.digest) || !equalBytes(welcome.from, from)) continue;
    if (item.index >= welcome.parts || (yield* read(work, LOG_PART, partId(id, item.index)))) continue;
    const received = welcome.received + 1;
    write(work, LOG_PART, partId(id, item.index), { piece: item.piece });
    write(work, WELCOME, id, { ...welcome, received });
    if (received === welcome.parts) yield* openWelcome(work, groupOf(id));
  }
}

const partId = (group: string, index: number): string => `${group}/${String(index).padStart(4, "0")}`;

/** All pieces are here: enters the group. A log that does not hold together is forgotten with a warning. */
function* openWelcome(work: Work, group: GroupId): Step<void> {
  const welcome = yield* readExisting(work, WELCOME, toHex(group));
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < welcome.parts; i++)
    pieces.push((yield* readExisting(work, LOG_PART, partId(toHex(group), i))).piece);
  yield* forgetWelcome(work, toHex(group));
  const whole = concat(...pieces);
  const isWhole = equalBytes(hashOf(work.p, "welcome-log", whole), welcome.digest);
  const most = (yield* isAskedFor(work, group, welcome.from)) ? LOG_ENTRIES_MAX : UNASKED_ENTRIES_MAX;
  const decoded = isWhole ? decode(EntrySequence, whole) : undefined;
  const entries = decoded && decoded.length <= most && hasEntry(work, decoded, welcome.entry) ? decoded : undefined;
  const known = yield* read(work, GROUP, toHex(group));
  if (known && entries)
    return yield* adoptBranch(work, known, entries, { ...welcome, secret: EpochSecret.from(welcome.secret) });
  const entered = entries && (yield* enterGroup(work, group, welcome, entries));
  if (!entered) announce(work, { kind: "warning", code: "malformed", group });
}

/** Cheap, before any signature is looked at; from the end, where the entry that adds us usually is. */
function hasEntry(work: Work, entries: readonly Uint8Array[], entry: EntryHash): boolean {
  return entries.findLast((each) => equalBytes(hashOfEntry(work.p, each) ?? new Uint8Array(), entry)) !== undefined;
}

/** Erases an incomplete welcome (id: hex of the group) and its pieces. */
export function* forgetWelcome(work: Work, id: string): Step<void> {
  write(work, WELCOME, id, null);
  for (const [part] of yield* scan(work, LOG_PART, `${id}/`, LOG_PARTS_MAX)) write(work, LOG_PART, part, null);
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
  const joining = (yield* read(work, JOINING, toHex(id))) ?? (yield* read(work, LINKING, toHex(id)));
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
    sending: undefined,
    unclosed: [],
    missing: [],
    rekeyAt: undefined,
  };
  const group = yield* adoptLog(work, blank, entries, given);
  if (!group) return false;
  const log = yield* readExisting(work, LOG, toHex(id));
  write(work, GROUP, toHex(id), { ...group, name: resolve(log).view.settings.name });
  write(work, JOINING, toHex(id), null);
  write(work, LINKING, toHex(id), null);
  if (!joining) write(work, UNASKED, toHex(id), { adder: from });
  work.effects.push({ kind: "use-relays", relays: blank.relays, toldBy: joining ? "us" : "adder" });
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
