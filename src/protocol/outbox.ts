/**
 * Committed envelopes that no holder has acknowledged. They leave in order and stay until a holder has them
 * durably; sending one twice is harmless, because holders know an envelope by its id.
 */
import { equalBytes } from "../verify/transcript.ts";
import { decodeEnvelope, ENVELOPE_KIND, isDeposit, kindOf } from "../wire/envelope.ts";
import type { MessageId, Sequence, TimeMs, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { AppendResult } from "../wire/topic-frames.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import { announce, type Work } from "./effects.ts";
import { COUNTERS, LEFT_OVER, OUTBOX, type OutboxOrigin, type OutboxState, UNKNOWN_INBOX } from "./records/outbox.ts";
import { SENT, sentId } from "./records/report.ts";
import { read, type Step, scan, write } from "./step.ts";

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

/** The program starts: what waits now may have left in its life before, if the answer did not come in time. */
export function* noteLeftOver(work: Work): Step<void> {
  const isEmpty = (yield* scan(work, OUTBOX, "", 1)).length === 0;
  const upTo = (yield* read(work, COUNTERS))?.outbox ?? 0;
  if (!isEmpty) write(work, LEFT_OVER, "", { upTo });
  else if (yield* read(work, LEFT_OVER)) write(work, LEFT_OVER, "", null);
}

/**
 * A relay gives a message of ours back to us, so it has it. If the program, or its disk, was stopped before the answer
 * came, it still waits here, and would leave again; after a copy was put back it would even be sealed again. `body`: as it
 * came; any member can make another of the same message that nobody takes.
 */
export function* settleEcho(work: Work, message: MessageId, body: Uint8Array): Step<void> {
  const left = yield* read(work, LEFT_OVER);
  if (!left) return;
  const end = outboxId(left.upTo);
  for (const [id, { origin, envelope }] of yield* scan(work, OUTBOX, "", ECHO_ROWS_MAX)) {
    if (id > end) return;
    const isOf = (origin.kind === "message" || origin.kind === "content") && equalBytes(origin.message, message);
    if (isOf && equalBytes(decodeEnvelope(envelope)?.body ?? new Uint8Array(), body))
      yield* settle(work, id, { kind: "stored", sequence: 0 as Sequence, duplicate: true });
  }
}

/** Outbox records looked at for an echo: those that the inputs of one commit settle, and as many as leave at once. */
const ECHO_ROWS_MAX = 320;

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
