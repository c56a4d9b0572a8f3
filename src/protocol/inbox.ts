/**
 * What comes through our own inboxes: letters from other devices, opened in the session with them.
 * @see PROTOCOL.md § Pairwise sessions
 */

import { frontierHash } from "../crypto/epoch-secrets.ts";
import {
  type Held,
  neededFor,
  OPEN_RANDOM_BYTES,
  type OpenedLetter,
  openDeposit,
  openFrom,
} from "../crypto/pairwise-session.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEntry, decodeEntryCore } from "../wire/entry.ts";
import type { DeviceKey, EntryHash, GroupId, TimeMs, Topic } from "../wire/ids.ts";
import type { PairwiseEnvelope } from "../wire/pairwise.ts";
import { decodePairwisePayload, type PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import { oneTimeId } from "./account.ts";
import { announce, type Work } from "./effects.ts";
import { contributionId, enterEpochs, enterHeads, newDevices } from "./epochs.ts";
import { linkDevice } from "./group-change.ts";
import { passOnTo, receiveEntry, wanting, wasMembersDevice } from "./group-log.ts";
import { isEntered, receiveLogPart, receiveWelcome } from "./group-welcome.ts";
import { receiveRefusal } from "./join-refusals.ts";
import { find, sinceThen } from "./log-graph.ts";
import { isKeyAction } from "./log-resolution.ts";
import type { LogEntry } from "./log-state.ts";
import { hashOfEntry } from "./membership-log.ts";
import { identityOf, tell } from "./pairwise.ts";
import {
  ACCOUNT,
  type AccountState,
  CONTRIBUTION,
  EARLY,
  FORK,
  GROUP,
  idOf,
  LOG,
  ONE_TIME,
  PEER,
  PREKEYS,
  SECRET,
  SESSION,
  WAITING,
} from "./records.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** A deposit in one of our inboxes. Whatever does not open changes nothing. */
export function* receiveDeposit(work: Work, inbox: Topic, body: Uint8Array): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const keys = equalBytes(inbox, account.publicInbox.topic) ? account.publicInbox : account.privateInbox;
  const envelope = openDeposit(work.p, inbox, keys.sealingSecret, body);
  if (!envelope) return;
  const held = yield* heldFor(work, account, envelope);
  const moment = { now: work.nowMs as TimeMs, random: work.random(OPEN_RANDOM_BYTES) };
  const letter = openFrom(work.p, held, envelope, moment);
  if (letter.kind === "forged" || letter.kind === "too-far-ahead")
    announce(work, { kind: "warning", code: letter.kind });
  if (letter.kind === "opened") yield* acceptLetter(work, letter);
}

function* heldFor(work: Work, account: AccountState, envelope: PairwiseEnvelope): Step<Held> {
  const needed = neededFor(envelope);
  const prekeys = yield* readExisting(work, PREKEYS);
  const { oneTime } = needed;
  return {
    ours: identityOf(account),
    session: yield* read(work, SESSION, toHex(needed.sender)),
    signedPrekey: prekeys.signed.find((each) => each.prekey.id === needed.signedPrekey)?.prekey,
    lastResort: prekeys.lastResort.find((each) => each.id === needed.lastResort),
    oneTime: oneTime === undefined ? undefined : yield* read(work, ONE_TIME, oneTimeId(oneTime)),
  };
}

function* acceptLetter(work: Work, letter: OpenedLetter): Step<void> {
  const { device, account } = letter.peer.certificate;
  write(work, SESSION, toHex(device), letter.session);
  if (letter.usedOneTimePrekey !== undefined) write(work, ONE_TIME, oneTimeId(letter.usedOneTimePrekey), null);
  const payload = decodePairwisePayload(letter.payload);
  letter.payload.fill(0);
  if (!payload) return;
  write(work, PEER, toHex(device), { account, contact: payload.replyTo });
  const news = yield* notEntered(work, payload.items);
  for (const item of payload.items) yield* receiveItem(work, device, item);
  for (const item of payload.items) if (item.kind === "welcome") yield* takeEarly(work, item.group);
  const without = yield* notEntered(work, news);
  const received = news
    .filter((each) => !without.includes(each))
    .map(({ group, entry }) => ({ kind: "received" as const, group, entry }));
  if (received.length > 0) yield* tell(work, { account, device }, received);
}

type KeyItem = Extract<PayloadItem, { kind: "secret" | "welcome" }>;

/** Secrets and welcomes of epochs that we are not in. Only those that changed that are answered: junk is not. */
function* notEntered(work: Work, items: readonly PayloadItem[]): Step<readonly KeyItem[]> {
  const found: KeyItem[] = [];
  for (const item of items)
    if ((item.kind === "secret" || item.kind === "welcome") && !(yield* isEntered(work, item))) found.push(item);
  return found;
}

function* receiveItem(work: Work, from: DeviceKey, item: PayloadItem): Step<void> {
  switch (item.kind) {
    case "welcome":
      return yield* receiveWelcome(work, from, item);
    case "logPart":
      return yield* receiveLogPart(work, from, item);
    case "secret":
      return yield* receiveSecret(work, from, item);
    case "contribution":
      return yield* receiveContribution(work, from, item);
    case "linkRequest":
      return yield* linkDevice(work, item.group, from, item.certificate);
    case "joinRefused":
      return yield* receiveRefusal(work, item);
    case "received":
      return; // its arrival has turned the ratchet, which is all it is for
    default:
      return item satisfies never;
  }
}

/** r of a root entry, from the entry's own author: nobody else's is listened to. */
function* receiveSecret(work: Work, from: DeviceKey, item: Extract<PayloadItem, { kind: "secret" }>): Step<void> {
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
  yield* receiveEntry(work, item.group, item.signed);
  yield* enterAgain(work, item.group, item.entry);
  if (!(yield* read(work, WAITING, id))) write(work, SECRET, id, null); // used by now, or of no use
}

/**
 * Secrets and contributions of groups that we are not in, kept in case our welcome is still on its way by another relay;
 * also secrets from devices of which we have not heard yet that they are in the group. Their entries come by the topic.
 */
const EARLY_SECRETS_MAX = 256;
/** Secrets among those from one device: re-keys while our welcome is under way. */
const EARLY_SECRETS_PER_SENDER_MAX = 8;
/** Contributions among those from one device: one for each set of branches that it merged meanwhile. */
const EARLY_CONTRIBUTIONS_PER_SENDER_MAX = 64;

function* keepEarly(work: Work, id: string, early: { secret: Uint8Array; from: DeviceKey }): Step<void> {
  const others = yield* scan(work, SECRET, "", EARLY_SECRETS_MAX);
  if (hasRoomFor(early.from, others, EARLY_SECRETS_PER_SENDER_MAX)) write(work, SECRET, id, early);
}

function hasRoomFor(
  from: DeviceKey,
  others: readonly (readonly [string, { readonly from: DeviceKey }])[],
  most: number,
): boolean {
  const own = others.filter(([, each]) => equalBytes(each.from, from));
  return others.length < EARLY_SECRETS_MAX && own.length < most;
}

/** The entry was here before its secret: with it come the epochs that follow from it, also if we went on without. */
function* enterAgain(work: Work, groupId: GroupId, entry: EntryHash): Step<void> {
  const group = yield* readExisting(work, GROUP, toHex(groupId));
  const log = yield* readExisting(work, LOG, toHex(groupId));
  if (!find(log, entry)) return;
  const later = sinceThen(log, entry).filter(({ action }) => isKeyAction(action.kind));
  const hashes = later.map(({ hash }) => hash);
  write(work, GROUP, toHex(groupId), yield* enterEpochs(work, yield* wanting(work, log, group, hashes), log));
  yield* passOnTo(work, log, entry); // its epoch could not be written to before
}

/** Contributions of one group whose merge is not complete: they may overtake the entries that they are for. */
const CONTRIBUTIONS_MAX = 1_024;

type ContributionItem = Extract<PayloadItem, { kind: "contribution" }>;

/** c(head, F) from whoever added us, for a head that we cannot derive. */
function* receiveContribution(work: Work, from: DeviceKey, item: ContributionItem): Step<void> {
  const group = yield* read(work, GROUP, toHex(item.group));
  const log = group && (yield* read(work, LOG, toHex(item.group)));
  if (!group) return yield* keepEarlyContribution(work, from, item);
  const account = yield* readExisting(work, ACCOUNT);
  const isOurs = (entry: LogEntry) => newDevices(entry).some((each) => equalBytes(each.device, account.device));
  const adders = log?.entries.filter(isOurs).map(({ author }) => author) ?? [];
  if (!group || !log || !adders.some((each) => equalBytes(each, from))) return;
  const id = contributionId(work, item.group, item.head, item.frontier);
  const isMerged = yield* read(work, FORK, toHex(frontierHash(work.p, item.group, item.frontier)));
  if (isMerged || !item.frontier.some((head) => equalBytes(head, item.head))) return;
  if ((yield* read(work, CONTRIBUTION, id)) || (yield* isEntered(work, { group: item.group, entry: item.head })))
    return;
  const others = yield* scan(work, CONTRIBUTION, `${toHex(item.group)}/`, CONTRIBUTIONS_MAX);
  if (others.length >= CONTRIBUTIONS_MAX) return;
  write(work, CONTRIBUTION, id, { value: item.value });
  const isKnown = item.frontier.every((head) => find(log, head));
  if (isKnown) write(work, GROUP, toHex(item.group), yield* enterHeads(work, group, log, item.frontier));
}

function* keepEarlyContribution(work: Work, from: DeviceKey, item: ContributionItem): Step<void> {
  const { head, frontier, value } = item;
  const others = yield* scan(work, EARLY, "", EARLY_SECRETS_MAX);
  if (!hasRoomFor(from, others, EARLY_CONTRIBUTIONS_PER_SENDER_MAX)) return;
  write(work, EARLY, contributionId(work, item.group, head, frontier), { from, head, frontier, value });
}

/** Our welcome is here: what came before it is looked at now. */
function* takeEarly(work: Work, group: GroupId): Step<void> {
  if (!(yield* read(work, GROUP, toHex(group)))) return;
  for (const [id, { from, head, frontier, value }] of yield* scan(work, EARLY, `${toHex(group)}/`, EARLY_SECRETS_MAX)) {
    write(work, EARLY, id, null);
    yield* receiveContribution(work, from, { kind: "contribution", group, head, frontier, value });
  }
}
