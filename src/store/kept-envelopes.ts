/** What a profile keeps of its groups' envelopes, as envelope-table.ts answers it. */
import type { EnvelopeId, LogId, Sequence, Topic } from "../wire/ids.ts";

/** Bounds of what is kept. */
export interface EnvelopeLimits {
  /** Bytes of one topic, overheads included. */
  readonly topicMaxBytes: number;
  readonly totalMaxBytes: number;
  readonly retentionMs: number;
}

/** A topic lasts for an epoch, so 64 MiB are years of text; 512 MiB are a small part of any disk. A relay keeps 30 days, too. */
export const ENVELOPE_LIMITS: EnvelopeLimits = {
  topicMaxBytes: 67_108_864,
  totalMaxBytes: 536_870_912,
  retentionMs: 30 * 86_400_000,
};

/** One envelope to store. */
export interface EnvelopeItem {
  readonly topic: Topic;
  readonly id: EnvelopeId;
  readonly kind: number;
  readonly envelope: Uint8Array;
}

/** One that is new here. */
export interface KeptEnvelope {
  readonly topic: Topic;
  readonly sequence: Sequence;
  readonly envelope: Uint8Array;
}

export type EnvelopeStored =
  | { readonly kind: "stored"; readonly sequence: Sequence; readonly duplicate: boolean }
  | { readonly kind: "error"; readonly error: "quota" | "too-large" | "wrong-kind" };

export interface EnvelopePage {
  readonly items: readonly { readonly sequence: Sequence; readonly envelope: Uint8Array }[];
  readonly head: Sequence;
  readonly truncatedBefore?: Sequence;
}

export interface EnvelopeIds {
  readonly items: readonly { readonly sequence: Sequence; readonly id: EnvelopeId }[];
  readonly head: Sequence;
  readonly goneBefore: Sequence;
}

/** Synchronous face of the tables. */
export interface EnvelopeTable {
  readonly logId: LogId;
  /** Stores, or refuses where there is no room. */
  readonly append: (item: EnvelopeItem, nowMs: number) => EnvelopeStored;
  /** Stores, dropping the oldest where there is no room. All at once: what the tables hold is summed once. */
  readonly keep: (items: readonly EnvelopeItem[], nowMs: number) => readonly EnvelopeStored[];
  /** These three as in src/net/topic-log.ts. */
  readonly read: (
    topic: Topic,
    after: number,
    limits: { readonly limit: number; readonly maxBytes: number },
  ) => EnvelopePage;
  readonly ids: (topic: Topic, after: number, limit: number) => EnvelopeIds;
  readonly get: (topic: Topic, ids: readonly EnvelopeId[], maxBytes: number) => readonly Uint8Array[];
  readonly trim: (topic: Topic, upTo: number) => void;
  readonly usage: () => { readonly topics: number; readonly bytes: number };
}
