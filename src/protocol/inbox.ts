/**
 * What comes through our own inboxes: letters from other devices, opened in the session with them.
 * @see PROTOCOL.md § Pairwise sessions
 */

import {
  type Held,
  neededFor,
  OPEN_RANDOM_BYTES,
  type OpenedLetter,
  openDeposit,
  openFrom,
} from "../crypto/received-letter.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, TimeMs, Topic } from "../wire/ids.ts";
import type { PairwiseEnvelope } from "../wire/pairwise.ts";
import { decodePairwisePayload, type PayloadItem } from "../wire/pairwise-payload.ts";
import { toHex } from "../wire/text-forms.ts";
import { oneTimeId } from "./account.ts";
import { attempt } from "./attempt.ts";
import { receiveContribution } from "./contributions.ts";
import { announce, type Work } from "./effects.ts";
import { linkDevice } from "./group-change.ts";
import { isEntered } from "./group-standing.ts";
import { receiveLogPart, receiveWelcome } from "./group-welcome.ts";
import { receiveRefusal } from "./join-refusals.ts";
import { keyArrived, resendKey } from "./key-letters.ts";
import { answerWanted, receiveWanted } from "./missing-entries.ts";
import { identityOf, tell, tellWaiting } from "./pairwise.ts";
import { receiveSecret } from "./received-secrets.ts";
import { ACCOUNT, type AccountState } from "./records/account.ts";
import { ONE_TIME, PEER, PREKEYS, SESSION } from "./records/pairwise.ts";
import { renewSession } from "./restored-state.ts";
import { read, readExisting, type Step, write } from "./step.ts";

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
  if (letter.kind === "forged" || letter.kind === "unknown-session")
    yield* renewSession(work, neededFor(envelope).sender);
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
  yield* tellWaiting(work, { account, device });
  for (const item of payload.items) yield* receiveItem(work, device, item);
  const without = yield* notEntered(work, news);
  const received = news
    .filter((each) => !without.includes(each))
    .map(({ group, entry }) => ({ kind: "received" as const, group, entry }));
  if (received.length > 0) yield* tell(work, { account, device }, received);
}

type SecretItem = Extract<PayloadItem, { kind: "secret" }>;

/** Secrets of epochs that we are not in. Only those that changed that are answered: junk is not. */
function* notEntered(work: Work, items: readonly PayloadItem[]): Step<readonly SecretItem[]> {
  const found: SecretItem[] = [];
  for (const item of items) if (item.kind === "secret" && !(yield* isEntered(work, item))) found.push(item);
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
      // a refusal, say by a log without room, must not bring the letter back for ever
      yield* attempt(work, (part) => linkDevice(part, item.group, from, item.certificate));
      return;
    case "joinRefused":
      return yield* receiveRefusal(work, item);
    case "received":
      return keyArrived(work, from, item); // it has turned the ratchet as well
    case "lacking":
      return yield* resendKey(work, from, item);
    case "wanted":
      return yield* answerWanted(work, from, item);
    case "entry":
      return yield* receiveWanted(work, item);
    case "renewed":
      return; // the letter itself began the session
    default:
      return item satisfies never;
  }
}
