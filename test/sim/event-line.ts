/** Virtual time for simulations of very many small events: a heap, and no turn of the event loop between them. */

export interface EventLine {
  readonly nowMs: () => number;
  readonly after: (delayMs: number, run: () => void) => void;
  /** Resolves when that time has passed. */
  readonly pause: (delayMs: number) => Promise<void>;
  /** Runs what is due within `ms`, until `isOver`; answers whether it was. */
  readonly run: (ms: number, isOver?: () => boolean) => Promise<boolean>;
}

interface Event {
  readonly atMs: number;
  readonly number: number;
  readonly run: () => void;
}

/** Promise turns that end all that an event started: a comparison waits for few of them in a row. */
const TURNS = 8;

export function eventLine(): EventLine {
  const heap: Event[] = [];
  let nowMs = 0;
  let made = 0;
  const after: EventLine["after"] = (delayMs, run) => push(heap, { atMs: nowMs + delayMs, number: made++, run });
  return {
    nowMs: () => nowMs,
    after,
    pause: (delayMs) => new Promise((resolve) => after(delayMs, resolve)),
    run: async (ms, isOver = () => false) => {
      const untilMs = nowMs + ms;
      for (let next = heap[0]; next && next.atMs <= untilMs; next = heap[0]) {
        pop(heap);
        nowMs = next.atMs;
        next.run();
        for (let turn = 0; turn < TURNS; turn++) await undefined;
        if (isOver()) return true;
      }
      nowMs = untilMs;
      return isOver();
    },
  };
}

const isBefore = (one: Event, other: Event): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.number < other.number);

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  for (let up = (at - 1) >> 1; at > 0; at = up, up = (at - 1) >> 1) {
    const parent = heap[up];
    if (!parent || !isBefore(event, parent)) break;
    heap[at] = parent;
    heap[up] = event;
  }
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  heap[0] = last;
  for (;;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    const [one, other] = [heap[left], heap[right]];
    if (!one) return;
    const isRight = other !== undefined && isBefore(other, one);
    const child = isRight ? other : one;
    if (!isBefore(child, last)) return;
    heap[at] = child;
    at = isRight ? right : left;
    heap[at] = last;
  }
}
