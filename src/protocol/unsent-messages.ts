/**
 * What nobody took for so long that nobody could read it any more: in a profile that never has a relay the outbox would
 * only grow.
 *
 * 1. A message leaves the outbox with its epoch. Where it is not known to be with anybody its line says so: `unsent`.
 * 2. Entries stay: they are as many as the group's log has, and whoever was away for longer needs them.
 * 3. Of letters to one device the newest LETTERS_MAX stay: their owner takes them, or is gone for good.
 *
 * @see PROTOCOL.md § Outbox
 */
import { ENVELOPE_KIND, isDeposit, kindOf } from "../wire/envelope.ts";
import { toHex } from "../wire/text-forms.ts";
import { announce, type Work } from "./effects.ts";
import type { LiveEpoch } from "./records/epoch.ts";
import { OUTBOX, type OutboxOrigin, UNKNOWN_INBOX } from "./records/outbox.ts";
import { SENT, sentId } from "./records/report.ts";
import { read, type Step, scan, write } from "./step.ts";

/** Letters that wait for one device: about five years of a group whose key is renewed weekly. */
export const LETTERS_MAX = 256;

/** These epochs are erased: what was written there and never left is given up. Called while their records are still here. */
export function* giveUpUnsent(work: Work, epochs: readonly LiveEpoch[]): Step<void> {
  if (epochs.length === 0) return;
  const topics = new Set(epochs.map(({ topic }) => toHex(topic)));
  for (const [id, { topic, envelope, origin }] of yield* scan(work, OUTBOX)) {
    if (!topics.has(toHex(topic)) || kindOf(envelope) !== ENVELOPE_KIND.message) continue;
    write(work, OUTBOX, id, null);
    yield* noteUnsent(work, origin);
  }
}

function* noteUnsent(work: Work, origin: OutboxOrigin): Step<void> {
  if (origin.kind !== "message" && origin.kind !== "content") return;
  const sent = yield* read(work, SENT, sentId(origin.epoch, origin.iteration));
  if (sent && (sent.devices > 0 || sent.isTaken)) return; // its line says that somebody has it
  const line = { group: toHex(origin.group), id: toHex(origin.message), state: "unsent" as const };
  work.lineStates.push(line);
  announce(work, { kind: "line-state", ...line });
}

/** At a start: of letters that pile up for somebody who never comes the oldest go. */
export function* boundLetters(work: Work): Step<void> {
  const counts = new Map<string, number>();
  for (const [id, { topic, envelope }] of (yield* scan(work, OUTBOX)).toReversed()) {
    if (!isDeposit(envelope)) continue;
    const count = (counts.get(toHex(topic)) ?? 0) + 1;
    counts.set(toHex(topic), count);
    if (count <= LETTERS_MAX) continue;
    write(work, OUTBOX, id, null);
    write(work, UNKNOWN_INBOX, id, null);
  }
}
