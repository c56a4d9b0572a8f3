/**
 * What a member takes in from others who are connected to it: letters to its own inboxes, and join requests at a
 * rendezvous that it reads. Nothing else can be appended at a member: what groups say is read there, not brought.
 *
 * 1. "Stored" is answered when the profile has committed it, so whoever wrote may forget it.
 * 2. A join request is signed by its rendezvous; anyone may write to an inbox who knows it.
 */
import type { NetworkEvents, TopicSubscription } from "../client/ports/network.ts";
import { checkEnvelope } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../wire/envelope.ts";
import type { Sequence } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { type AppendResult, REFUSAL } from "../wire/topic-frames.ts";
import { MEMBERS_LOG } from "./members-log.ts";
import type { PaceByKey } from "./pace.ts";
import { CHECKS_PER_TURN, ENVELOPE_PACE_BYTES } from "./topic-limits.ts";
import { nextTurn } from "./turn-gate.ts";

/** Our own mail. */
export interface Mailbox {
  /** Inboxes of ours, and rendezvous that we read. */
  readonly topics: () => Iterable<TopicSubscription>;
  /** Resolves when the envelope is committed. */
  readonly take: (to: TopicSubscription, envelope: Uint8Array) => Promise<void>;
}

/** The mailbox of a client that reads these topics. */
export const mailboxOf = (
  subscriptions: () => Iterable<TopicSubscription>,
  delivered: NetworkEvents["delivered"],
): Mailbox => ({
  topics: () => [...subscriptions()].filter(({ takesMail }) => takesMail),
  take: ({ topic }, envelope) => delivered({ log: MEMBERS_LOG, topic, items: [{ sequence: 0 as Sequence, envelope }] }),
});

export interface MailTaking {
  readonly mailbox: Mailbox;
  readonly verifier: Verifier;
  readonly topicPace: PaceByKey;
}

/** One result for each of these encoded envelopes, in their order. */
export async function takeMail(taking: MailTaking, envelopes: readonly Uint8Array[]): Promise<readonly AppendResult[]> {
  const own = new Map([...taking.mailbox.topics()].map((each) => [toHex(each.topic), each]));
  const results: Promise<AppendResult>[] = [];
  for (const [i, envelope] of envelopes.entries()) {
    if (i % CHECKS_PER_TURN === CHECKS_PER_TURN - 1) await nextTurn();
    results.push(takeOne(taking, own, envelope));
  }
  return await Promise.all(results);
}

async function takeOne(
  { mailbox, verifier, topicPace }: MailTaking,
  own: ReadonlyMap<string, TopicSubscription>,
  encoded: Uint8Array,
): Promise<AppendResult> {
  const envelope = decodeEnvelope(encoded);
  if (envelope === undefined) return refused(REFUSAL.malformed);
  const name = toHex(envelope.topic);
  const to = own.get(name);
  const kind = to?.inbox ? ENVELOPE_KIND.deposit : ENVELOPE_KIND.rendezvous;
  if (to === undefined || envelope.kind !== kind) return refused(REFUSAL.unknownTopic);
  if (checkEnvelope(verifier, envelope) !== "valid") return refused(REFUSAL.forged);
  if (topicPace.take(name, encoded.byteLength + ENVELOPE_PACE_BYTES) > 0) return refused(REFUSAL.busy);
  const isTaken = await mailbox.take(to, encoded).then(
    () => true,
    () => false,
  );
  return isTaken ? { kind: "stored", sequence: 0 as Sequence, duplicate: false } : refused(REFUSAL.unavailable);
}

const refused = (reason: (typeof REFUSAL)[keyof typeof REFUSAL]): AppendResult => ({ kind: "refused", reason });
