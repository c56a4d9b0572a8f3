/** Bounds how often a passphrase is guessed through the screen: one at a time, and a pause after five wrong ones. */
import { Fault, isFault } from "../wire/fault.ts";

/** People mistype; whoever is wrong so often in a row waits. */
const TRIES = 5;
/** The pause (ms): with it, a million guesses take two months. */
const PAUSE_MS = 30_000;

export interface PassphraseTries {
  /** Does what takes a passphrase; counts `usage/wrong-passphrase`, and is `usage/not-allowed` during a pause. */
  readonly guard: <T>(work: () => Promise<T>) => Promise<T>;
}

/** `nowMs`: a clock that does not go back. */
export function createPassphraseTries(nowMs: () => number): PassphraseTries {
  let wrong = 0;
  let closedUntilMs = 0;
  let last: Promise<unknown> = Promise.resolve();
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    const leftMs = closedUntilMs - nowMs();
    if (leftMs > 0) throw tooManyFault(leftMs);
    try {
      const done = await work();
      wrong = 0;
      return done;
    } catch (error) {
      if (isFault(error, "usage/wrong-passphrase") && ++wrong >= TRIES) {
        wrong = 0;
        closedUntilMs = nowMs() + PAUSE_MS;
      }
      throw error;
    }
  };
  return {
    guard: (work) => {
      const mine = last.then(() => attempt(work));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}

function tooManyFault(leftMs: number): Fault {
  return new Fault(
    "usage/not-allowed",
    `the passphrase was wrong ${TRIES} times, so nothing is tried for now; try again in ${Math.ceil(leftMs / 1_000)} seconds.`,
  );
}
