/**
 * Whether the other end of a stream is still there.
 *
 * 1. A beat is sent when nothing was sent or nothing was heard for `heartbeatMs`; both ends so know of each other.
 * 2. Silence does not count while this process itself stood still (sleep, a long computation): the bytes are there, unread.
 * 3. Times are those of a clock that no change of the system's time moves.
 */
import type { LinkTiming } from "./link-timing.ts";

/** Looks per heartbeat interval. */
const CHECKS_PER_BEAT = 5;

export interface HeartbeatPort {
  /** When bytes last came (`performance.now()` clock, ms); now, while reading is stopped. */
  readonly heardAtMs: () => number;
  readonly beat: () => void;
  /** Called once; the heartbeat has stopped. */
  readonly dead: () => void;
}

export class Heartbeat {
  /** When we last sent something (ms); set by the owner. */
  sentAtMs = performance.now();
  readonly #timing: LinkTiming;
  readonly #port: HeartbeatPort;
  readonly #timer: NodeJS.Timeout;
  /** Silence before this does not count (ms). */
  #listeningSinceMs = performance.now();
  #checkedAtMs = performance.now();

  constructor(timing: LinkTiming, port: HeartbeatPort) {
    this.#timing = timing;
    this.#port = port;
    this.#timer = setInterval(() => this.#check(performance.now()), timing.heartbeatMs / CHECKS_PER_BEAT);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(nowMs: number): void {
    const { heartbeatMs, deadAfterMs } = this.#timing;
    const stoodStill = nowMs - this.#checkedAtMs > heartbeatMs;
    this.#checkedAtMs = nowMs;
    if (stoodStill) this.#listeningSinceMs = nowMs;
    const heardAtMs = this.#port.heardAtMs();
    if (nowMs - Math.max(heardAtMs, this.#listeningSinceMs) > deadAfterMs) {
      this.stop();
      this.#port.dead();
    } else if (nowMs - Math.min(heardAtMs, this.sentAtMs) >= heartbeatMs && nowMs - this.sentAtMs >= heartbeatMs / 2) {
      this.#port.beat();
    }
  }
}
