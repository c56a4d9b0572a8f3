/**
 * Records of what leaves: envelopes that nobody has acknowledged, and calls that are not to be done twice.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bytes, struct, text, u64, union } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { MessageContent } from "../../wire/group-message.ts";
import { EpochId, GroupId, Iteration, MessageId, TimeMs, Topic } from "../../wire/ids.ts";
import { ENVELOPE_MAX_BYTES, TEXT_MAX_BYTES } from "../../wire/limits.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";

const noOrigin = struct({});

/** Where an envelope under way comes from, so that its line can show how far it is and a restored state can seal it anew. */
export const OutboxOrigin = union({
  none: [1, noOrigin],
  message: [
    2,
    struct({
      group: GroupId,
      message: MessageId,
      epoch: EpochId,
      iteration: Iteration,
      text: text(TEXT_MAX_BYTES),
      sentAt: TimeMs,
    }),
  ],
  /** A snapshot for our own account topic. */
  account: [3, noOrigin],
  /** A message that is no text. */
  content: [
    4,
    struct({ group: GroupId, message: MessageId, epoch: EpochId, iteration: Iteration, content: MessageContent }),
  ],
});
export type OutboxOrigin = Infer<typeof OutboxOrigin>;

/** A committed envelope that no holder has acknowledged; id: 12 digits, in order. */
export const OutboxState = struct({ envelope: bytes(ENVELOPE_MAX_BYTES), topic: Topic, origin: OutboxOrigin });
export type OutboxState = Infer<typeof OutboxState>;
export const OUTBOX: RecordType<OutboxState> = record("outbox/", OutboxState);

/** Since when every relay that we reach says that it has no such inbox; id: that of the envelope in the outbox. */
export const UNKNOWN_INBOX: RecordType<{ readonly since: TimeMs }> = record(
  "unknown-inbox/",
  struct({ since: TimeMs }),
);

/** Envelopes up to this number waited when the program started: of these one may have left in its life before. */
export const LEFT_OVER: RecordType<{ readonly upTo: number }> = record("left-over", struct({ upTo: u64 }));

/** A call that sent a message, so that repeating the call does not send it again; id: the call's own, as hex of its text. */
export const CALL: RecordType<{ readonly message: MessageId; readonly at: TimeMs }> = record(
  "call/",
  struct({ message: MessageId, at: TimeMs }),
);

/** Counters that never go back. */
export const COUNTERS: RecordType<{ readonly outbox: number }> = record("counters", struct({ outbox: u64 }));
