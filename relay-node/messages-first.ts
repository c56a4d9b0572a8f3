/**
 * Messages go before files: while envelopes are being committed no further chunk is read or written, for some milliseconds. Both
 * would wait for the same disk, whose syncs carry each other's bytes, and for the same processor.
 */
import type { TopicLog } from "../src/net/topic-log.ts";

/** Ms for which a chunk waits at most: a relay at which somebody always writes moves 80 MiB a second for each file all the same. */
const PATIENCE_MS = 25;

export interface MessagesFirst {
  /** The same log. */
  readonly log: TopicLog;
  /** Resolves when nothing is being committed, or patience is over. */
  readonly calm: () => Promise<void>;
}

export function messagesFirst(log: TopicLog): MessagesFirst {
  let committing = 0;
  const waiting = new Set<() => void>();
  return {
    log: {
      ...log,
      append: async (items) => {
        committing++;
        try {
          return await log.append(items);
        } finally {
          if (--committing === 0) for (const go of [...waiting]) go();
        }
      },
    },
    calm: () =>
      new Promise((resolve) => {
        if (committing === 0) return resolve();
        const go = (): void => {
          clearTimeout(timer);
          waiting.delete(go);
          resolve();
        };
        const timer = setTimeout(go, PATIENCE_MS);
        waiting.add(go);
      }),
  };
}
