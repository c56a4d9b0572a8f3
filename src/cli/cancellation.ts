/** Work that ends with a signal, for whoever waits for it. */
import { Fault } from "../wire/fault.ts";

/**
 * Begins work, unless the signal has aborted already. Rejects with `usage/cancelled` as soon as it does, whatever the work
 * does then: nobody hears of that any more, a failure neither.
 */
export async function untilAborted<T>(signal: AbortSignal, begin: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw cancelled();
  const work = begin();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(cancelled());
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => undefined);
  }
}

/** What somebody is told who has stopped it. */
export function cancelled(): Fault {
  return new Fault("usage/cancelled", "the command was cancelled.");
}
