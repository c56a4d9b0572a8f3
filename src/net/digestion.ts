/**
 * What a holder sends, given to the owner in its order.
 *
 * 1. Deliveries that wait are given together, so that the owner can commit them together: each commit costs a sync.
 *    The next ones are given when all of these are committed.
 * 2. A notice is given when every delivery before it is committed; none after {@link Digestion.close}.
 */

/** Envelopes of one run: those of further deliveries wait. */
const RUN_ENVELOPES = 512;

/** `take` must not reject. */
export type Digestible =
  | { readonly kind: "delivery"; readonly envelopes: number; readonly take: () => Promise<void> }
  | { readonly kind: "notice"; readonly tell: () => void };

/** What is being taken, and what waits. */
export class Digestion {
  #waiting: Digestible[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  add(each: Digestible): void {
    if (this.#isClosed) return;
    this.#waiting.push(each);
    this.#running ??= this.#runAll();
  }

  /** Forgets what has not begun. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  /** Resolves when nothing is being taken and nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const run = this.#waiting.splice(0, runLength(this.#waiting));
      await Promise.all(run.map((each) => each.kind === "delivery" && each.take()));
      for (const each of run) if (each.kind === "notice" && !this.#isClosed) each.tell();
    }
    this.#running = undefined;
  }
}

/** At least one. */
function runLength(waiting: readonly Digestible[]): number {
  let envelopes = 0;
  const end = waiting.findIndex((each, i) => {
    envelopes += each.kind === "delivery" ? each.envelopes : 0;
    return i > 0 && envelopes > RUN_ENVELOPES;
  });
  return end === -1 ? waiting.length : end;
}
