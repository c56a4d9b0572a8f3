/**
 * At how many other members a topic is read, and when more are looked for. Pure, so that simulations use it, too
 * (test/sim/vanishing.ts).
 *
 * 1. A topic is read at up to NEIGHBOURS_MAX members. Whoever comes and reads here is read in turn: where all places are
 *    taken it gets that of another one, chosen at random. Else nobody would hear somebody who comes late.
 * 2. Who is read at fewer than READERS_LEAST members goes on looking: what it writes must not hang on one of them.
 */

import type { PeerStatus } from "../client/ports/network.ts";

/** Members at whom one topic is read: with six each, fifty people stay connected when thirty vanish at once. */
const NEIGHBOURS_MAX = 6;
/**
 * The same for a topic of an epoch that a newer one has taken the place of: little comes there, and late. A group has one
 * for each change of its members, so that each costs all of them at every meeting; with three they stay connected.
 */
const SUPERSEDED_NEIGHBOURS_MAX = 3;
/** The same where the way leads through a relay, which brings what comes there as a rule. */
export const SUPERSEDED_CIRCUITS_MAX = 1;
/**
 * Members at whom one topic is read, from which on no way through a relay is dialled for it: such a neighbour goes with the
 * relay, at which both read what comes, so it is there for what the relay leaves out. Each costs the relay a circuit.
 */
const CIRCUITS_UNTIL = 3;
/** Members who read one topic here, below which more are looked for. */
const READERS_LEAST = 2;
/** Members to whom we are linked over all groups: each costs a connection. */
export const LINKS_MAX = 48;
/** Who has dialled so much later than the present connection came about (ms) has come anew: two who dial each other do it at once. */
export const ANEW_MS = 1_000;
/** Addresses that are dialled at the same time. */
export const DIALS_MAX = 4;
/** A dial that takes longer (ms) does not count as one of them: most that are answered are so in a fraction of it. */
export const PATIENCE_MS = 2_000;
/** Such dials at the same time. */
export const SLOW_DIALS_MAX = 16;
/** Time between two looks at the addresses that may be due (ms). */
export const LOOK_MS = 500;

/** A link, as far as this is about it. */
export interface Reading {
  /** Whether this topic (hex) is read there. */
  readonly reads: (topic: string) => boolean;
}

/** Whether one more link should read this topic. */
export function wantsNeighbour(links: Iterable<Reading>, topic: string, most = NEIGHBOURS_MAX): boolean {
  let reading = 0;
  for (const link of links) if (link.reads(topic)) reading += 1;
  return reading < most;
}

/** Whether to look for more members: some topic is read at too few, or by too few, and one more link is allowed. */
export function needsNeighbours(
  links: ReadonlyMap<unknown, Reading>,
  topics: Iterable<string>,
  readersOf: (topic: string) => number,
  most = NEIGHBOURS_MAX,
): boolean {
  if (links.size >= LINKS_MAX) return false;
  for (const topic of topics)
    if (wantsNeighbour(links.values(), topic, most) || readersOf(topic) < READERS_LEAST) return true;
  return false;
}

/** Members at whom a topic of such an epoch is read at most, one to whom this way leads among them. */
export function neighboursMost(epoch: "present" | "past", path: PeerStatus["path"]): number {
  if (epoch === "present") return NEIGHBOURS_MAX;
  return path === "circuit" ? SUPERSEDED_CIRCUITS_MAX : SUPERSEDED_NEIGHBOURS_MAX;
}

/** What is wanted beside more neighbours. */
export interface Want {
  /** In hex: those of present epochs. */
  readonly topics: readonly string[];
  readonly readersOf: (topic: string) => number;
  /** Dials through relays that are under way. */
  readonly circuits: number;
  /** Much is coming in: nobody is met through a relay meanwhile, which costs both ends and the relay. */
  readonly isBusy: boolean;
}

/**
 * Which ways to more members than are here are wanted. Whoever is being dialled through a relay, or asked what it shares, may be
 * the neighbour that is wanted: on a slow machine everybody would end up with everybody else.
 */
export function wantedWays(
  links: ReadonlyMap<unknown, Reading & { readonly isUnanswered: boolean }>,
  { topics, readersOf, circuits, isBusy }: Want,
): "none" | "direct" | "all" {
  const unanswered = [...links.values()].filter((link) => link.isUnanswered).length;
  const isRoom = !isBusy && unanswered + circuits < CIRCUITS_UNTIL;
  if (isRoom && needsNeighbours(links, topics, readersOf, CIRCUITS_UNTIL)) return "all";
  return needsNeighbours(links, topics, readersOf) ? "direct" : "none";
}

/** Whoever has to make room for somebody who came and reads here; undefined while there is room. `random` is in [0, 1). */
export function replacedNeighbour<L extends Reading>(
  links: Iterable<L>,
  topic: string,
  random: number,
  most = NEIGHBOURS_MAX,
): L | undefined {
  const reading = [...links].filter((link) => link.reads(topic));
  return reading.length < most ? undefined : reading[Math.floor(random * reading.length)];
}
