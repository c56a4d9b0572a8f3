/**
 * The state machine of one device: every input there is, and which part of the protocol answers it.
 * Commands answer a value; everything else answers nothing.
 *
 * @see ARCHITECTURE.md § Step, commit, perform
 */

import type { Role } from "../wire/entry.ts";
import type { AccountKey, DeviceKey, EpochId, GroupId, MessageId, Topic } from "../wire/ids.ts";
import type { InviteLink } from "../wire/link.ts";
import type { TakenPrekeys } from "../wire/prekey-frames.ts";
import type { AppendResult } from "../wire/topic-frames.ts";
import { createAccount, replenishPrekeys } from "./account.ts";
import { changeAccountRelays } from "./account-relays.ts";
import { isUnlinked, openAccountTopic, shareChanges, shareUnlinked, takeName } from "./account-topic.ts";
import { askThoseTaken, type Restoration, restoreAccount } from "./account-topic-link.ts";
import { type Arrival, receive } from "./arrivals.ts";
import type { Work } from "./effects.ts";
import { changeFile, type FileChange, type FileNews } from "./files.ts";
import { changeGroup, type GroupChange } from "./group-change.ts";
import { withoutUnlinked } from "./group-standing.ts";
import { cancelJoin, requestToJoin } from "./join-request.ts";
import { addMembers, createGroup, createInvite, type InviteTerms, memberFrom } from "./joining.ts";
import { goOn } from "./long-work.ts";
import { sayAddresses } from "./member-addresses.ts";
import { type OutboxVerdict, settle } from "./outbox.ts";
import { checkTaken, tellPending } from "./pairwise.ts";
import { start, tick } from "./passing-time.ts";
import { ACCOUNT, NOTE } from "./records/account.ts";
import type { GroupState } from "./records/group.ts";
import { type Contradiction, noteContradiction } from "./relay-statements.ts";
import { askForReports, overhear, reportOf } from "./reports.ts";
import {
  type FileToSend,
  groupOf,
  sendFile,
  sendOnce,
  sendText,
  type TextToSend,
  tellName,
  tellOfFile,
} from "./sent-once.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { markVerified, warnOfKeys } from "./verification.ts";

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
  | ({ readonly kind: "send-file" } & FileToSend)
  /** Tells the group that we miss a file, or have all of it. */
  | { readonly kind: "tell-of-file"; readonly group: GroupId; readonly content: FileNews }
  | { readonly kind: "change-file"; readonly change: FileChange }
  | ({ readonly kind: "delivered" } & Arrival)
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
      return yield* without(start(work));
    case "tick":
      return yield* without(input.report ? reportOf(work, input.report) : tick(work));
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
      return { kind: "message", id: yield* sendText(work, input.group, input) };
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

function* add(work: Work, input: Extract<Input, { kind: "add" }>): Step<Answer> {
  const group = yield* groupOf(work, input.group);
  const prekeys = yield* withoutUnlinked(work, input.account, checkTaken(work, input.account, input.taken));
  if (prekeys.length === 0) return { kind: "no-prekeys" };
  return { kind: "group", group: yield* addMembers(work, group, [memberFrom(prekeys, input.role)], prekeys) };
}
