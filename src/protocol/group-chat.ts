/**
 * Messages of a group: sealing ours, opening those of others.
 *
 * 1. A message is committed together with its line and the chain it moved on, or not at all.
 * 2. Header, bounds, signature, ratchet on a copy, open, commit: nothing is ratcheted for bytes that no device signed.
 * 3. Cost does not depend on the group's size or history, but for a sender's first message in an epoch.
 *
 * @see PROTOCOL.md § Group messages
 */
import { HeaderKey } from "../crypto/epoch-secrets.ts";
import {
  checkSignature,
  type MessagePlace,
  type OpenedHeader,
  openHeader,
  openPayload,
  sealGroupMessage,
} from "../crypto/group-message.ts";
import {
  ChainKey,
  closeChain,
  expireRanges,
  isComplete,
  messageKeyAt,
  nextMessageKey,
  type OwnChain,
  openChain,
  type PeerChain,
  peerChainOf,
} from "../crypto/sender-chain.ts";
import { equalBytes } from "../verify/transcript.ts";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import type { ChainClosure, GroupPlaintext } from "../wire/group-message.ts";
import {
  type AccountKey,
  type DeviceKey,
  type EpochId,
  type GroupId,
  type MessageId,
  Nonce,
  type TimeMs,
} from "../wire/ids.ts";
import { CLOSURES_MAX, FORWARD_JUMP_MAX, MESSAGE_FRONTIER_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { addHead, depthAfter } from "./group-lines.ts";
import { enqueue } from "./outbox.ts";
import {
  ACCOUNT,
  type AccountState,
  CHAIN,
  chainId,
  EPOCH,
  type EpochState,
  FORK_PROOF,
  GROUP,
  type GroupState,
  HEADS,
  idOf,
  MEMBER,
  OUTBOX,
  OWN_CHAIN,
  ROSTER,
  SEEN,
  SENDERS,
} from "./records.ts";
import { noteRestored } from "./restored-state.ts";
import { type Line, read, readExisting, type Step, scan, write } from "./step.ts";
import { signEnvelope } from "./topic-envelope.ts";

/** What became of a received message. */
export type ReceiveOutcome =
  | "opened"
  | "duplicate"
  | "own"
  | "forged"
  | "malformed"
  | "too-far-ahead"
  | "closed"
  | "fork";

/** Seals a text for the group and queues it. The text fits TEXT_MAX_BYTES; the caller has checked. */
export function* sendText(work: Work, group: GroupState, text: string): Step<MessageId> {
  const account = yield* readExisting(work, ACCOUNT);
  const epoch = group.sending && (yield* read(work, EPOCH, toHex(group.sending)));
  const own = epoch && (yield* read(work, OWN_CHAIN, toHex(epoch.epoch)));
  if (!epoch || !own)
    throw new Fault(
      "usage/not-allowed",
      "this device has no key of the group yet, so nothing can be sent: wait until you are let in",
    );
  const closures = yield* closuresFor(work, group);
  const heads = (yield* read(work, HEADS, toHex(group.group)))?.heads ?? [];
  const cited = deepest(heads);
  const plaintext: GroupPlaintext = {
    version: 1,
    frontier: cited,
    closures,
    sentAt: work.nowMs as TimeMs,
    content: { kind: "text", text },
  };
  const sealed = yield* sealInChain(work, account, epoch, plaintext);
  const depth = yield* depthAfter(work, epoch, cited, { citedBy: account.device });
  yield* addHead(work, group.group, { id: sealed.messageId, depth }, cited);
  const author = { account: account.account, device: account.device, name: account.name };
  work.lines.push(lineOf(group.group, sealed.messageId, { author, depth, plaintext, state: "queued" }));
  return sealed.messageId;
}

/** The heads that a message cites: those deepest in the conversation, so that it stands after all that we have seen. */
function deepest(heads: readonly { readonly id: MessageId; readonly depth: number }[]): readonly MessageId[] {
  return heads
    .toSorted((a, b) => a.depth - b.depth)
    .slice(-MESSAGE_FRONTIER_MAX)
    .map(({ id }) => id);
}

/** Takes the next key of our chain, seals, and queues the envelope with what it takes to seal it again. */
function* sealInChain(work: Work, account: AccountState, epoch: EpochState, plaintext: GroupPlaintext) {
  const { p, random } = work;
  const own = yield* readExisting(work, OWN_CHAIN, toHex(epoch.epoch));
  const { messageKey, iteration, next } = nextMessageKey(p, own.chain);
  const sealing = {
    group: epoch.group,
    epochId: epoch.epoch,
    device: account.device,
    iteration,
    headerKey: HeaderKey.from(epoch.headerKey),
    index: epoch.ownIndex,
    deviceSeed: account.deviceSeed,
    messageKey,
    nonces: { header: Nonce.from(random(24)), message: Nonce.from(random(24)) },
  };
  const { body, messageId } = sealGroupMessage(p, sealing, plaintext);
  messageKey.fill(0);
  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: next });
  yield* enqueue(work, epoch.topic, signEnvelope(p, epoch, ENVELOPE_KIND.message, body), {
    kind: "message",
    group: epoch.group,
    message: messageId,
    epoch: epoch.epoch,
    iteration,
    text: plaintext.content.text,
    sentAt: plaintext.sentAt,
  });
  return { messageId };
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

/** Opens a message body that came through an epoch's topic. */
export function* receiveMessage(work: Work, epochId: EpochId, body: Uint8Array): Step<ReceiveOutcome> {
  const epoch = yield* readExisting(work, EPOCH, toHex(epochId));
  const header = openHeader(work.p, HeaderKey.from(epoch.headerKey), epochId, body);
  if (typeof header === "string") return header;
  if (header.index === epoch.ownIndex) return yield* receiveOwn(work, epoch, header);
  const sender = yield* senderAt(work, epoch, header.index);
  if (!sender) return "malformed";
  const id = chainId(epochId, header.index);
  const place: MessagePlace = { group: epoch.group, epochId, device: sender.device, iteration: header.iteration };
  if (header.iteration - sender.chain.next > FORWARD_JUMP_MAX) return "too-far-ahead";
  const messageId = checkSignature(work.p, place, header);
  if (messageId === "forged") return "forged";
  if (yield* read(work, SEEN, toHex(messageId))) return "duplicate";
  const now = work.nowMs as TimeMs;
  const answer = messageKeyAt(work.p, expireRanges(sender.chain, now), header.iteration, now);
  if (answer.kind === "duplicate") {
    if (!(yield* read(work, FORK_PROOF, id))) write(work, FORK_PROOF, id, { body });
    return "fork";
  }
  if (answer.kind !== "key") return answer.kind;
  const plaintext = openPayload(work.p, answer.key, place, header);
  answer.key.fill(0);
  if (plaintext === "forged") return "forged";
  write(work, CHAIN, id, { ...sender, chain: withoutUse(answer.next) });
  if (plaintext === "malformed") return "malformed";
  yield* accept(work, epoch, { ...sender, messageId, plaintext });
  return "opened";
}

interface Sender {
  readonly device: DeviceKey;
  readonly account: AccountKey;
}

/** The chain of the device with this index, opened from the senders' tree at its first message. */
function* senderAt(work: Work, epoch: EpochState, index: number) {
  const id = chainId(epoch.epoch, index);
  const known = yield* read(work, CHAIN, id);
  if (known) return known;
  const sender = (yield* readExisting(work, ROSTER, toHex(epoch.epoch))).devices[index];
  const senders = yield* readExisting(work, SENDERS, toHex(epoch.epoch));
  const opened = sender && openChain(work.p, senders.tree, { epochId: epoch.epoch, device: sender.device, index });
  if (!sender || !opened) return undefined;
  const fresh = { ...sender, chain: peerChainOf(opened.chainKey) };
  write(work, SENDERS, toHex(epoch.epoch), { tree: opened.tree });
  write(work, CHAIN, id, fresh);
  return fresh;
}

interface Arrived extends Sender {
  readonly messageId: MessageId;
  readonly plaintext: GroupPlaintext;
}

function* accept(work: Work, epoch: EpochState, { account, device, messageId, plaintext }: Arrived): Step<void> {
  for (const closure of plaintext.closures) yield* applyClosure(work, device, closure);
  const depth = yield* depthAfter(work, epoch, plaintext.frontier, { id: messageId, citedBy: device });
  yield* addHead(work, epoch.group, { id: messageId, depth }, plaintext.frontier);
  const member = yield* read(work, MEMBER, idOf(epoch.group, account));
  const author = { account, device, name: member?.name ?? toHex(account).slice(0, 8) };
  const line = lineOf(epoch.group, messageId, { author, depth, plaintext, state: "received" });
  work.lines.push(line);
  announce(work, { kind: "message", group: epoch.group, line });
}

/** The device sends no more in an earlier epoch: what comes later there is void, and a complete chain is erased. */
function* applyClosure(work: Work, device: DeviceKey, closure: ChainClosure): Step<void> {
  const roster = yield* read(work, ROSTER, toHex(closure.epoch));
  const index = roster?.devices.findIndex((each) => equalBytes(each.device, device)) ?? -1;
  const epoch = index >= 0 && (yield* read(work, EPOCH, toHex(closure.epoch)));
  const sender = epoch && (yield* senderAt(work, epoch, index));
  if (!sender) return;
  const chain = closeChain(sender.chain, closure.sent);
  write(work, CHAIN, chainId(closure.epoch, index), { ...sender, chain: withoutUse(chain) });
}

/** A chain whose every message has come keeps its bounds, so that replays stay duplicates, but no key. */
function withoutUse(chain: PeerChain): PeerChain {
  return isComplete(chain) ? { ...chain, chainKey: ChainKey.from(new Uint8Array(32)) } : chain;
}

/**
 * A message in our own name: the echo of one we sent, or one that a newer state of this device sent before this
 * one was restored. Then we say so, jump past it, and seal again what the outbox holds at used places.
 */
function* receiveOwn(work: Work, epoch: EpochState, header: OpenedHeader): Step<ReceiveOutcome> {
  const account = yield* readExisting(work, ACCOUNT);
  const { iteration } = header;
  const place: MessagePlace = { group: epoch.group, epochId: epoch.epoch, device: account.device, iteration };
  const messageId = checkSignature(work.p, place, header);
  if (messageId === "forged") return "forged";
  if (yield* read(work, SEEN, toHex(messageId))) return "own";
  const own = yield* read(work, OWN_CHAIN, toHex(epoch.epoch));
  yield* noteRestored(work, epoch.group);
  if (!own) return "fork";
  if (iteration < own.chain.iteration) {
    yield* sealAgain(work, epoch, iteration);
    return "fork";
  }
  const asPeer = { ...peerChainOf(own.chain.chainKey), next: own.chain.iteration };
  const answer = messageKeyAt(work.p, asPeer, iteration, work.nowMs as TimeMs);
  if (answer.kind !== "key") return "too-far-ahead";
  const plaintext = openPayload(work.p, answer.key, place, header);
  if (typeof plaintext === "string") return plaintext;
  const { chainKey, next } = answer.next;
  const jumped: OwnChain = { version: 1, chainKey, iteration: next };
  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: jumped });
  const depth = yield* depthAfter(work, epoch, plaintext.frontier, { id: messageId, citedBy: account.device });
  yield* addHead(work, epoch.group, { id: messageId, depth }, plaintext.frontier);
  const author = { account: account.account, device: account.device, name: account.name };
  work.lines.push(lineOf(epoch.group, messageId, { author, depth, plaintext, state: "on-relay" }));
  const group = yield* readExisting(work, GROUP, toHex(epoch.group));
  write(work, GROUP, toHex(epoch.group), { ...group, rekeyAt: work.nowMs as TimeMs });
  work.effects.push({ kind: "wake", atMs: work.nowMs });
  yield* sealAgain(work, epoch, iteration);
  return "opened";
}

/** Envelopes of ours that nobody has yet and whose place in the chain turned out to be used get a new place. */
function* sealAgain(work: Work, epoch: EpochState, used: number): Step<void> {
  for (const [id, row] of yield* scan(work, OUTBOX, "", OUTBOX_SCAN_MAX)) {
    const { origin } = row;
    if (origin.kind !== "message" || !equalBytes(origin.epoch, epoch.epoch) || origin.iteration > used) continue;
    write(work, OUTBOX, id, null);
    work.removedLines.push({ group: toHex(origin.group), id: toHex(origin.message) });
    yield* sendText(work, yield* readExisting(work, GROUP, toHex(origin.group)), origin.text);
  }
}

/** Outbox records looked at when a restored state is found; more than a device writes while it is cut off. */
const OUTBOX_SCAN_MAX = 100_000;

interface LineSource {
  readonly author: { readonly account: AccountKey; readonly device: DeviceKey; readonly name: string };
  readonly depth: number;
  readonly plaintext: GroupPlaintext;
  readonly state: Line["state"];
}

function lineOf(group: GroupId, id: MessageId, { author, depth, plaintext, state }: LineSource): Line {
  return {
    group: toHex(group),
    id: toHex(id),
    depth,
    sentAtMs: plaintext.sentAt,
    account: toHex(author.account),
    device: toHex(author.device),
    name: author.name,
    kind: "text",
    text: plaintext.content.text,
    state,
  };
}
