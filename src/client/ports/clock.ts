/**
 * Time and randomness, which the client gets from outside like everything else.
 */

/** Time as an input. */
export interface Clock {
  readonly nowMs: () => number;
  /** Calls `wake` once after `delayMs`; the answer cancels. */
  readonly after: (delayMs: number, wake: () => void) => () => void;
}

/** `length` bytes from the operating system's generator. */
export type RandomBytes = (length: number) => Uint8Array;
