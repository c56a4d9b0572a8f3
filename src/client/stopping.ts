/** A signal that we give ourselves: the core has no ambient AbortController. */
import type { StopSignal } from "./ports/chunks.ts";

export interface Stopper {
  readonly signal: StopSignal;
  readonly stop: () => void;
}

/** One signal, given once. Who listens after that is called at once. */
export function createStopper(): Stopper {
  const listeners = new Set<() => void>();
  let aborted = false;
  return {
    signal: {
      get aborted() {
        return aborted;
      },
      addEventListener: (_, listener) => {
        if (aborted) listener();
        else listeners.add(listener);
      },
      removeEventListener: (_, listener) => void listeners.delete(listener),
    },
    stop: () => {
      if (aborted) return;
      aborted = true;
      for (const listener of listeners) listener();
      listeners.clear();
    },
  };
}
