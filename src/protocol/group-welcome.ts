/**
 * How a newcomer gets the group: the whole log in pieces and the secret of the entry that added it.
 * The newcomer believes nothing but the log's own signatures and the confirmation in that entry.
 * @see PROTOCOL.md § Welcomes
 */
import { equalInConstantTime } from "../crypto/constant-time.ts";
import { EpochSecret } from "../crypto/epoch-secrets.ts";
import { hashOf } from "../crypto/kdf.ts";
import { concat, equalBytes } from "../verify/transcript.ts";
import { bytes, list } from "../wire/codec.ts";
import { decode, encode } from "../wire/encoding.ts";
import { decodeEntry, decodeEntryCore, ENTRY_CORE_MAX_BYTES } from "../wire/entry.ts";
import { type DeviceKey, type EntryHash, GroupId, type TimeMs } from "../wire/ids.ts";
import { LOG_PART_MAX_BYTES, LOG_PARTS_MAX, type PayloadItem } from "../wire/pairwise-payload.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { takeEarlyContributions } from "./contributions.ts";
import { announce, type Work } from "./effects.ts";
import type { Authored } from "./group-log.ts";
import { useRelaysOf, withSettingsOf } from "./group-relays.ts";
import { isEntered, isMembersDevice } from "./group-standing.ts";
import {
  type Adoption,
  adoptBranch,
  adoptLog,
  beginJudging,
  endJudging,
  isGenuineOffer,
  JUDGED_AT_ONCE,
  type Judging,
  judgingOf,
  type Offered,
} from "./log-adoption.ts";
import { resolve } from "./log-resolution.ts";
import { LOG_ENTRIES_MAX, type LogState } from "./log-state.ts";
import { noteUnposted } from "./missing-entries.ts";
import { tell } from "./pairwise.ts";
import { takeEarlySecrets } from "./received-secrets.ts";
import { ACCOUNT, LINKING } from "./records/account.ts";
import { SEEN } from "./records/conversation.ts";
import { GROUP, type GroupState } from "./records/group.ts";
import { ADOPTING, ASKED, JOINING, LOG_PART, UNASKED, WELCOME, type WelcomeState } from "./records/joining.ts";
import { ENTRY } from "./records/log.ts";
import { PEER } from "./records/pairwise.ts";
import { idOf } from "./records/record.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { addSystemLines } from "./system-lines.ts";
import { mayEnter } from "./unasked-groups.ts";

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
  if (older && isComplete(older)) return; // it is being judged: whoever comes meanwhile cannot undo that work
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
  for (const each of yield* scan(work, WELCOME))
    if (!(yield* isAskedFor(work, groupOf(each[0]), each[1].from))) unasked.push(each);
  unasked.sort(([, one], [, other]) => one.at - other.at);
  const own = unasked.filter(([, each]) => equalBytes(each.from, from));
  const oldest = own.length >= UNASKED_PER_SENDER_MAX ? own[0] : unasked[0];
  if (oldest && (own.length >= UNASKED_PER_SENDER_MAX || unasked.length >= UNASKED_MAX))
    yield* forgetWelcome(work, oldest[0]);
}

const groupOf = (id: string): GroupId => GroupId.from(fromHex(id) ?? new Uint8Array());

/** A piece of a log has come. Pieces without a welcome are not kept. */
export function* receiveLogPart(work: Work, from: DeviceKey, item: LogPartItem): Step<void> {
  for (const [id, welcome] of yield* scan(work, WELCOME)) {
    if (!equalBytes(welcome.digest, item.digest) || !equalBytes(welcome.from, from)) continue;
    if (item.index >= welcome.parts || (yield* read(work, LOG_PART, partId(id, item.index)))) continue;
    const received = welcome.received + 1;
    write(work, LOG_PART, partId(id, item.index), { piece: item.piece });
    write(work, WELCOME, id, { ...welcome, received });
    if (received === welcome.parts) yield* openWelcome(work, groupOf(id));
  }
}

const partId = (group: string, index: number): string => `${group}/${String(index).padStart(4, "0")}`;

/** All its pieces are here; it is kept until its log is taken in. */
export const isComplete = ({ received, parts }: WelcomeState): boolean => received === parts;

/** All pieces are here: takes a short log in at once; a long one is gone on with by `continue`. */
function* openWelcome(work: Work, group: GroupId): Step<void> {
  let isMore = yield* goOnAdopting(work, group);
  while (isMore && isShort(yield* readExisting(work, WELCOME, toHex(group)), group))
    isMore = yield* goOnAdopting(work, group);
  if (isMore) work.effects.push({ kind: "continue" });
}

const isShort = (welcome: WelcomeState, group: GroupId): boolean =>
  (judgingOf(offeredBy(group, welcome))?.entries.length ?? 0) <= JUDGED_AT_ONCE;

const offeredBy = (group: GroupId, { digest, entry, secret, from }: WelcomeState): Offered => ({
  group,
  digest,
  entry,
  secret: EpochSecret.from(secret.slice()),
  from,
});

/** One step of taking in the log of a complete welcome; whether there is more to do. A log that does not hold together is forgotten with a warning. */
export function* goOnAdopting(work: Work, group: GroupId): Step<boolean> {
  const id = toHex(group);
  const welcome = yield* readExisting(work, WELCOME, id);
  const offered = offeredBy(group, welcome);
  if (!judgingOf(offered) && !(yield* mayEnter(work, group, welcome.from))) return yield* turnAway(work, offered);
  const judging = judgingOf(offered) ?? (yield* assemble(work, offered, welcome.parts));
  const known = yield* read(work, GROUP, id);
  let outcome: Adoption = "refused";
  if (judging) outcome = known ? yield* adoptBranch(work, offered, judging) : yield* enterGroup(work, offered, judging);
  offered.secret.fill(0);
  if (outcome === "more") return true;
  endJudging(offered);
  yield* forgetWelcome(work, id);
  if (outcome !== "refused") {
    yield* answerWelcome(work, group, welcome);
    if (known) noteUnposted(work, group, welcome.entry); // members of an earlier epoch of ours may not know that we are back
    write(work, JOINING, id, null);
    write(work, ASKED, id, null);
  } else if (!known || !judging) announce(work, { kind: "warning", code: "malformed", group });
  return false;
}

/** We are in as many groups as others may put us into: the welcome is forgotten with a warning, and nothing is left to do. */
function* turnAway(work: Work, { group, secret }: Offered): Step<boolean> {
  secret.fill(0);
  yield* forgetWelcome(work, toHex(group));
  announce(work, { kind: "warning", code: "unasked-groups-full" });
  return false;
}

/** The log of a welcome, if it is what was announced and can admit us. */
function* assemble(work: Work, offered: Offered, parts: number): Step<Judging | undefined> {
  const pieces: Uint8Array[] = [];
  for (let i = 0; i < parts; i++)
    pieces.push((yield* readExisting(work, LOG_PART, partId(toHex(offered.group), i))).piece);
  const whole = concat(...pieces);
  if (!equalBytes(hashOf(work.p, "welcome-log", whole), offered.digest)) return undefined;
  const most = (yield* isAskedFor(work, offered.group, offered.from)) ? LOG_ENTRIES_MAX : UNASKED_ENTRIES_MAX;
  const entries = decode(EntrySequence, whole);
  if (!entries || entries.length > most || !isGenuineOffer(work, entries, offered)) return undefined;
  return beginJudging(offered, entries);
}

/** The answer turns the ratchet. What overtook the welcome is looked at now. */
function* answerWelcome(work: Work, group: GroupId, { from, entry }: WelcomeState): Step<void> {
  yield* takeEarlySecrets(work, group);
  yield* takeEarlyContributions(work, group);
  const peer = yield* read(work, PEER, toHex(from));
  if (peer && (yield* isEntered(work, { group, entry })))
    yield* tell(work, { account: peer.account, device: from }, [{ kind: "received", group, entry }]);
}

/** Erases an incomplete welcome (id: hex of the group) and its pieces. */
export function* forgetWelcome(work: Work, id: string): Step<void> {
  write(work, WELCOME, id, null);
  write(work, ADOPTING, id, null);
  for (const [part] of yield* scan(work, LOG_PART, `${id}/`, LOG_PARTS_MAX)) write(work, LOG_PART, part, null);
}

function* enterGroup(work: Work, offered: Offered, judging: Judging): Step<Adoption> {
  const { group: id, from, entry } = offered;
  const joining = (yield* read(work, JOINING, toHex(id))) ?? (yield* read(work, LINKING, toHex(id)));
  const peer = yield* read(work, PEER, toHex(from));
  const account = yield* readExisting(work, ACCOUNT);
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
  const outcome = yield* adoptLog(work, blank, offered, judging);
  if (typeof outcome === "string") return outcome;
  const log = yield* existingLog(work, toHex(id));
  write(work, LINKING, toHex(id), null);
  if (!joining) write(work, UNASKED, toHex(id), { adder: from });
  yield* useRelaysOf(work, blank);
  write(work, GROUP, toHex(id), yield* withSettingsOf(work, outcome.entered, resolve(log).view.settings));
  yield* beginHistory(work, log, entry);
  announce(work, { kind: "joined", group: id });
  return outcome;
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
