/**
 * When topics whose envelopes were refused for now may be tried again, in memory.
 *
 * 1. A topic waits as a whole, so that its envelopes leave in their order; no topic waits for another.
 * 2. A pause doubles up to RETRY_MAX_MS and is never shorter than a holder asks for, of which ASKED_MAX_MS are believed.
 */
import type { AppendOutcome } from "./ports/network.ts";

/** Ms of the first pause. */
export const RETRY_MS = 2_000;
/** Ms of the longest pause of our own choice: somebody may be waiting before the screen. */
const RETRY_MAX_MS = 15_000;
/** Longest pause (ms) that a holder can ask for: one that withholds must not gag us. */
const ASKED_MAX_MS = 60_000;

/** What a holder said of one envelope. */
export interface Answered {
  /** Hex. */
  readonly topic: string;
  readonly outcome: AppendOutcome;
  /** False when the envelope has left the outbox. */
  readonly isKept: boolean;
}

export interface RetryBook {
  /** Whether envelopes of this topic (hex) may leave now. */
  readonly isDue: (topic: string, nowMs: number) => boolean;
  /** Takes down the answers to one append. */
  readonly book: (answers: readonly Answered[], nowMs: number) => void;
  /**
   * Ms until the next of these topics is due, of those that were not at `sinceMs`, when a walk through all began;
   * `undefined` when none waits. Others have nothing left to send and are forgotten.
   */
  readonly nextInMs: (topics: ReadonlySet<string>, sinceMs: number, nowMs: number) => number | undefined;
  /** This topic (hex) may be tried at once. */
  readonly forget: (topic: string) => void;
  /** Everything may be tried at once. */
  readonly clear: () => void;
}

export function createRetryBook(): RetryBook {
  const waits = new Map<string, { readonly dueMs: number; readonly pauseMs: number }>();
  const book: RetryBook["book"] = (answers, nowMs) => {
    const taken = new Set(answers.filter(({ isKept }) => !isKept).map(({ topic }) => topic));
    const kept = answers.filter(({ isKept }) => isKept);
    for (const topic of taken) waits.delete(topic);
    for (const topic of new Set(kept.map((each) => each.topic))) {
      const before = waits.get(topic)?.pauseMs ?? RETRY_MS / 2;
      const pauseMs = Math.min(2 * before, RETRY_MAX_MS);
      const askedMs = Math.max(0, ...kept.filter((each) => each.topic === topic).map(askedMsOf));
      waits.set(topic, { pauseMs, dueMs: nowMs + Math.max(pauseMs, Math.min(askedMs, ASKED_MAX_MS)) });
    }
  };
  return {
    book,
    isDue: (topic, nowMs) => (waits.get(topic)?.dueMs ?? nowMs) <= nowMs,
    nextInMs: (topics, sinceMs, nowMs) => {
      for (const topic of [...waits.keys()]) if (!topics.has(topic)) waits.delete(topic);
      const later = [...waits.values()].filter(({ dueMs }) => dueMs > sinceMs);
      const nextMs = later.reduce((least, { dueMs }) => Math.min(least, dueMs), Number.POSITIVE_INFINITY);
      return later.length === 0 ? undefined : Math.max(0, nextMs - nowMs);
    },
    forget: (topic) => waits.delete(topic),
    clear: () => waits.clear(),
  };
}

function askedMsOf({ outcome }: Answered): number {
  return outcome.kind === "unreachable" ? 0 : (outcome.retryAfterMs ?? 0);
}
