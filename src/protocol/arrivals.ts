/** What holders deliver: which part of the protocol an envelope is for, by the topic that it came through. */
import { openEntry } from "../crypto/entry-box.ts";
import { LogKey } from "../crypto/epoch-secrets.ts";
import { equalBytes } from "../verify/transcript.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../wire/envelope.ts";
import type { LogId, Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { receiveSnapshot } from "./account-topic.ts";
import { wantLinks } from "./account-topic-link.ts";
import { announce, type Work } from "./effects.ts";
import { type Coming, receiveMessage } from "./group-chat.ts";
import { receiveDeposit } from "./inbox.ts";
import { receiveJoinRequest } from "./joining.ts";
import { noteInTopic } from "./missing-entries.ts";
import { receiveEntry } from "./received-entries.ts";
import { EPOCH } from "./records/epoch.ts";
import { CURSOR, cursorId, TOPIC, type TopicState } from "./records/topic.ts";
import { read, readExisting, type Step, write } from "./step.ts";

/** An envelope that a holder delivered. */
export interface Arrival {
  readonly log: LogId;
  readonly topic: Topic;
  readonly sequence: Sequence;
  readonly envelope: Uint8Array;
  /** It comes ahead of what is missing before it, and again in its order: its number means nothing. */
  readonly isAhead?: boolean;
}

/** An envelope as a holder delivered it; its number is committed with whatever it caused. */
export function* receive(work: Work, input: Arrival): Step<void> {
  const { isAhead = false } = input;
  const from = input.log.every((byte) => byte === 0) ? "member" : "relay"; // one log stands for those of all members
  // places in members' logs are not gone back to: what is here already costs no commit
  if (!isAhead && from === "relay") write(work, CURSOR, cursorId(input.log, input.topic), { sequence: input.sequence });
  const envelope = decodeEnvelope(input.envelope);
  const state = yield* read(work, TOPIC, toHex(input.topic));
  if (!envelope || !state || !equalBytes(envelope.topic, input.topic)) return;
  const { use } = state;
  if (use.kind === "inbox" && envelope.kind === ENVELOPE_KIND.deposit)
    return yield* receiveDeposit(work, input.topic, envelope.body);
  if (use.kind === "rendezvous" && envelope.kind === ENVELOPE_KIND.rendezvous)
    return yield* receiveJoinRequest(work, use.group, use.invite, envelope.body);
  if (use.kind === "account" && envelope.kind === ENVELOPE_KIND.deposit)
    return yield* wantLinks(work, yield* receiveSnapshot(work, input, envelope.body));
  if (use.kind === "epoch" && (yield* receiveInEpoch(work, use, { ...envelope, from, isAhead })))
    work.effects.push({ kind: "keep", envelope: input.envelope });
}

/** True when it is by a member, as far as that shows: the others may have it from us. */
function* receiveInEpoch(
  work: Work,
  { group, epoch }: Extract<TopicState["use"], { kind: "epoch" }>,
  envelope: { readonly kind: number; readonly body: Uint8Array } & Coming,
): Step<boolean> {
  if (envelope.kind === ENVELOPE_KIND.entry) {
    const state = yield* readExisting(work, EPOCH, toHex(epoch));
    const entry = openEntry(work.p, { logKey: LogKey.from(state.logKey), epochId: epoch }, envelope.body);
    if (typeof entry === "string") {
      announce(work, { kind: "warning", code: entry, group });
      return false;
    }
    yield* receiveEntry(work, group, entry);
    yield* noteInTopic(work, state, entry);
    return true;
  }
  if (envelope.kind === ENVELOPE_KIND.message) {
    const outcome = yield* receiveMessage(work, epoch, envelope.body, envelope);
    if (outcome === "too-far-ahead" && envelope.isAhead) return false; // it comes again behind what it jumps over
    const isWarning =
      outcome === "forged" || outcome === "malformed" || outcome === "fork" || outcome === "too-far-ahead";
    if (isWarning) announce(work, { kind: "warning", code: outcome, group });
    const isHere = outcome === "duplicate" || outcome === "own"; // kept already, and not looked at closely
    return (!isWarning && !isHere) || outcome === "fork";
  }
  return false;
}
