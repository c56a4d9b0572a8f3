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
import { checkSignature, claimedId, type MessagePlace, openHeader, openPayload } from "../crypto/group-message.ts";
import {
  ChainKey,
  closeChain,
  expireRanges,
  givenUpRanges,
  hasKeyOf,
  isComplete,
  messageKeyAhead,
  messageKeyAt,
  openChain,
  type PeerChain,
  peerChainOf,
} from "../crypto/sender-chain.ts";
import type { ChainClosure, GroupPlaintext } from "../wire/group-message.ts";
import type { AccountKey, DeviceKey, EpochId, Iteration, MessageId, TimeMs } from "../wire/ids.ts";
import { FORWARD_JUMP_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { depthHere, joinConversation } from "./conversation.ts";
import { announce, type Work } from "./effects.ts";
import { hearOfFile, noteFile } from "./files.ts";
import { contest, voidFrom } from "./forks.ts";
import { isShown, lineOf, placeOf } from "./group-lines.ts";
import { hearMerges, noteUse } from "./named-merges.ts";
import { receiveOwn } from "./own-messages.ts";
import { placeAhead, reachedByFlow } from "./recent-messages.ts";
import { SEEN } from "./records/conversation.ts";
import { CHAIN, CLOSED, chainId, EPOCH, type EpochState, SENDERS } from "./records/epoch.ts";
import { MEMBER } from "./records/group.ts";
import { idOf } from "./records/record.ts";
import { standingOf, weigh } from "./removals.ts";
import { noteToReport } from "./reports.ts";
import { indexIn } from "./roster.ts";
import { existingRoster, readRoster } from "./saved-roster.ts";
import { count, read, readExisting, type Step, write } from "./step.ts";
import { hearName } from "./told-names.ts";

/** What became of a received message. */
export type ReceiveOutcome =
  | "opened"
  | "duplicate"
  | "own"
  | "forged"
  | "malformed"
  | "too-far-ahead"
  | "closed"
  /** It came after the keys of what was missing in its chain were given up. */
  | "given-up"
  | "fork"
  /** A second message at a used place, of which was told. */
  | "contested"
  /** Of somebody who was removed: more of them than are kept. */
  | "dropped";

/** Who gave us an envelope. */
export type Giver = "relay" | "member";

/** How an envelope came. */
export interface Coming {
  readonly from: Giver;
  /** Ahead of what is missing before it, which follows. */
  readonly isAhead: boolean;
}

/** Opens a message body that came through an epoch's topic. */
export function* receiveMessage(
  work: Work,
  epochId: EpochId,
  body: Uint8Array,
  { from, isAhead }: Coming,
): Step<ReceiveOutcome> {
  const epoch = yield* readExisting(work, EPOCH, toHex(epochId));
  const header = openHeader(work.p, HeaderKey.from(epoch.headerKey), epochId, body);
  if (typeof header === "string") return header;
  if (header.index === epoch.ownIndex)
    // our own chain only goes forward: what comes ahead would hide what is before it
    return isAhead ? "own" : yield* receiveOwn(work, epoch, header, { body, from });
  const sender = yield* senderAt(work, epoch, header.index);
  if (!sender) return "malformed";
  const id = chainId(epochId, header.index);
  const place: MessagePlace = { group: epoch.group, epochId, device: sender.device, iteration: header.iteration };
  if (header.iteration - sender.chain.next > FORWARD_JUMP_MAX) return "too-far-ahead";
  const messageId = claimedId(work.p, place, header);
  const isUsed = !hasKeyOf(sender.chain, header.iteration); // whatever is here already has used its key
  if (isUsed && (yield* depthHere(work, epoch.group, messageId)) !== undefined) {
    if (!isAhead) yield* reachedByFlow(work, epoch.group, messageId, from);
    return "duplicate";
  }
  const ahead = isAhead ? yield* placeAhead(work, epoch.group, messageId, from) : undefined;
  if (isAhead && ahead === undefined) return "too-far-ahead";
  if (checkSignature(work.p, place, header) === "forged") return "forged";
  const keyAt = isAhead ? messageKeyAhead : messageKeyAt;
  const answer = keyAt(work.p, expired(work, epoch, id, sender), header.iteration, work.nowMs as TimeMs);
  if (answer.kind === "duplicate") {
    const { device, account } = sender;
    const { iteration } = header;
    yield* contest(work, epoch, { chain: id, device, account, iteration, messageId, body });
    return "contested";
  }
  if (answer.kind !== "key") return answer.kind;
  const plaintext = openPayload(work.p, answer.key, place, header);
  answer.key.fill(0);
  if (plaintext === "forged") return "forged";
  write(work, CHAIN, id, { ...sender, chain: withoutUse(answer.next) });
  if (plaintext === "malformed") return passOver(work, messageId, "malformed");
  yield* noteToReport(work, epoch, header.index);
  return yield* accept(work, epoch, { ...sender, iteration: header.iteration, messageId, plaintext, ahead });
}

interface Sender {
  readonly device: DeviceKey;
  readonly account: AccountKey;
}

/** The chain without keys that are kept no longer. What can never be read now is told of once. */
function expired(
  work: Work,
  { group }: EpochState,
  id: string,
  sender: Sender & { readonly chain: PeerChain },
): PeerChain {
  const chain = expireRanges(work.p, sender.chain, work.nowMs as TimeMs);
  if (chain === sender.chain) return chain;
  write(work, CHAIN, id, { ...sender, chain: withoutUse(chain) });
  const { device, account } = sender;
  if (givenUpRanges(chain) > givenUpRanges(sender.chain))
    announce(work, { kind: "warning", code: "given-up", group, device, account });
  return chain;
}

/** The chain of the device with this index, opened from the senders' tree at its first message. */
function* senderAt(work: Work, epoch: EpochState, index: number) {
  const id = chainId(epoch.epoch, index);
  const known = yield* read(work, CHAIN, id);
  if (known) return known;
  const sender = (yield* existingRoster(work, toHex(epoch.epoch)))[index];
  const senders = yield* readExisting(work, SENDERS, toHex(epoch.epoch));
  const opened = sender && openChain(work.p, senders.tree, { epochId: epoch.epoch, device: sender.device, index });
  if (!sender || !opened) return undefined;
  const closedId = idOf(sender.device, epoch.epoch);
  const closed = yield* read(work, CLOSED, closedId);
  const chain = peerChainOf(opened.chainKey);
  const fresh = { ...sender, chain: closed ? closeChain(chain, closed.sent) : chain };
  if (closed) write(work, CLOSED, closedId, null);
  write(work, SENDERS, toHex(epoch.epoch), { tree: opened.tree });
  write(work, CHAIN, id, fresh);
  return fresh;
}

/** Its key is used and nothing of it is here: when it comes again, as all do that came ahead, it is no fork of itself. */
function passOver(work: Work, id: MessageId, outcome: "malformed" | "dropped"): ReceiveOutcome {
  write(work, SEEN, toHex(id), { depth: 0 });
  return outcome;
}

interface Arrived extends Sender {
  readonly messageId: MessageId;
  readonly iteration: Iteration;
  readonly plaintext: GroupPlaintext;
  /** Its place, if it came ahead of what is missing before it. */
  readonly ahead: string | undefined;
}

/** The message takes its place. One whose author was removed is kept but not shown until somebody is known to have seen it. */
function* accept(work: Work, epoch: EpochState, arrived: Arrived): Step<ReceiveOutcome> {
  const { account, device, messageId: id, iteration, plaintext, ahead } = arrived;
  const { group } = epoch;
  for (const closure of plaintext.closures) yield* applyClosure(work, device, closure);
  const standing = yield* standingOf(work, group, { account, device, epoch: epoch.epoch });
  yield* noteUse(work, epoch, { device, isFirst: iteration === 0 && standing !== "held" && standing !== "full" });
  if (standing === "full") return passOver(work, id, "dropped");
  const depth = placeOf(plaintext.depth, epoch.depth);
  const isHeld = standing === "held";
  const said = { id, epoch: epoch.epoch, device, account, iteration, depth, cites: plaintext.frontier, isHeld };
  yield* joinConversation(work, group, said, { hasLine: isShown(plaintext.content), ahead });
  const member = yield* read(work, MEMBER, idOf(group, account));
  const author = { account, device, name: member?.name ?? toHex(account).slice(0, 8) };
  yield* takeContent(work, epoch, { ...arrived, depth }, isHeld);
  if (isShown(plaintext.content)) {
    const line = lineOf(group, id, { author, depth, plaintext, state: "received" });
    work.lines.push(line);
    if (isHeld) work.lineStates.push({ group: toHex(group), id: toHex(id), state: "withdrawn" });
    else announce(work, { kind: "message", group, line });
  }
  yield* weigh(work, group, standing);
  return "opened";
}

/** What a message says beside its line. */
function* takeContent(
  work: Work,
  { group, epoch }: EpochState,
  { account, device, messageId: id, plaintext, depth }: Arrived & { readonly depth: number },
  isHeld: boolean,
): Step<void> {
  const { content, sentAt } = plaintext;
  switch (content.kind) {
    case "text":
      return;
    case "file":
      return noteFile(work, { group, id }, content.manifest, { account, sentAt, stage: { kind: "offered" } });
    case "fileWanted":
    case "fileHeld":
      if (!isHeld) yield* hearOfFile(work, group, account, content);
      return;
    case "named":
      if (!isHeld) yield* hearName(work, group, { id, account, device, name: content.name, depth, sentAt });
      return;
    case "merges":
      return yield* hearMerges(work, { group, saidIn: epoch, by: device, isHeld }, content.merges);
    default:
      return content satisfies never;
  }
}

/** The device sends no more in an earlier epoch: what comes later there is void, and a complete chain is erased. */
function* applyClosure(work: Work, device: DeviceKey, closure: ChainClosure): Step<void> {
  const roster = yield* readRoster(work, toHex(closure.epoch));
  if (!roster) return yield* keepClosure(work, device, closure);
  const index = indexIn(roster, device);
  const epoch = index >= 0 && (yield* read(work, EPOCH, toHex(closure.epoch)));
  const sender = epoch && (yield* senderAt(work, epoch, index));
  if (!sender) return;
  const chain = closeChain(sender.chain, closure.sent);
  write(work, CHAIN, chainId(closure.epoch, index), { ...sender, chain: withoutUse(chain) });
  const isContradicted = sender.chain.end === undefined && sender.chain.next > closure.sent;
  if (isContradicted) yield* voidFrom(work, epoch, device, closure.sent);
}

/** Epochs that one device closed and that we are not in: more than branches that could meet later. */
const CLOSED_PER_DEVICE_MAX = 64;

/** We may enter that epoch later; whoever was never in it forgets this with the epochs of its time. */
function* keepClosure(work: Work, device: DeviceKey, { epoch, sent }: ChainClosure): Step<void> {
  const id = idOf(device, epoch);
  if (yield* read(work, CLOSED, id)) return;
  if ((yield* count(work, CLOSED, `${toHex(device)}/`, CLOSED_PER_DEVICE_MAX)) >= CLOSED_PER_DEVICE_MAX) return;
  write(work, CLOSED, id, { sent, at: work.nowMs as TimeMs });
}

/** A chain whose every message has come keeps its bounds, so that replays stay duplicates, but no key. */
function withoutUse(chain: PeerChain): PeerChain {
  return isComplete(chain) ? { ...chain, chainKey: ChainKey.from(new Uint8Array(32)) } : chain;
}
