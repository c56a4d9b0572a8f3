/**
 * The time by which retention counts. The system's clock is asked once, at the start; from then on time passes as the
 * monotonic clock says, so a jump erases nothing early. And it never begins before what is stored already.
 */

/** What a clock is made from: the system's time and a monotonic one (ms). */
export interface ClockSource {
  readonly wallMs: () => number;
  readonly steadyMs: () => number;
}

const SYSTEM: ClockSource = { wallMs: () => Date.now(), steadyMs: () => performance.now() };

/** A clock (whole ms since 1970). @param newestMs the latest time that is stored, 0 for none */
export function steadyClock(newestMs: number, { wallMs, steadyMs }: ClockSource = SYSTEM): () => number {
  const start = Math.max(wallMs(), newestMs) - steadyMs();
  return () => Math.floor(start + steadyMs());
}
