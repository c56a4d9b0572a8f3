/**
 * Messages in our own name, as they come back: the echo of one we sent, or one that a newer state of this device sent
 * before this one was restored. Then we say so, jump past it, and seal again what the outbox holds at used places.
 * @see PROTOCOL.md § Restored states
 */
import {
  checkSignature,
  claimedId,
  type MessagePlace,
  type OpenedHeader,
  openPayload,
} from "../crypto/group-message.ts";
import { messageKeyAt, type OwnChain, peerChainOf } from "../crypto/sender-chain.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { MessageContent } from "../wire/group-message.ts";
import type { GroupId, MessageId, TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { citeUnread, depthHere, joinConversation } from "./conversation.ts";
import type { Work } from "./effects.ts";
import { moveFile } from "./files.ts";
import { contest } from "./forks.ts";
import type { Giver, ReceiveOutcome } from "./group-chat.ts";
import { isShown, lineOf, placeOf } from "./group-lines.ts";
import { sendContents } from "./group-sending.ts";
import { settleEcho } from "./outbox.ts";
import { type Recent, recentMessages } from "./recent-messages.ts";
import { ACCOUNT } from "./records/account.ts";
import { SEEN } from "./records/conversation.ts";
import { chainId, type EpochState, OWN_CHAIN } from "./records/epoch.ts";
import { GROUP } from "./records/group.ts";
import { OUTBOX, type OutboxOrigin } from "./records/outbox.ts";
import { noteTaken } from "./reports.ts";
import { noteRestored } from "./restored-state.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";

/** A message in our own name. */
export function* receiveOwn(
  work: Work,
  epoch: EpochState,
  header: OpenedHeader,
  { body, from }: { readonly body: Uint8Array; readonly from: Giver },
): Step<ReceiveOutcome> {
  const account = yield* readExisting(work, ACCOUNT);
  const { iteration } = header;
  const place: MessagePlace = { group: epoch.group, epochId: epoch.epoch, device: account.device, iteration };
  const messageId = claimedId(work.p, place, header);
  if ((yield* depthHere(work, epoch.group, messageId)) !== undefined) {
    if (from === "member") yield* noteTaken(work, epoch, iteration);
    else yield* settleEcho(work, messageId, body);
    return "own";
  }
  if (checkSignature(work.p, place, header) === "forged") return "forged";
  const own = yield* read(work, OWN_CHAIN, toHex(epoch.epoch));
  yield* noteRestored(work, epoch.group);
  if (!own) return "fork";
  if (iteration < own.chain.iteration) {
    const { device, account: ours } = account;
    const chain = chainId(epoch.epoch, epoch.ownIndex);
    yield* contest(work, epoch, { chain, device, account: ours, iteration, messageId, body });
    const depth = (yield* depthHere(work, epoch.group, messageId)) ?? epoch.depth;
    yield* citeUnread(work, epoch.group, { id: messageId, depth });
    yield* sealAgain(work, epoch, { iteration, newer: undefined });
    return "contested";
  }
  const asPeer = { ...peerChainOf(own.chain.chainKey), next: own.chain.iteration };
  const answer = messageKeyAt(work.p, asPeer, iteration, work.nowMs as TimeMs);
  if (answer.kind !== "key") return "too-far-ahead";
  const plaintext = openPayload(work.p, answer.key, place, header);
  if (typeof plaintext === "string") return plaintext;
  const { chainKey, next } = answer.next;
  const jumped: OwnChain = { version: 1, chainKey, iteration: next };
  write(work, OWN_CHAIN, toHex(epoch.epoch), { chain: jumped });
  const depth = placeOf(plaintext.depth, epoch.depth);
  const by = { account: account.account, device: account.device };
  const said = { id: messageId, epoch: epoch.epoch, ...by, iteration, depth, cites: plaintext.frontier, isHeld: false };
  yield* joinConversation(work, epoch.group, said, { hasLine: isShown(plaintext.content) });
  const author = { ...by, name: account.name };
  if (isShown(plaintext.content))
    work.lines.push(lineOf(epoch.group, messageId, { author, depth, plaintext, state: "on-relay" }));
  const group = yield* readExisting(work, GROUP, toHex(epoch.group));
  write(work, GROUP, toHex(epoch.group), { ...group, rekeyAt: work.nowMs as TimeMs });
  work.effects.push({ kind: "wake", atMs: work.nowMs });
  yield* sealAgain(work, epoch, { iteration, newer: messageId });
  return "opened";
}

const isMessage = (origin: OutboxOrigin): origin is Extract<OutboxOrigin, { kind: "message" | "content" }> =>
  origin.kind === "message" || origin.kind === "content";

/** A place in our chain that turned out to be used, and the message there, if it could be opened. */
interface UsedPlace {
  readonly iteration: number;
  readonly newer: MessageId | undefined;
}

/** Envelopes of ours that nobody has yet and whose place in the chain turned out to be used get a new place. */
function* sealAgain(work: Work, epoch: EpochState, used: UsedPlace): Step<void> {
  const seen = yield* seenByOthers(work, epoch.group, used.newer);
  for (const [id, row] of yield* scan(work, OUTBOX)) {
    const { origin } = row;
    if (!isMessage(origin) || !equalBytes(origin.epoch, epoch.epoch) || origin.iteration > used.iteration) continue;
    if (seen.has(toHex(origin.message))) continue; // it has left, though no answer came before this copy was made
    write(work, OUTBOX, id, null);
    const depth = (yield* depthHere(work, origin.group, origin.message)) ?? epoch.depth;
    write(work, SEEN, toHex(origin.message), { depth }); // its line says so no more, and it may have left all the same
    work.removedLines.push({ group: toHex(origin.group), id: toHex(origin.message) });
    const content: MessageContent = origin.kind === "message" ? { kind: "text", text: origin.text } : origin.content;
    const [fresh] = yield* sendContents(work, yield* readExisting(work, GROUP, toHex(origin.group)), [content]);
    if (fresh && content.kind === "file") yield* moveFile(work, origin.group, origin.message, fresh);
  }
}

/** Ids (hex) of what others, or our newer self in its message, had seen. */
function* seenByOthers(work: Work, group: GroupId, newer: MessageId | undefined): Step<ReadonlySet<string>> {
  const { device } = yield* readExisting(work, ACCOUNT);
  const recent = yield* recentMessages(work, group);
  const isWitness = ({ said }: Recent): boolean =>
    !equalBytes(said.device, device) || (newer !== undefined && equalBytes(said.id, newer));
  const open = [...recent.values()].filter(isWitness).flatMap(({ said }) => said.cites.map(toHex));
  const seen = new Set<string>();
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(recent.get(id)?.said.cites.map(toHex) ?? []));
  }
  return seen;
}
