/**
 * Messages of a group, as they arrive: those of others, and the echo of our own.
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
} from "../crypto/group-message.ts";
import {
  ChainKey,
  closeChain,
  expireRanges,
  isComplete,
  messageKeyAt,
  type OwnChain,
  openChain,
  type PeerChain,
  peerChainOf,
} from "../crypto/sender-chain.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { ChainClosure, GroupPlaintext } from "../wire/group-message.ts";
import type { AccountKey, DeviceKey, EpochId, MessageId, TimeMs } from "../wire/ids.ts";
import { FORWARD_JUMP_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import { addHead, depthAfter, lineOf } from "./group-lines.ts";
import { sendTexts } from "./group-sending.ts";
import {
  ACCOUNT,
  CHAIN,
  chainId,
  EPOCH,
  type EpochState,
  FORK_PROOF,
  GROUP,
  idOf,
  MEMBER,
  OUTBOX,
  OWN_CHAIN,
  ROSTER,
  SEEN,
  SENDERS,
} from "./records.ts";
import { noteRestored } from "./restored-state.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

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
    yield* sendTexts(work, yield* readExisting(work, GROUP, toHex(origin.group)), [origin.text]);
  }
}

/** Outbox records looked at when a restored state is found; more than a device writes while it is cut off. */
const OUTBOX_SCAN_MAX = 100_000;
