/** How patient a client is with a relay. Tests use shorter times; the ratios stay. */

export interface LinkTiming {
  /** A heartbeat is sent when the link was idle in one direction for so long (ms): a NAT forgets a mapping after 30 s at the earliest. */
  readonly heartbeatMs: number;
  /** No byte for so long means the link is dead (ms): two heartbeats and their answers lost. */
  readonly deadAfterMs: number;
  /** The same when there is a reason to doubt the link, as after sleep (ms): a slow round trip, and a look of the heartbeat. */
  readonly probeMs: number;
  /** An answer that takes longer is "unknown" (ms): a relay's slow disk, not its absence, is the usual cause. */
  readonly requestTimeoutMs: number;
  /** One attempt to connect, up to the holder's first frame (ms). */
  readonly connectTimeoutMs: number;
  /** Time from one attempt to the next (ms): the first, doubled up to the last, each shortened by up to half at random. */
  readonly firstRetryMs: number;
  /** Below 5 s less a connect, so that a relay that did not answer, or had no room for all at once, is found within 5 s. */
  readonly lastRetryMs: number;
  /** The last while nobody listens at the address, which costs next to nothing to ask: a relay that restarts is found within 1 s. */
  readonly absentRetryMs: number;
  /** Longest time after which a member looks what a relay lacks (ms), at random, so that most come when the first has given it. */
  readonly healWithinMs: number;
  /** Longest time between two comparisons of everything with one relay or member (ms), at random from half of it on: they find what a fault lost. */
  readonly compareEveryMs: number;
}

export const LINK_TIMING: LinkTiming = {
  heartbeatMs: 5_000,
  deadAfterMs: 12_000,
  probeMs: 3_000,
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  firstRetryMs: 200,
  lastRetryMs: 4_000,
  absentRetryMs: 800,
  healWithinMs: 5_000,
  compareEveryMs: 600_000,
};

/**
 * The same for members, of whom many can vanish at once and whom nobody can replace but others: two beats are missed, and
 * there are a few seconds left to find somebody else within ten. Whoever dialled beats first, and the other end hears it, so that
 * one of both beats.
 */
export function memberTiming(timing: LinkTiming, direction: "inbound" | "outbound"): LinkTiming {
  const heartbeatMs = direction === "outbound" ? timing.heartbeatMs * 0.8 : timing.heartbeatMs * 1.1;
  return { ...timing, heartbeatMs, deadAfterMs: timing.deadAfterMs * 0.65 };
}

/**
 * Longest time from the start of a failed attempt to the start of the next (ms).
 * @param beforeMs what this answered after the attempt before, 0 after a session that worked
 */
export function longestRetryMs(timing: LinkTiming, beforeMs: number, isAbsent: boolean): number {
  const doubledMs = beforeMs === 0 ? timing.firstRetryMs : 2 * beforeMs;
  return Math.min(doubledMs, timing.lastRetryMs, isAbsent ? timing.absentRetryMs : timing.lastRetryMs);
}

/** The time itself: shorter by up to half, so that those who lost a relay together do not all return at once. `random` is in [0, 1). */
export function shortened(longestMs: number, random: number): number {
  return longestMs * (1 - random / 2);
}
