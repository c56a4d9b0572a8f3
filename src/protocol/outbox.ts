/**
 * Committed envelopes that no holder has acknowledged. They leave in order and stay until a holder has them
 * durably; sending one twice is harmless, because holders know an envelope by its id.
 */
import { ENVELOPE_KIND, isDeposit, kindOf } from "../wire/envelope.ts";
import type { TimeMs, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { AppendResult } from "../wire/topic-frames.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import { announce, type Work } from "./effects.ts";
import { COUNTERS, OUTBOX, type OutboxOrigin, type OutboxState, SENT, sentId, UNKNOWN_INBOX } from "./records.ts";
import { read, type Step, write } from "./step.ts";

/** Adds an envelope; it is sent after the commit. */
export function* enqueue(work: Work, topic: Topic, envelope: Uint8Array, origin?: OutboxOrigin): Step<void> {
  const counters = (yield* read(work, COUNTERS)) ?? { outbox: 0 };
  const number = counters.outbox + 1;
  write(work, COUNTERS, "", { outbox: number });
  write(work, OUTBOX, outboxId(number), { envelope, topic, origin: origin ?? { kind: "none" } });
  if (isGroups(envelope)) work.effects.push({ kind: "keep", envelope });
  work.effects.push({ kind: "flush" });
}

/** Messages and entries: what other members may get from us, too. */
function isGroups(envelope: Uint8Array): boolean {
  const kind = kindOf(envelope);
  return kind === ENVELOPE_KIND.message || kind === ENVELOPE_KIND.entry;
}

/** Id of the record of the envelope with that number: sorts as the number does. */
export const outboxId = (number: number): string => String(number).padStart(12, "0");

/**
 * Ms for which a letter waits for an inbox that no relay knows: whoever is away reads it from the relay that their
 * contact names, and one that forgets inboxes (30 days unless told otherwise) learns them again when the owner returns.
 */
export const UNKNOWN_INBOX_MS = 7 * 24 * 3600 * 1000;

/** What the shell does with an outbox record after a holder answered. */
export type OutboxVerdict = "gone" | "retry";

/** A holder's answer to one of our envelopes. Refusals that time can heal keep it; others drop it with a warning. */
export function* settle(work: Work, id: string, result: AppendResult): Step<OutboxVerdict> {
  const row = yield* read(work, OUTBOX, id);
  if (!row) return "gone";
  const isInboxUnknown = result.kind === "refused" && isUnknownInbox(result.reason, row);
  const isGivenUp = yield* noteInbox(work, id, isInboxUnknown);
  if (result.kind === "refused" && canHeal(result.reason) && !isGivenUp) return "retry";
  write(work, OUTBOX, id, null);
  if (result.kind === "refused") announce(work, { kind: "warning", code: isGivenUp ? "undeliverable" : "refused" });
  else if (row.origin.kind === "message" || row.origin.kind === "content") {
    const { group, message, epoch, iteration } = row.origin;
    const sent = yield* read(work, SENT, sentId(epoch, iteration));
    const isDelivered = sent !== undefined && (sent.devices > 0 || sent.isTaken);
    const state = isDelivered ? ("delivered" as const) : ("on-relay" as const);
    const line = { group: toHex(group), id: toHex(message), state };
    work.lineStates.push(line);
    announce(work, { kind: "line-state", ...line });
  }
  return "gone";
}

/** Whether a refusal says that nobody has shown there that this inbox is theirs. */
export function isUnknownInbox(reason: number, { envelope }: Pick<OutboxState, "envelope">): boolean {
  return reason === REFUSAL.unknownTopic && isDeposit(envelope);
}

/** Keeps since when the inbox is unknown, or that it no longer is; true when that has been so for too long. */
function* noteInbox(work: Work, id: string, isUnknown: boolean): Step<boolean> {
  const before = yield* read(work, UNKNOWN_INBOX, id);
  const isTooLong = isUnknown && before !== undefined && work.nowMs - before.since > UNKNOWN_INBOX_MS;
  if (isUnknown && before === undefined) write(work, UNKNOWN_INBOX, id, { since: work.nowMs as TimeMs });
  else if (before !== undefined && (!isUnknown || isTooLong)) write(work, UNKNOWN_INBOX, id, null);
  return isTooLong;
}

function canHeal(reason: number): boolean {
  return reason !== REFUSAL.malformed && reason !== REFUSAL.forged && reason !== REFUSAL.tooLarge;
}
