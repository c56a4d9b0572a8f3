/**
 * Messages of a group, our side: taking keys of our chain, sealing, signing, queueing.
 *
 * 1. A message is committed together with its line and the chain it moved on, or not at all.
 * 2. Messages that wait together are sealed by one step and signed once. Each cites the one before it.
 * 3. Cost does not depend on the group's size or history.
 *
 * @see PROTOCOL.md § Group messages
 */
import { HeaderKey } from "../crypto/epoch-secrets.ts";
import { type MessageAuthor, type SealedPayload, sealPayload, signPayloads } from "../crypto/group-message.ts";
import { nextMessageKey } from "../crypto/sender-chain.ts";
import { equalBytes } from "../verify/transcript.ts";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import type { ChainClosure, GroupPlaintext, MessageContent } from "../wire/group-message.ts";
import { type MessageId, Nonce, type TimeMs } from "../wire/ids.ts";
import { CLOSURES_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { joinConversation } from "./conversation.ts";
import type { Work } from "./effects.ts";
import { deepest, depthForMessage, isShown, lineOf } from "./group-lines.ts";
import { mergesToName, noteOwnUse } from "./named-merges.ts";
import { enqueue } from "./outbox.ts";
import { ACCOUNT, type AccountState } from "./records/account.ts";
import { HEADS } from "./records/conversation.ts";
import { EPOCH, type EpochState, OWN_CHAIN } from "./records/epoch.ts";
import { GROUP, type GroupState } from "./records/group.ts";
import type { OutboxOrigin } from "./records/outbox.ts";
import { noteSent } from "./reports.ts";
import { read, readExisting, type Step, write } from "./step.ts";
import { hasToTellName, hearName } from "./told-names.ts";
import { signEnvelope } from "./topic-envelope.ts";

/**
 * Seals messages for the group and queues them, at most BURST_MESSAGES_MAX; their ids, in that order. Each fits an
 * envelope; the caller has checked. Our name goes first where it has to be said, and merges that are to be named; with no
 * messages, they alone.
 */
export function* sendContents(
  work: Work,
  group: GroupState,
  contents: readonly MessageContent[],
): Step<readonly MessageId[]> {
  const account = yield* readExisting(work, ACCOUNT);
  const epoch = group.sending && (yield* read(work, EPOCH, toHex(group.sending)));
  const own = epoch && (yield* read(work, OWN_CHAIN, toHex(epoch.epoch)));
  if (!epoch || !own)
    throw new Fault(
      "usage/not-allowed",
      "this device has no key of the group yet, so nothing can be sent: wait until you are let in",
    );
  const isNameDue = yield* hasToTellName(work, group.group, account, own.chain.iteration);
  if (isNameDue) yield* tellAlone(work, { account, epoch }, group, { kind: "named", name: account.name });
  for (const content of yield* mergesToName(work, group.group, epoch.epoch))
    yield* tellAlone(work, { account, epoch }, group, content);
  if (contents.length === 0) return [];
  let closures = yield* closuresFor(work, group);
  const written: Written[] = [];
  for (const content of contents) {
    written.push(yield* writeOne(work, { account, epoch }, { content, closures }));
    closures = [];
  }
  yield* signAndQueue(work, { account, epoch }, written);
  return written.map(({ payload }) => payload.messageId);
}

/** Says what only programs take note of, in a message of its own. */
function* tellAlone(work: Work, sending: Sending, group: GroupState, content: MessageContent): Step<void> {
  const closures = yield* closuresFor(work, group);
  yield* signAndQueue(work, sending, [yield* writeOne(work, sending, { content, closures })]);
}

interface Sending {
  readonly account: AccountState;
  readonly epoch: EpochState;
}

interface Written {
  readonly payload: SealedPayload;
  readonly plaintext: GroupPlaintext;
}

/** One message with its place in the conversation and its line, sealed under the next key of our chain. */
function* writeOne(
  work: Work,
  sending: Sending,
  { content, closures }: { readonly content: MessageContent; readonly closures: readonly ChainClosure[] },
): Step<Written> {
  const { account, epoch } = sending;
  const cited = deepest((yield* read(work, HEADS, toHex(epoch.group)))?.heads ?? []);
  const cites = cited.map(({ id }) => id);
  const depth = depthForMessage(epoch, cited);
  const sentAt = work.nowMs as TimeMs;
  const plaintext: GroupPlaintext = { version: 1, frontier: cites, depth, closures, sentAt, content };
  const payload = yield* sealInChain(work, sending, plaintext);
  const { messageId: id, iteration } = payload;
  if (isShown(content)) noteSent(work, epoch.epoch, iteration, id);
  const by = { account: account.account, device: account.device };
  const said = { id, iteration, depth, cites, ...by, epoch: epoch.epoch, isHeld: false };
  yield* joinConversation(work, epoch.group, said, { hasLine: isShown(content) });
  const author = { account: account.account, device: account.device, name: account.name };
  if (isShown(content))
    work.lines.push(lineOf(epoch.group, payload.messageId, { author, depth, plaintext, state: "queued" }));
  if (content.kind === "named") yield* hearName(work, epoch.group, { id, ...by, name: content.name, depth, sentAt });
  return { payload, plaintext };
}

/** Takes the next key of our chain and seals with it. */
function* sealInChain(work: Work, { account, epoch }: Sending, plaintext: GroupPlaintext): Step<SealedPayload> {
  const { p, random } = work;
  const own = yield* readExisting(work, OWN_CHAIN, toHex(epoch.epoch));
  const { messageKey, iteration, next } = nextMessageKey(p, own.chain);
  const place = { group: epoch.group, epochId: epoch.epoch, device: account.device, iteration };
  const nonces = { header: Nonce.from(random(24)), message: Nonce.from(random(24)) };
  const payload = sealPayload(p, { ...place, messageKey, nonces }, plaintext);
  messageKey.fill(0);
  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: next });
  if (own.chain.iteration === 0) noteOwnUse(work, epoch);
  return payload;
}

/** Signs what was sealed and puts it into the outbox, with what it takes to seal each again. */
function* signAndQueue(work: Work, { account, epoch }: Sending, written: readonly Written[]): Step<void> {
  const author: MessageAuthor = {
    group: epoch.group,
    epochId: epoch.epoch,
    device: account.device,
    headerKey: HeaderKey.from(epoch.headerKey),
    index: epoch.ownIndex,
    deviceSeed: account.deviceSeed,
  };
  const payloads = written.map(({ payload }) => payload);
  const bodies = signPayloads(work.p, author, payloads);
  for (const [i, { payload, plaintext }] of written.entries()) {
    const body = bodies[i] ?? new Uint8Array();
    yield* enqueue(
      work,
      epoch.topic,
      signEnvelope(work.p, epoch, ENVELOPE_KIND.message, body),
      originOf(epoch, payload, plaintext),
    );
  }
}

/** What it takes to seal the message again. */
function originOf(
  { group, epoch }: EpochState,
  { messageId: message, iteration }: SealedPayload,
  { content, sentAt }: GroupPlaintext,
): OutboxOrigin {
  const origin = { group, message, epoch, iteration };
  if (content.kind === "text") return { kind: "message", ...origin, text: content.text, sentAt };
  return { kind: "content", ...origin, content };
}

/** How many messages we sent in epochs that are behind us, for those who still wait there; our chains there end. */
function* closuresFor(work: Work, group: GroupState): Step<readonly ChainClosure[]> {
  const behind = group.unclosed.filter((epoch) => !group.sending || !equalBytes(epoch, group.sending));
  const closures: ChainClosure[] = [];
  for (const epoch of behind.slice(0, CLOSURES_MAX)) {
    const own = yield* read(work, OWN_CHAIN, toHex(epoch));
    if (!own) continue; // erased by time: how much we sent there is known no more
    closures.push({ epoch, sent: own.chain.iteration });
    write(work, OWN_CHAIN, toHex(epoch), null);
  }
  if (behind.length === 0) return closures;
  const unclosed = group.unclosed.filter((epoch) => !behind.slice(0, CLOSURES_MAX).includes(epoch));
  write(work, GROUP, toHex(group.group), { ...group, unclosed });
  return closures;
}
