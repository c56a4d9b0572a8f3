/** So many at a time; the others wait in the order in which they came. */
import type { StopSignal } from "./ports/chunks.ts";

/** Does `work` when one of `most` places is free; not at all if `signal` was given before. */
export type Turns = (signal: StopSignal, work: () => Promise<void>) => Promise<void>;

export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let free = most;
  return async (signal, work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve)); // whoever ends hands its place on
    try {
      if (!signal.aborted) await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}
