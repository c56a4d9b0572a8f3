/**
 * Whether the other end of a stream is still there.
 *
 * 1. A beat is sent when nothing was sent or nothing was heard for `heartbeatMs`; both ends so know of each other.
 * 2. Silence does not count while this process itself stood still (sleep, a long computation): the bytes are there, unread.
 * 3. After a {@link Heartbeat.probe} the answer has to come within `probeMs`: there is a reason to doubt the link.
 * 4. Times are those of a clock that no change of the system's time moves.
 */
import type { LinkTiming } from "./link-timing.ts";

/** Looks per heartbeat interval. */
const CHECKS_PER_BEAT = 5;

export interface HeartbeatPort {
  /** When bytes last came (`performance.now()` clock, ms); now, while reading is stopped. */
  readonly heardAtMs: () => number;
  /** When bytes last left (same clock, ms). */
  readonly sentAtMs: () => number;
  readonly beat: () => void;
  /** Called once; the heartbeat has stopped. */
  readonly dead: () => void;
}

export class Heartbeat {
  readonly #timing: LinkTiming;
  readonly #port: HeartbeatPort;
  readonly #timer: NodeJS.Timeout;
  /** Silence before this does not count (ms). */
  #listeningSinceMs = performance.now();
  #checkedAtMs = performance.now();
  /** Undefined: not asked, or answered. */
  #probedAtMs: number | undefined;

  constructor(timing: LinkTiming, port: HeartbeatPort) {
    this.#timing = timing;
    this.#port = port;
    this.#timer = setInterval(() => this.#check(performance.now()), timing.heartbeatMs / CHECKS_PER_BEAT);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Finds out soon whether the other end is still there: this machine slept, or its network is another one. */
  probe(): void {
    this.#probedAtMs = performance.now();
    this.#port.beat();
  }

  #check(nowMs: number): void {
    const { heartbeatMs, deadAfterMs, probeMs } = this.#timing;
    const stoodStill = nowMs - this.#checkedAtMs > heartbeatMs;
    this.#checkedAtMs = nowMs;
    if (stoodStill) this.#listeningSinceMs = nowMs;
    const heardAtMs = this.#port.heardAtMs();
    if (this.#probedAtMs !== undefined && heardAtMs > this.#probedAtMs) this.#probedAtMs = undefined;
    const isUnanswered = this.#probedAtMs !== undefined && nowMs - this.#probedAtMs > probeMs;
    if (isUnanswered || nowMs - Math.max(heardAtMs, this.#listeningSinceMs) > deadAfterMs) {
      this.stop();
      this.#port.dead();
      return;
    }
    const sentAtMs = this.#port.sentAtMs();
    if (nowMs - Math.min(heardAtMs, sentAtMs) >= heartbeatMs && nowMs - sentAtMs >= heartbeatMs / 2) this.#port.beat();
  }
}
