/** So many at a time; the others wait in the order in which they came. Who has nothing to do for a while keeps nobody waiting. */
import type { StopSignal } from "./ports/chunks.ts";

/** A place among those whose turn it is. */
export interface Turn {
  /** Gives the place to others until `pause` is over and one is free again, or the signal is given. */
  readonly rest: (pause: Promise<void>) => Promise<void>;
}

/** Does `work` when one of `most` places is free; not at all if `signal` was given before. */
export type Turns = (signal: StopSignal, work: (turn: Turn) => Promise<void>) => Promise<void>;

export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let free = most;
  const leave = (): void => {
    const next = waiting.shift();
    if (next)
      next(); // whoever ends hands its place on
    else free++;
  };
  /** Whether there is a place now; without one the signal was given. */
  const enter = (signal: StopSignal): Promise<boolean> =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve(false);
      if (free > 0) {
        free--;
        return resolve(true);
      }
      const settle = (isIn: boolean): void => {
        signal.removeEventListener("abort", stop);
        resolve(isIn);
      };
      const go = (): void => settle(true);
      const stop = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        settle(false);
      };
      waiting.push(go);
      signal.addEventListener("abort", stop);
    });
  return async (signal, work) => {
    let isIn = await enter(signal);
    const rest = async (pause: Promise<void>): Promise<void> => {
      if (isIn) leave();
      isIn = false;
      await pause;
      isIn = await enter(signal);
    };
    try {
      if (isIn) await work({ rest });
    } finally {
      if (isIn) leave();
    }
  };
}
