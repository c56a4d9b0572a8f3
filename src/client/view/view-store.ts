/** The state that is shown, and who is told when it is another one: a burst of changes once. */
import type { ViewSurroundings } from "./screen-link.ts";
import type { ViewState } from "./view-state.ts";

/** As often as a screen draws (ms). */
const FRAME_MS = 16;

export interface ViewStore {
  /** What was shown last. */
  readonly shown: () => ViewState;
  /** What is going to be shown. */
  readonly next: () => ViewState;
  readonly change: (part: Partial<ViewState>) => void;
  readonly replace: (state: ViewState) => void;
  /** Shows at once what is going to be shown. */
  readonly flush: () => void;
  /** Something that `completed` adds has changed. */
  readonly touch: () => void;
  readonly subscribe: (listener: () => void) => () => void;
}

/** `completed` adds what is only made when it is shown. */
export function createViewStore(
  first: ViewState,
  completed: (state: ViewState) => ViewState,
  { nowMs, after }: Pick<ViewSurroundings, "nowMs" | "after">,
): ViewStore {
  const listeners = new Set<() => void>();
  let next = first;
  let shown = first;
  let isWaiting = false;
  let lastMs = 0;
  const show = (): void => {
    lastMs = nowMs();
    next = completed(next);
    if (next === shown) return;
    shown = next;
    for (const listener of [...listeners]) listener();
  };
  const touch = (): void => {
    if (isWaiting) return;
    isWaiting = true;
    const sinceMs = nowMs() - lastMs;
    after(sinceMs >= 0 && sinceMs < FRAME_MS ? FRAME_MS - sinceMs : 0, () => {
      isWaiting = false;
      show();
    });
  };
  return {
    shown: () => shown,
    next: () => next,
    change: (part) => {
      next = { ...next, ...part };
      touch();
    },
    replace: (state) => {
      next = state;
      touch();
    },
    touch,
    flush: show,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
