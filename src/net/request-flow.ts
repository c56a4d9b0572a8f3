/**
 * How fast one connection is read from: not while too much of what it asked is under way, nor while it has asked more than
 * its rate allows, nor while it takes no answers. Whoever asks faster just waits.
 */
import type { ClientFrame } from "../wire/topic-frames.ts";
import { WRITE_HIGH_BYTES } from "./frame-stream.ts";
import { pace } from "./pace.ts";
import type { TopicLimits } from "./topic-limits.ts";

/** Answers that wait for their asker above which no more is asked: what catching up sends alone never comes so far. */
export const ANSWERS_MAX_BYTES = 2 * WRITE_HIGH_BYTES;

/** What it needs of its stream. */
export interface ReadingSide {
  readonly isPaused: boolean;
  /** What was sent and has not left. */
  readonly unsentBytes: number;
  /** Once false, `writable` is called later. */
  readonly isWritable: () => boolean;
  readonly pause: () => void;
  readonly resume: () => void;
}

type FlowLimits = Pick<TopicLimits, "requestsUnderWay" | "bytesUnderWay" | "connectionRate">;

/** The requests of one connection. */
export class RequestFlow {
  readonly #limits: FlowLimits;
  readonly #stream: ReadingSide;
  readonly #pace: ReturnType<typeof pace>;
  #requests = 0;
  #bytes = 0;
  #restsUntilMs = 0;

  constructor(limits: FlowLimits, stream: ReadingSide) {
    this.#limits = limits;
    this.#stream = stream;
    this.#pace = pace(limits.connectionRate);
  }

  /** A request of so many bytes has come. */
  begin(frame: ClientFrame, bytes: number): void {
    const { requestsUnderWay, bytesUnderWay } = this.#limits;
    this.#requests += 1;
    this.#bytes += bytes;
    if (this.#requests >= requestsUnderWay || this.#bytes >= bytesUnderWay || this.#isUnread()) this.#stream.pause();
    this.spend(unitsOf(frame));
  }

  /** It has been answered. */
  settle(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
    this.proceed();
  }

  /** Bytes of what is under way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** So many things more were done for it. */
  spend(units: number): void {
    const restMs = this.#pace.spend(units);
    if (restMs === 0) return;
    this.#restsUntilMs = Math.max(this.#restsUntilMs, performance.now() + restMs);
    this.#stream.pause();
    setTimeout(() => this.proceed(), restMs + 1).unref();
  }

  /** Reads on, if nothing speaks against it. */
  proceed(): void {
    const { requestsUnderWay, bytesUnderWay } = this.#limits;
    const isResting = performance.now() < this.#restsUntilMs;
    if (isResting || this.#requests > requestsUnderWay / 2 || this.#bytes > bytesUnderWay / 2) return;
    if (this.#stream.isPaused && !this.#isUnread()) this.#stream.resume();
  }

  /** Whether too many answers wait; then the stream says when that has changed. */
  #isUnread(): boolean {
    return this.#stream.unsentBytes >= ANSWERS_MAX_BYTES && !this.#stream.isWritable();
  }
}

/** What a request counts towards its connection's rate: one for each thing that is checked, read or stored for it. */
function unitsOf(frame: ClientFrame): number {
  switch (frame.kind) {
    case "open":
    case "meet":
      return 1 + frame.proofs.length;
    case "append":
      return frame.envelopes.length;
    case "subscribe":
      return frame.cursors.length;
    case "compare":
      return frame.ranges.length;
    case "get":
      return frame.ids.length;
    case "unsubscribe":
    case "trim":
    case "live":
    case "ping":
      return 1;
  }
}
