/**
 * Devices that contradict themselves. Two different messages, both signed for one place of a chain: the key of that place
 * is gone once one of them is opened, so nobody could read both; members who got another one first would read another
 * text, so neither counts. And messages in a chain that its device had closed before.
 * @see PROTOCOL.md § History, Messages that do not count
 */
import { equalBytes } from "../verify/transcript.ts";
import type { DeviceKey, EpochId, GroupId, Iteration, MessageId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { closeGap } from "./conversation.ts";
import { announce, type Work } from "./effects.ts";
import { type Recent, recentMessages } from "./recent-messages.ts";
import { FORK_PROOF, type SaidState, SEEN } from "./records/conversation.ts";
import type { EpochState } from "./records/epoch.ts";
import { judgeAgain, type Origin } from "./removals.ts";
import { read, type Step, write } from "./step.ts";
import { restate } from "./withdrawn-lines.ts";

/** Forks of one chain that are looked into; a device that makes more of them is known for what it is, and costs no more work. */
const FORKS_MAX = 64;

/** A second message at a used place of a chain, its signature checked. */
export interface ForkedMessage extends Omit<Origin, "epoch"> {
  readonly chain: string;
  readonly iteration: Iteration;
  readonly messageId: MessageId;
  readonly body: Uint8Array;
}

/** Keeps the proof, and withdraws the message that came first. */
export function* contest(work: Work, { group, epoch }: EpochState, forked: ForkedMessage): Step<void> {
  const { chain, iteration, messageId, body, device, account } = forked;
  const proof = yield* read(work, FORK_PROOF, chain);
  announce(work, { kind: "warning", code: "fork", group, device, account });
  if ((proof?.forks ?? 0) >= FORKS_MAX) return;
  write(work, FORK_PROOF, chain, { body: proof?.body ?? body, forks: (proof?.forks ?? 0) + 1 });
  const recent = yield* recentMessages(work, group);
  const first = [...recent.values()].find(({ said }) => said.iteration === iteration && isIn(said, epoch, device));
  write(work, SEEN, toHex(messageId), { depth: first?.said.depth ?? 0 });
  yield* closeGap(work, group, messageId);
  if (first) yield* voidThese(work, group, recent, [first]);
}

/** The device says that it sent so many messages in that epoch: what is here from there on counts no more. */
export function* voidFrom(work: Work, { group, epoch }: EpochState, device: DeviceKey, sent: number): Step<void> {
  const recent = yield* recentMessages(work, group);
  const later = [...recent.values()].filter(({ said }) => said.iteration >= sent && isIn(said, epoch, device));
  const [first] = later;
  if (!first) return;
  announce(work, { kind: "warning", code: "fork", group, device, account: first.said.account });
  yield* voidThese(work, group, recent, later);
}

const isIn = (said: SaidState, epoch: EpochId, device: DeviceKey): boolean =>
  equalBytes(said.epoch, epoch) && equalBytes(said.device, device);

function* voidThese(work: Work, group: GroupId, recent: Map<string, Recent>, messages: readonly Recent[]): Step<void> {
  const changes = messages.map((each) => ({ ...each, said: { ...each.said, isVoid: true } }));
  yield* restate(work, group, recent, changes);
  yield* judgeAgain(work, group);
}
