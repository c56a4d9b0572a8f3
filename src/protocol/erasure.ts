/**
 * The written schedule of erasure. What a message or an entry uses up is erased in the commit that used it; here
 * goes what only time ends.
 *
 * | what | when |
 * |---|---|
 * | messages in the outbox that nobody took | with their epoch (unsent-messages.ts) |
 * | header key, log key, topic key, senders' tree and chains of an epoch | SUPERSEDED_EPOCH_MS after a newer one took its place |
 * | the fork tree of an epoch | FORK_AFTER_REKEY_MS (sending-epoch.ts) after a re-key that covers it, at the latest with the epoch |
 * | calls, by which a repeated send is known | CALL_MS after the call |
 * | welcomes whose log never became complete, with its pieces | WELCOME_MS after they came |
 * | keys that overtook what says who sent them | EARLY_MS after they came |
 *
 * @see PROTOCOL.md § Erasure
 */
import type { TimeMs } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { eraseEarly } from "./early-room.ts";
import type { Work } from "./effects.ts";
import { forgetWelcome, WELCOME_MS } from "./group-welcome.ts";
import { forgetSought } from "./named-merges.ts";
import { forgetAhead } from "./recent-messages.ts";
import {
  CHAIN,
  CLOSED,
  EPOCH,
  ERASED_EPOCH,
  FORK,
  FORK_END,
  LIVE,
  type LiveEpoch,
  OWN_CHAIN,
  SENDERS,
  USED_MERGE,
} from "./records/epoch.ts";
import { WELCOME } from "./records/joining.ts";
import { CALL } from "./records/outbox.ts";
import { HEARD, SENT, SENT_MAX, TO_HEAR, TO_REPORT } from "./records/report.ts";
import { ROSTER_MAX } from "./records/roster.ts";
import { TOPIC } from "./records/topic.ts";
import { eraseRoster } from "./saved-roster.ts";
import { type Step, scan, write } from "./step.ts";
import { giveUpUnsent } from "./unsent-messages.ts";

/** Ms for which a superseded epoch is still read: as long as a relay keeps envelopes unless told otherwise. */
export const SUPERSEDED_EPOCH_MS = 30 * 24 * 3600 * 1000;

/** Ms for which a repeated call is known: far longer than any caller waits. */
const CALL_MS = 24 * 3600 * 1000;
const FORKS_AT_ONCE = 1_000_000;

/** Erases every epoch that was superseded long enough ago, and stops reading its topic. */
export function* eraseExpired(work: Work): Step<void> {
  for (const [id, call] of yield* scan(work, CALL)) if (work.nowMs - call.at > CALL_MS) write(work, CALL, id, null);
  for (const [id, { at }] of yield* scan(work, WELCOME))
    if (work.nowMs - at > WELCOME_MS) yield* forgetWelcome(work, id);
  for (const [id, { at }] of yield* scan(work, CLOSED)) if (isExpired(at, work.nowMs)) write(work, CLOSED, id, null);
  yield* forgetSought(work);
  yield* eraseEarly(work);
  for (const [id, { at }] of yield* scan(work, FORK_END, "", FORKS_AT_ONCE)) {
    if (at > work.nowMs) continue;
    write(work, FORK, id, null);
    write(work, FORK_END, id, null);
  }
  for (const [id, { epochs }] of yield* scan(work, LIVE)) {
    const expired = epochs.filter((each) => isExpired(each.supersededAt, work.nowMs));
    if (expired.length === 0) continue;
    yield* giveUpUnsent(work, expired);
    let left = epochs;
    for (const each of expired) {
      yield* eraseRoster(work, each.epoch, left);
      yield* eraseEpoch(work, each);
      yield* forgetAhead(work, id, each.epoch);
      write(work, USED_MERGE, `${id}/${toHex(each.epoch)}`, null);
      left = left.filter((other) => other !== each);
    }
    write(work, LIVE, id, { epochs: left });
  }
}

function isExpired(supersededAt: number | undefined, nowMs: number): boolean {
  return supersededAt !== undefined && nowMs - supersededAt > SUPERSEDED_EPOCH_MS;
}

function* eraseEpoch(work: Work, { epoch, topic, frontier }: LiveEpoch): Step<void> {
  const id = toHex(epoch);
  write(work, FORK, toHex(frontier), null);
  write(work, FORK_END, toHex(frontier), null);
  for (const [chain] of yield* scan(work, CHAIN, `${id}/`, ROSTER_MAX)) write(work, CHAIN, chain, null);
  write(work, EPOCH, id, null);
  write(work, ERASED_EPOCH, id, { at: work.nowMs as TimeMs });
  write(work, SENDERS, id, null);
  write(work, OWN_CHAIN, id, null);
  for (const [sent] of yield* scan(work, SENT, `${id}/`, SENT_MAX)) write(work, SENT, sent, null);
  write(work, HEARD, id, null);
  write(work, TO_HEAR, id, null);
  write(work, TO_REPORT, id, null);
  write(work, TOPIC, toHex(topic), null);
  work.effects.push({ kind: "unsubscribe", topic });
}
