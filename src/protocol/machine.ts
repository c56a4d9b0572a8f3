/**
 * The state machine of one device: every input there is, and which part of the protocol answers it.
 * Commands answer a value; everything else answers nothing.
 *
 * @see ARCHITECTURE.md § Step, commit, perform
 */

import { openEntry } from "../crypto/entry-box.ts";
import { LogKey } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { Role } from "../wire/entry.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import type { FileManifest } from "../wire/file-manifest.ts";
import type { MessageContent } from "../wire/group-message.ts";
import type {
  AccountKey,
  DeviceKey,
  EpochId,
  GroupId,
  LogId,
  MessageId,
  Sequence,
  TimeMs,
  Topic,
} from "../wire/ids.ts";
import type { InviteLink } from "../wire/link.ts";
import type { TakenPrekeys } from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import type { AppendResult } from "../wire/topic-frames.ts";
import { createAccount, offerPrekeys, replenishPrekeys } from "./account.ts";
import { changeAccountRelays, useAccountRelays } from "./account-relays.ts";
import {
  isUnlinked,
  openAccountTopic,
  receiveSnapshot,
  refreshSnapshot,
  shareChanges,
  shareUnlinked,
  takeName,
} from "./account-topic.ts";
import { askForLinks, askThoseTaken, type Restoration, restoreAccount, wantLinks } from "./account-topic-link.ts";
import { attempt } from "./attempt.ts";
import { announce, type Work } from "./effects.ts";
import { eraseExpired } from "./erasure.ts";
import type { SavedFile } from "./file-state.ts";
import { changeFile, type FileChange, type FileNews, noteFile } from "./files.ts";
import { changeGroup, type GroupChange, putOffRekey, readyToSend, rekeyGroup } from "./group-change.ts";
import { type Coming, receiveMessage } from "./group-chat.ts";
import { receiveEntry } from "./group-log.ts";
import { forgetFormerRelays, useRelaysOf } from "./group-relays.ts";
import { sendContents } from "./group-sending.ts";
import { withoutUnlinked } from "./group-standing.ts";
import { receiveDeposit } from "./inbox.ts";
import { isRendezvousOver } from "./invite-topics.ts";
import { forgetOldTries } from "./join-refusals.ts";
import { cancelJoin, requestToJoin } from "./join-request.ts";
import {
  addMembers,
  admitDue,
  createGroup,
  createInvite,
  type InviteTerms,
  memberFrom,
  putOffAdmissions,
  receiveJoinRequest,
} from "./joining.ts";
import { askForKeys } from "./key-delivery.ts";
import { resendDue } from "./key-letters.ts";
import { goOn, takeUp } from "./long-work.ts";
import { sayAddresses, useRememberedAddresses } from "./member-addresses.ts";
import { askForEntries, noteInTopic, postUnposted } from "./missing-entries.ts";
import { rebuildLog } from "./old-records.ts";
import { noteLeftOver, type OutboxVerdict, settle } from "./outbox.ts";
import { askForPending, checkTaken, tellPending } from "./pairwise.ts";
import {
  ACCOUNT,
  CALL,
  CURSOR,
  cursorId,
  EPOCH,
  GROUP,
  type GroupState,
  JOINING,
  NOTE,
  OUT,
  REQUEST,
  TOPIC,
  type TopicState,
} from "./records.ts";
import { type Contradiction, noteContradiction } from "./relay-statements.ts";
import { askForReports, overhear, reportDue, reportOf } from "./reports.ts";
import { rekeyAfterMessages } from "./sending-epoch.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { markVerified, warnOfKeys } from "./verification.ts";

/** Groups of one profile that are looked at when time passes. */
export const GROUPS_MAX = 100_000;
/** Topics of one profile: epochs, inboxes and rendezvous. */
const TOPICS_MAX = 1_000_000;

/** A text, and the call that it came with (hex): a second one answers the message of the first. */
export interface TextToSend {
  readonly text: string;
  readonly call: string;
}

/** Everything that can happen to a device. */
export type Input =
  | {
      readonly kind: "create-account";
      readonly name: string;
      readonly relays: readonly string[];
      readonly accountSeed: Uint8Array;
    }
  /** The same account again on an empty profile, from its recovery words and what lay in its topic. */
  | ({ readonly kind: "restore-account" } & Restoration)
  /** The program starts: everything that should be under way is asked for again. */
  | { readonly kind: "start" }
  /** Long work goes on where it stands. */
  | { readonly kind: "continue" }
  /** Time has come for something. `report`: for what is to be said of that epoch. */
  | { readonly kind: "tick"; readonly report?: EpochId | undefined }
  /** Our account has these relays from now on. */
  | { readonly kind: "change-relays"; readonly relays: readonly string[] }
  /** The account is called this from now on; each group is told by `tell-name`. */
  | { readonly kind: "rename-account"; readonly name: string }
  | { readonly kind: "tell-name"; readonly group: GroupId }
  | { readonly kind: "create-group"; readonly name: string }
  | { readonly kind: "create-invite"; readonly group: GroupId; readonly terms: InviteTerms }
  /** `passwordKey`: Argon2id of the room password, for a link that asks for it. */
  | { readonly kind: "join"; readonly link: InviteLink; readonly passwordKey?: Uint8Array }
  /** Whoever lets us in now finds us as anybody who is added unasked. */
  | { readonly kind: "cancel-join"; readonly group: GroupId }
  | {
      readonly kind: "add";
      readonly group: GroupId;
      readonly account: AccountKey;
      readonly taken: readonly TakenPrekeys[];
      readonly role: Role;
    }
  | { readonly kind: "change-group"; readonly group: GroupId; readonly change: GroupChange }
  /** A device of our account is unlinked: its other devices are told. Groups are told by `change-group`. */
  | { readonly kind: "retire-device"; readonly device: DeviceKey }
  /** Somebody's fingerprint was compared, or no longer counts as compared. `name`: what the person is called now. */
  | { readonly kind: "verify"; readonly account: AccountKey; readonly name: string; readonly isVerified: boolean }
  /** A screen keeps a text of its own under a name (hex); an empty one is erased. */
  | { readonly kind: "note"; readonly name: string; readonly text: string }
  /** `call` (hex) makes repeating safe: a second one answers the message of the first. */
  | { readonly kind: "send-text"; readonly group: GroupId; readonly text: string; readonly call: string }
  /** Several of them for one group, at most BURST_MESSAGES_MAX, signed together. */
  | { readonly kind: "send-burst"; readonly group: GroupId; readonly sends: readonly TextToSend[] }
  /** A file whose lists are saved already. */
  | {
      readonly kind: "send-file";
      readonly group: GroupId;
      readonly manifest: FileManifest;
      readonly saved: SavedFile;
      readonly call: string;
    }
  /** Tells the group that we miss a file, or have all of it. */
  | { readonly kind: "tell-of-file"; readonly group: GroupId; readonly content: FileNews }
  | { readonly kind: "change-file"; readonly change: FileChange }
  | {
      readonly kind: "delivered";
      readonly log: LogId;
      readonly topic: Topic;
      readonly sequence: Sequence;
      readonly envelope: Uint8Array;
      /** It comes ahead of what is missing before it, and again in its order: its number means nothing. */
      readonly isAhead?: boolean;
    }
  | { readonly kind: "settled"; readonly outbox: string; readonly result: AppendResult }
  | { readonly kind: "prekeys-taken"; readonly account: AccountKey; readonly taken: readonly TakenPrekeys[] }
  /** Somebody who reads that topic said this in passing. */
  | { readonly kind: "said"; readonly topic: Topic; readonly body: Uint8Array }
  /** A relay contradicted itself. */
  | ({ readonly kind: "relay-failed" } & Contradiction)
  /** Somebody can hear us again: a relay, or a member. `addresses`: where we can be reached directly. */
  | { readonly kind: "reachable"; readonly addresses?: readonly string[] }
  /** So many one-time prekeys of ours are left in the directory. */
  | { readonly kind: "prekeys-left"; readonly left: number };

/** What a command answers. */
export type Answer =
  | { readonly kind: "none" }
  | { readonly kind: "group"; readonly group: GroupState }
  | { readonly kind: "link"; readonly link: InviteLink }
  | { readonly kind: "message"; readonly id: MessageId }
  /** Whether a change of a file was saved. */
  | { readonly kind: "file"; readonly isChanged: boolean }
  /** One id for each text of a burst. */
  | { readonly kind: "messages"; readonly ids: readonly MessageId[] }
  | { readonly kind: "outbox"; readonly verdict: OutboxVerdict }
  /** No genuine prekeys of that account. */
  | { readonly kind: "no-prekeys" };

const NONE: Answer = { kind: "none" };

/** One step. Faults (`usage/*`) leave no trace: the caller drops the draft. */
export function* step(work: Work, input: Input): Step<Answer> {
  const answer = yield* answerTo(work, input);
  yield* warnOfKeys(work);
  yield* shareChanges(work);
  return answer;
}

/** For what is answered by being done. */
function* without(answer: Step<void>): Step<Answer> {
  yield* answer;
  return NONE;
}

function* answerTo(work: Work, input: Input): Step<Answer> {
  switch (input.kind) {
    case "create-account":
      createAccount(work, input);
      return yield* without(openAccountTopic(work));
    case "restore-account":
      return yield* without(restoreAccount(work, input));
    case "start":
      return yield* start(work);
    case "tick":
      return input.report ? yield* without(reportOf(work, input.report)) : yield* tick(work);
    case "continue":
      return yield* without(goOn(work));
    case "change-relays":
      return yield* without(changeAccountRelays(work, input.relays));
    case "rename-account":
      return yield* without(takeName(work, input.name));
    case "tell-name":
      return yield* without(tellName(work, input.group));
    case "create-group":
      return { kind: "group", group: yield* createGroup(work, input.name) };
    case "create-invite":
      return { kind: "link", link: yield* createInvite(work, yield* groupOf(work, input.group), input.terms) };
    case "join":
      return yield* without(requestToJoin(work, input.link, input.passwordKey));
    case "cancel-join":
      return yield* without(cancelJoin(work, input.group));
    case "add":
      return yield* add(work, input);
    case "change-group":
      return { kind: "group", group: yield* changeGroup(work, yield* groupOf(work, input.group), input.change) };
    case "retire-device":
      return yield* without(shareUnlinked(work, input.device));
    case "verify":
      return yield* without(markVerified(work, input));
    case "note":
      return yield* without(keepNote(work, input.name, input.text));
    case "send-text":
      return { kind: "message", id: (yield* sendOnce(work, input.group, [input]))[0] ?? unanswered() };
    case "send-burst":
      return { kind: "messages", ids: yield* sendOnce(work, input.group, input.sends) };
    case "send-file":
      return { kind: "message", id: yield* sendFile(work, input) };
    case "tell-of-file":
      return yield* without(tellOfFile(work, input.group, input.content));
    case "change-file":
      return { kind: "file", isChanged: yield* changeFile(work, input.change) };
    default:
      return yield* answerToNetwork(work, input);
  }
}

type FromNetwork = Extract<
  Input,
  { kind: "delivered" | "settled" | "prekeys-taken" | "prekeys-left" | "said" | "reachable" | "relay-failed" }
>;

function* answerToNetwork(work: Work, input: FromNetwork): Step<Answer> {
  switch (input.kind) {
    case "delivered":
      return yield* without(receive(work, input));
    case "settled":
      return { kind: "outbox", verdict: yield* settle(work, input.outbox, input.result) };
    case "prekeys-taken":
      return yield* without(takePrekeys(work, input.account, input.taken));
    case "said":
      return yield* without(overhear(work, input.topic, input.body));
    case "reachable":
      if (input.addresses) yield* sayAddresses(work, input.addresses);
      return yield* without(askForReports(work));
    case "relay-failed":
      return yield* without(noteContradiction(work, input));
    case "prekeys-left":
      return yield* without(replenish(work, input.left));
    default:
      return input satisfies never;
  }
}

function* keepNote(work: Work, name: string, text: string): Step<void> {
  const before = yield* read(work, NOTE, name);
  if (before?.text !== text) write(work, NOTE, name, text === "" ? null : { text });
}

function* takePrekeys(work: Work, account: AccountKey, taken: readonly TakenPrekeys[]): Step<void> {
  yield* tellPending(work, account, taken);
  yield* askThoseTaken(work, account, taken);
}

/** A device that was unlinked offers no prekeys any more. */
function* replenish(work: Work, left: number): Step<void> {
  if (!(yield* isUnlinked(work, yield* readExisting(work, ACCOUNT)))) yield* replenishPrekeys(work, left);
}

function* groupOf(work: Work, group: GroupId): Step<GroupState> {
  return yield* readExisting(work, GROUP, toHex(group));
}

function unanswered(): never {
  throw new Fault("internal/invariant", "a message was sent and has no id");
}

/** Seals in an epoch that all of its members may read; a long conversation is followed by a fresh key. */
function* say(work: Work, id: GroupId, contents: readonly MessageContent[]): Step<readonly MessageId[]> {
  const group = yield* readyToSend(work, yield* groupOf(work, id));
  const ids = yield* sendContents(work, group, contents);
  yield* rekeyAfterMessages(work, id);
  return ids;
}

/** Sends what no call before has sent, and answers one id for each. */
function* sendOnce(work: Work, group: GroupId, sends: readonly TextToSend[]): Step<readonly MessageId[]> {
  const fresh = new Map<string, string>();
  const sent = new Map<string, MessageId>();
  for (const { text, call } of sends) {
    const before = yield* read(work, CALL, call);
    if (before) sent.set(call, before.message);
    else fresh.set(call, fresh.get(call) ?? text);
  }
  const ids = fresh.size === 0 ? [] : yield* say(work, group, [...fresh.values()].map(textOf));
  for (const [i, call] of [...fresh.keys()].entries()) {
    const message = ids[i] ?? unanswered();
    write(work, CALL, call, { message, at: work.nowMs as TimeMs });
    sent.set(call, message);
  }
  return sends.map(({ call }) => sent.get(call) ?? unanswered());
}

const textOf = (text: string): MessageContent => ({ kind: "text", text });

/** Sends a file's message unless that call has sent it before. */
function* sendFile(work: Work, input: Extract<Input, { kind: "send-file" }>): Step<MessageId> {
  const { group, call, manifest, saved } = input;
  const before = yield* read(work, CALL, call);
  if (before) return before.message;
  const id = (yield* say(work, group, [{ kind: "file", manifest }]))[0] ?? unanswered();
  write(work, CALL, call, { message: id, at: work.nowMs as TimeMs });
  const { account } = yield* readExisting(work, ACCOUNT);
  noteFile(work, { group, id }, manifest, { account, sentAt: work.nowMs, stage: { kind: "sending", saved } });
  return id;
}

/** Says our name where the group calls us otherwise; where we are no member, or none yet, there is nobody to tell. */
function* tellName(work: Work, id: GroupId): Step<void> {
  const { sending } = yield* groupOf(work, id);
  if (sending && !(yield* read(work, OUT, toHex(id)))) yield* say(work, id, []);
}

function* tellOfFile(work: Work, group: GroupId, content: FileNews): Step<void> {
  yield* say(work, group, [content]);
}

function* add(work: Work, input: Extract<Input, { kind: "add" }>): Step<Answer> {
  const group = yield* groupOf(work, input.group);
  const prekeys = yield* withoutUnlinked(work, input.account, checkTaken(work, input.account, input.taken));
  if (prekeys.length === 0) return { kind: "no-prekeys" };
  return { kind: "group", group: yield* addMembers(work, group, [memberFrom(prekeys, input.role)], prekeys) };
}

/** An envelope as a holder delivered it; its number is committed with whatever it caused. */
function* receive(work: Work, input: Extract<Input, { kind: "delivered" }>): Step<void> {
  const { isAhead = false } = input;
  if (!isAhead) write(work, CURSOR, cursorId(input.log, input.topic), { sequence: input.sequence });
  const envelope = decodeEnvelope(input.envelope);
  const state = yield* read(work, TOPIC, toHex(input.topic));
  if (!envelope || !state || !equalBytes(envelope.topic, input.topic)) return;
  const { use } = state;
  if (use.kind === "inbox" && envelope.kind === ENVELOPE_KIND.deposit)
    return yield* receiveDeposit(work, input.topic, envelope.body);
  if (use.kind === "rendezvous" && envelope.kind === ENVELOPE_KIND.rendezvous)
    return yield* receiveJoinRequest(work, use.group, use.invite, envelope.body);
  if (use.kind === "account" && envelope.kind === ENVELOPE_KIND.deposit)
    return yield* wantLinks(work, yield* receiveSnapshot(work, input, envelope.body));
  const from = input.log.every((byte) => byte === 0) ? "member" : "relay"; // one log stands for those of all members
  if (use.kind === "epoch" && (yield* receiveInEpoch(work, use, { ...envelope, from, isAhead })))
    work.effects.push({ kind: "keep", envelope: input.envelope });
}

/** True when it is by a member, as far as that shows: the others may have it from us. */
function* receiveInEpoch(
  work: Work,
  { group, epoch }: Extract<TopicState["use"], { kind: "epoch" }>,
  envelope: { readonly kind: number; readonly body: Uint8Array } & Coming,
): Step<boolean> {
  if (envelope.kind === ENVELOPE_KIND.entry) {
    const state = yield* readExisting(work, EPOCH, toHex(epoch));
    const entry = openEntry(work.p, { logKey: LogKey.from(state.logKey), epochId: epoch }, envelope.body);
    if (typeof entry === "string") {
      announce(work, { kind: "warning", code: entry, group });
      return false;
    }
    yield* receiveEntry(work, group, entry);
    yield* noteInTopic(work, state, entry);
    return true;
  }
  if (envelope.kind === ENVELOPE_KIND.message) {
    const outcome = yield* receiveMessage(work, epoch, envelope.body, envelope);
    if (outcome === "too-far-ahead" && envelope.isAhead) return false; // it comes again behind what it jumps over
    const isWarning =
      outcome === "forged" || outcome === "malformed" || outcome === "fork" || outcome === "too-far-ahead";
    if (isWarning) announce(work, { kind: "warning", code: outcome, group });
    return (!isWarning && outcome !== "duplicate") || outcome === "fork"; // a duplicate is kept already
  }
  return false;
}

function* start(work: Work): Step<Answer> {
  yield* useAccountRelays(work);
  const groups = (yield* scan(work, GROUP, "", GROUPS_MAX)).map(([, group]) => group);
  for (const group of groups.sort((a, b) => a.joinedAt - b.joinedAt)) {
    yield* rebuildLog(work, group.group);
    yield* forgetFormerRelays(work, group.group);
    yield* useRelaysOf(work, group);
    if (group.rekeyAt !== undefined) work.effects.push({ kind: "wake", atMs: group.rekeyAt });
  }
  for (const [, joining] of yield* scan(work, JOINING, "", GROUPS_MAX))
    work.effects.push({ kind: "use-relays", relays: joining.relays, toldBy: "us" });
  for (const [, request] of yield* scan(work, REQUEST, "", GROUPS_MAX))
    work.effects.push({ kind: "wake", atMs: request.dueAt });
  yield* eraseExpired(work);
  yield* takeUp(work);
  yield* noteLeftOver(work);
  yield* openAccountTopic(work);
  yield* forgetOldTries(work);
  for (const [id, { topic, seed, use }] of yield* scan(work, TOPIC, "", TOPICS_MAX))
    if (use.kind === "rendezvous" && (yield* isRendezvousOver(work, use))) write(work, TOPIC, id, null);
    else
      work.effects.push({
        kind: "subscribe",
        topic,
        seed,
        inbox: use.kind === "inbox" || use.kind === "account",
        takesMail: use.kind === "inbox" || use.kind === "rendezvous",
      });
  yield* offerPrekeys(work);
  yield* useRememberedAddresses(work);
  yield* refreshSnapshot(work);
  yield* askForLinks(work);
  yield* askForPending(work);
  work.effects.push({ kind: "flush" });
  return NONE;
}

/** Whatever is due: admissions, re-keys. */
function* tick(work: Work): Step<Answer> {
  const due = new Set<string>();
  for (const [id, request] of yield* scan(work, REQUEST, "", GROUPS_MAX)) {
    if (request.dueAt <= work.nowMs) due.add(id.split("/")[0] ?? "");
  }
  for (const [id, before] of yield* scan(work, GROUP, "", GROUPS_MAX)) {
    const isTime = before.rekeyAt !== undefined && before.rekeyAt <= work.nowMs;
    // first: those who wait to be let in need the fresh key
    const isDue = isTime && (yield* read(work, OUT, id)) === undefined;
    const isRekeyed = !isDue || (yield* attempt(work, (part) => rekeyGroup(part, before)));
    if (!isRekeyed) putOffRekey(work, before);
    if (due.has(id) && !(yield* attempt(work, (part) => admitDue(part, before.group))))
      yield* putOffAdmissions(work, before.group);
  }
  yield* resendDue(work);
  yield* askForKeys(work);
  yield* askForEntries(work);
  yield* postUnposted(work);
  yield* reportDue(work);
  yield* goOn(work);
  yield* eraseExpired(work);
  yield* refreshSnapshot(work);
  yield* askForLinks(work);
  return NONE;
}
