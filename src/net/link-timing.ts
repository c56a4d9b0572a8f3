/** How patient a client is with a relay. Tests use shorter times; the ratios stay. */

export interface LinkTiming {
  /** A heartbeat is sent when the link was idle in one direction for so long (ms): a NAT forgets a mapping after 30 s at the earliest. */
  readonly heartbeatMs: number;
  /** No byte for so long means the link is dead (ms): two heartbeats and their answers lost. */
  readonly deadAfterMs: number;
  /** An answer that takes longer is "unknown" (ms): a relay's slow disk, not its absence, is the usual cause. */
  readonly requestTimeoutMs: number;
  /** One attempt to connect, up to the holder's first frame (ms). */
  readonly connectTimeoutMs: number;
  /** Time from one attempt to the next (ms): the first, doubled up to the last, each shortened by up to half at random. */
  readonly firstRetryMs: number;
  /** Below 5 s less a connect, so that a returned relay is found within 5 s. */
  readonly lastRetryMs: number;
}

export const LINK_TIMING: LinkTiming = {
  heartbeatMs: 5_000,
  deadAfterMs: 12_000,
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  firstRetryMs: 200,
  lastRetryMs: 4_000,
};

/** Time from the start of failed attempt number `failures` (1 for the first) to the start of the next (ms). `random` is in [0, 1). */
export function retryDelayMs(timing: LinkTiming, failures: number, random: number): number {
  const doubled = timing.firstRetryMs * 2 ** Math.min(failures - 1, 30);
  return Math.min(doubled, timing.lastRetryMs) * (1 - random / 2);
}
