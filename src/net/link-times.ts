/** When something last came and left over a link: two streams of ours on one, as between members, need one heartbeat. */

/** On the clock of `performance.now()` (ms). */
export interface LinkTimes {
  heardAtMs: number;
  sentAtMs: number;
}

const timesByLink = new WeakMap<object, LinkTimes>();

/** Those of that link; it begins now, if it is new. */
export function timesOf(link: object): LinkTimes {
  const nowMs = performance.now();
  const times = timesByLink.get(link) ?? { heardAtMs: nowMs, sentAtMs: nowMs };
  timesByLink.set(link, times);
  return times;
}
