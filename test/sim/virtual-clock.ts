/** Time that passes only when a test lets it: events in order of time, then of their making. */
import type { Clock } from "../../src/client/ports/clock.ts";

export interface VirtualClock extends Clock {
  /** Runs everything that is due within `ms`, and whatever that causes. */
  readonly pass: (ms: number) => Promise<void>;
  /** Runs the next event; false when there is none before `untilMs`. */
  readonly next: (untilMs: number) => Promise<boolean>;
}

interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly wake: () => void;
  isOff: boolean;
}

/** Everything in a simulation waits on promises alone, so one turn of the loop ends all that an event started. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function virtualClock(startMs = 1_800_000_000_000): VirtualClock {
  let nowMs = startMs;
  let made = 0;
  const events = eventHeap();
  const next = async (untilMs: number): Promise<boolean> => {
    const event = events.takeUntil(untilMs);
    if (!event) return false;
    nowMs = Math.max(nowMs, event.atMs);
    event.wake();
    await quiet();
    return true;
  };
  return {
    nowMs: () => nowMs,
    after: (delayMs, wake) => {
      const event = { atMs: nowMs + Math.max(0, delayMs), number: made++, wake, isOff: false };
      events.add(event);
      return () => {
        event.isOff = true;
      };
    },
    next,
    pass: async (ms) => {
      const untilMs = nowMs + ms;
      await quiet();
      while (await next(untilMs));
      nowMs = untilMs;
    },
  };
}

/** Events by their order; one that was called off stays until its time has come. */
function eventHeap() {
  const heap: Event[] = [];
  const isBefore = (one: number, other: number): boolean => {
    const [a, b] = [heap[one], heap[other]];
    return a !== undefined && b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.number < b.number));
  };
  const swap = (one: number, other: number): void => {
    const [a, b] = [heap[one], heap[other]];
    if (a && b) [heap[one], heap[other]] = [b, a];
  };
  const sink = (from: number): void => {
    for (let at = from; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const child = right < heap.length && isBefore(right, left) ? right : left;
      if (child >= heap.length || !isBefore(child, at)) return;
      swap(at, child);
      at = child;
    }
  };
  const takeFirst = (): void => {
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    heap[0] = last;
    sink(0);
  };
  return {
    add: (event: Event): void => {
      heap.push(event);
      for (let at = heap.length - 1; at > 0 && isBefore(at, (at - 1) >> 1); at = (at - 1) >> 1) swap(at, (at - 1) >> 1);
    },
    takeUntil: (untilMs: number): Event | undefined => {
      for (;;) {
        const [first] = heap;
        if (!first || (first.atMs > untilMs && !first.isOff)) return undefined;
        takeFirst();
        if (!first.isOff) return first;
      }
    },
  };
}
