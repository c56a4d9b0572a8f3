/**
 * The holder's store as the topic service sees it. A relay implements it with an embedded database; a member
 * with what its profile holds (src/store/envelope-log.ts).
 *
 * 1. Durable when `append` resolves: an acknowledged envelope survives kill -9 and a power cut.
 * 2. Sequence numbers grow strictly per topic and are never reused, even when a topic empties; gaps are allowed.
 * 3. A changed `logId` means: resynchronise from 0.
 * 4. Errors and time-outs mean "unknown": retry with the same envelope; ids make that safe.
 * 5. Memory is bounded: a full queue answers `busy`, never an early acknowledgement.
 * 6. Its first use fixes what a topic is: an inbox takes deposits only, every other topic anything but deposits.
 *    Who shares a topic's key can so never make it an inbox and trim what the others have not read.
 *    Registered before its first use, a topic is of no use to the others here: they notice, and nothing is erased.
 */
import type { EnvelopeId, LogId, Sequence, Topic } from "../wire/ids.ts";

/** One envelope to append, already verified. */
export interface LogItem {
  readonly topic: Topic;
  readonly id: EnvelopeId;
  /** ENVELOPE_KIND. */
  readonly kind: number;
  /** The encoded envelope. */
  readonly envelope: Uint8Array;
}

export type LogAppendResult =
  | { readonly kind: "stored"; readonly sequence: Sequence; readonly duplicate: boolean }
  | { readonly kind: "error"; readonly error: "quota" | "busy" | "unavailable" | "too-large" | "wrong-kind" };

export interface LogPage {
  readonly items: readonly { readonly sequence: Sequence; readonly envelope: Uint8Array }[];
  /** Last sequence number of the topic that exists or ever existed; equal to the last item's when this page ends the log. */
  readonly head: Sequence;
  /** Numbers below this are gone by retention and were not read by this page. */
  readonly truncatedBefore?: Sequence;
}

/** Ids in the order of their numbers. */
export interface LogIds {
  readonly items: readonly { readonly sequence: Sequence; readonly id: EnvelopeId }[];
  readonly head: Sequence;
  /** Numbers below this may be gone: what was read of them before is out of date. */
  readonly goneBefore: Sequence;
}

export interface TopicLog {
  readonly logId: LogId;
  readonly append: (items: readonly LogItem[]) => Promise<readonly LogAppendResult[]>;
  /** Items with a number greater than `after`, in order. At least one item even if larger than `maxBytes`. */
  readonly read: (
    topic: Topic,
    after: Sequence,
    limits: { readonly limit: number; readonly maxBytes: number },
  ) => Promise<LogPage>;
  /** At most `limit` ids of envelopes with a number greater than `after`. A member counts those that it had and dropped for age. */
  readonly ids: (topic: Topic, after: Sequence, limit: number) => Promise<LogIds>;
  /**
   * Those of these envelopes that are here, in the order of their numbers (ids are hashes: in theirs a reader would get
   * what was said in any order), at most `maxBytes` but at least one if any is here.
   */
  readonly get: (topic: Topic, ids: readonly EnvelopeId[], maxBytes: number) => Promise<readonly Uint8Array[]>;
  /**
   * Declares the topic an inbox (its owner proved the key): deposits are accepted from now on. Durable.
   * False, and nothing changes, when the topic is in use as something else, even if it is empty now.
   */
  readonly registerInbox: (topic: Topic) => Promise<boolean>;
  readonly isInbox: (topic: Topic) => Promise<boolean>;
  /** Erases the topic's envelopes up to and including `upTo`. */
  readonly trim: (topic: Topic, upTo: Sequence) => Promise<void>;
  readonly health: () => { readonly writable: boolean; readonly lagMs: number; readonly durability: "synced" };
  readonly close: () => Promise<void>;
}
