/** Time that passes only when a test lets it: events in order of time, then of their making. */
import type { Clock } from "../../src/client/ports.ts";

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
}

/** Everything in a simulation waits on promises alone, so one turn of the loop ends all that an event started. */
const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function virtualClock(startMs = 1_800_000_000_000): VirtualClock {
  let nowMs = startMs;
  let made = 0;
  const events = new Set<Event>();
  const earliest = (): Event | undefined => {
    let first: Event | undefined;
    for (const each of events)
      if (!first || each.atMs < first.atMs || (each.atMs === first.atMs && each.number < first.number)) first = each;
    return first;
  };
  const next = async (untilMs: number): Promise<boolean> => {
    const event = earliest();
    if (!event || event.atMs > untilMs) return false;
    events.delete(event);
    nowMs = Math.max(nowMs, event.atMs);
    event.wake();
    await quiet();
    return true;
  };
  return {
    nowMs: () => nowMs,
    after: (delayMs, wake) => {
      const event = { atMs: nowMs + Math.max(0, delayMs), number: made++, wake };
      events.add(event);
      return () => events.delete(event);
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
