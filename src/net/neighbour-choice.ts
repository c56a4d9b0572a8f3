/**
 * At how many other members a topic is read, and when more are looked for. Pure, so that simulations use it, too
 * (test/sim/vanishing.ts).
 */

/** Members at whom one topic is read: with six each, fifty people stay connected when thirty vanish at once. */
export const NEIGHBOURS_MAX = 6;
/** Members to whom we are linked over all groups: each costs a connection. */
export const LINKS_MAX = 48;
/** Addresses that are dialled at the same time. */
export const DIALS_MAX = 4;
/** Time between two looks at the addresses that may be due (ms). */
export const LOOK_MS = 500;

/** A link, as far as this is about it. */
export interface Reading {
  /** Whether this topic (hex) is read there. */
  readonly reads: (topic: string) => boolean;
}

/** Whether one more link should read this topic. */
export function wantsNeighbour(links: Iterable<Reading>, topic: string): boolean {
  let readers = 0;
  for (const link of links) if (link.reads(topic)) readers += 1;
  return readers < NEIGHBOURS_MAX;
}

/** Whether to look for more members: some topic is read at too few, and one more link is allowed. */
export function needsNeighbours(links: ReadonlyMap<unknown, Reading>, topics: Iterable<string>): boolean {
  if (links.size >= LINKS_MAX) return false;
  for (const topic of topics) if (wantsNeighbour(links.values(), topic)) return true;
  return false;
}
