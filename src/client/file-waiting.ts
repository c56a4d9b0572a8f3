/** What a transfer waits for when nobody who is reached can help: somebody new, or that some time passes. */
import type { FileContext, Transfer } from "./file-transfer.ts";

/** Ms after which it is tried again in any case. */
const RETRY_MS = 30_000;
/** Ms that pass in any case, so that a holder cannot make us ask without end; and at most, so that it cannot make us wait for weeks. */
const RETRY_LEAST_MS = 250;
const RETRY_MOST_MS = 3_600_000;

/**
 * Resolves when somebody new may have chunks of this file, or take them; after `retryMs` at the latest; when the transfer is
 * stopped or has all. Other transfers have its turn meanwhile.
 */
export async function pauseUntilNews(c: FileContext, t: Transfer, retryMs = RETRY_MS): Promise<void> {
  const news = untilNews(c, t, retryMs);
  await (t.turn?.rest(news) ?? news);
}

function untilNews(c: FileContext, t: Transfer, retryMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      unwatch();
      t.wakers.delete(done);
      resolve();
    };
    const cancel = c.clock.after(Math.min(RETRY_MOST_MS, Math.max(RETRY_LEAST_MS, retryMs)), done);
    const unwatch = c.chunks.watch(t.keys.topic, done);
    t.wakers.add(done);
    if (t.stopper.signal.aborted) done();
  });
}
