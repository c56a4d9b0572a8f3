/**
 * Records of who has what: of our messages with others, and what we are to say of theirs.
 *
 * @see PROTOCOL.md § Saved records
 */
import { bool, list, optional, struct, u32 } from "../../wire/codec.ts";
import type { Infer } from "../../wire/encoding.ts";
import { type EpochId, MessageId, TimeMs } from "../../wire/ids.ts";
import { MESSAGE_FRONTIER_MAX, REPORT_CHAINS_MAX } from "../../wire/limits.ts";
import { StoredChain } from "../../wire/live.ts";
import { toHex } from "../../wire/text-forms.ts";
import type { RecordType } from "../step.ts";
import { record } from "./record.ts";
import { ROSTER_MAX } from "./roster.ts";

/** Messages of ours in one epoch of which is counted how many devices have them; older ones keep the count that they had. */
export const SENT_MAX = 256;

/** A message of ours, and who has it; id: {@link sentId}. */
export const SENT: RecordType<{
  readonly id: MessageId;
  readonly devices: number;
  readonly isTaken: boolean;
}> = record(
  "sent/",
  struct({
    id: MessageId,
    /** So many devices of others said that they have it. */
    devices: u32,
    /** A member, whoever it was, gave it back to us. */
    isTaken: bool,
  }),
);

/** Epoch, and the place in our chain, 12 decimal digits. */
export const sentId = (epoch: EpochId, iteration: number): string =>
  `${toHex(epoch)}/${String(iteration).padStart(12, "0")}`;

/** Up to which place of our chain other devices said that they have all of it; id: epoch. */
export const HEARD: RecordType<{ readonly devices: readonly StoredChain[] }> = record(
  "heard/",
  struct({ devices: list(StoredChain, ROSTER_MAX) }),
);

/** Not everybody has said that they have all that we sent in this epoch; `at`: when we last sent there. id: epoch. */
export const TO_HEAR: RecordType<{ readonly at: TimeMs }> = record("to-hear/", struct({ at: TimeMs }));

/** What is to be said of an epoch. */
export const ToReportState = struct({
  dueAt: optional(TimeMs),
  /** When something was said last; 0: never. */
  lastAt: TimeMs,
  /** When something came last. */
  cameAt: TimeMs,
  /** Of which chains something came that is to be said. */
  indexes: list(u32, REPORT_CHAINS_MAX),
  /** What will be said then, whatever comes until then. */
  fixed: optional(
    struct({ chains: list(StoredChain, REPORT_CHAINS_MAX), frontier: list(MessageId, MESSAGE_FRONTIER_MAX) }),
  ),
});
export type ToReportState = Infer<typeof ToReportState>;

/** id: epoch. */
export const TO_REPORT: RecordType<ToReportState> = record("to-report/", ToReportState);
