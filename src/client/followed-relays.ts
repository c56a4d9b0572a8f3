/**
 * Relays that are followed, and on whose word.
 *
 * 1. Those that other people name are bounded, whoever names how many: each costs a connection.
 * 2. A group's relays are replaced as a whole; one that nothing names any more is let go.
 */
import type { Effect } from "../protocol/effects.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Network, ToldBy } from "./ports/network.ts";

/**
 * Relays that other people may make us connect to: each costs a connection, and a stranger can name any address. Those
 * of groups that we were added to unasked are read as ours are, so they are fewest; over all such groups together.
 */
const RELAYS_TOLD_MAX = { peer: 16, adder: 8, us: Number.POSITIVE_INFINITY } as const;
const TRUST = { peer: 0, adder: 1, us: 2 } as const;

type UseRelays = Extract<Effect, { readonly kind: "use-relays" }>;

export interface FollowedRelays {
  /** Addresses come from links and other people too: bad ones are passed over. */
  readonly use: (effect: UseRelays) => void;
}

/** Nothing is followed yet. */
export function followedRelays(network: Pick<Network, "useRelays" | "dropRelays">): FollowedRelays {
  /** Address -> who told us, the one we trust most; by the group (hex) for which it was named, "" for none. */
  const named = new Map<string, Map<string, ToldBy>>();
  const toldOf = (address: string): ToldBy | undefined => {
    const all = [...named.values()].flatMap((each) => each.get(address) ?? []);
    return all.sort((one, other) => TRUST[other] - TRUST[one])[0];
  };
  const hasRoom = (toldBy: ToldBy): boolean => {
    const addresses = new Set([...named.values()].flatMap((each) => [...each.keys()]));
    return [...addresses].filter((each) => toldOf(each) === toldBy).length < RELAYS_TOLD_MAX[toldBy];
  };
  const follow = (mine: Map<string, ToldBy>, address: string, toldBy: ToldBy): void => {
    const before = toldOf(address);
    const isKnown = before !== undefined && TRUST[before] >= TRUST[toldBy];
    if (!isKnown && !hasRoom(toldBy)) return;
    const own = mine.get(address);
    if (own === undefined || TRUST[own] < TRUST[toldBy]) mine.set(address, toldBy);
    if (isKnown) return;
    try {
      network.useRelays([address], toldBy);
    } catch {
      // whatever is wrong with an address that somebody told us, the others go on
    }
  };
  return {
    use: ({ relays, toldBy, group }) => {
      const name = group === undefined ? "" : toHex(group);
      const before = named.get(name) ?? new Map<string, ToldBy>();
      const mine = group === undefined ? before : new Map<string, ToldBy>();
      named.set(name, mine);
      for (const address of relays) follow(mine, address, toldBy);
      const left = [...before.keys()].filter((address) => toldOf(address) === undefined);
      if (left.length > 0) network.dropRelays(left);
    },
  };
}
