/**
 * Addresses at which other members may be, and when each is to be tried next.
 *
 * 1. At most ADDRESSES_MAX are known; the one that was learnt longest ago makes room.
 * 2. Where a member was is asked again at once, an address that nobody answers at ever more rarely, and forgotten in
 *    the end; where strangers are, when we have joined something new.
 * 3. Whose an address is, is hearsay: it decides what is tried, never who is believed to answer.
 * 4. Where no member was met yet is tried so often and no more, over all and at one host: a member can tell a whole group
 *    ever new addresses, and none of it may become a flood at a host of its choice, or a scan of ports.
 */
import { CODE_P2P, type Multiaddr } from "@multiformats/multiaddr";
import { pace, paceByKey, type Rate } from "./pace.ts";

const ADDRESSES_MAX = 256;
/** Time until an address is tried again (ms): after a member went away; after nobody answered, doubled each time. */
const MEMBER_AGAIN_MS = 200;
const ABSENT_AGAIN_MS = 500;
/** Time after which a way through a relay is tried (ms): direct ones, learnt with it, are better. */
const CIRCUIT_AFTER_MS = 2_000;
/** Where strangers are (ms): their groups change, too, but then it is they who ask us. */
const STRANGER_AGAIN_MS = 600_000;
/** Times that nobody answered, after which an address is forgotten: half a minute; the LAN tells it again. */
const FAILURES_MAX = 6;
/** Direct ways that are tried to one process in DIRECT_WINDOW_MS: as many as one frame tells. More would let a member have others dial hosts of its choice. */
const DIRECT_TRIES_MAX = 6;
const DIRECT_WINDOW_MS = 60_000;
/** Tries where no member was met yet: twice all that is known at once, then what finds a group of fifty in half a minute. */
const UNMET_RATE: Rate = { perSecond: 4, burst: 2 * ADDRESSES_MAX };
/** Of those, at one host but our own: the ways to a few members, or through one relay. */
const HOST_RATE: Rate = { perSecond: 0.5, burst: 30 };

/** What was found at an address, after the end of it; `silent`: a member that was there and went without a word. */
export type AddressOutcome = "member" | "silent" | "stranger" | "absent";

interface Known {
  readonly address: Multiaddr;
  /** PeerId of the process that is said to be there. */
  of: string | undefined;
  nextAtMs: number;
  failures: number;
  last: AddressOutcome | undefined;
  /** When a member was last there; the end of the meeting. */
  metAtMs: number | undefined;
  isInUse: boolean;
}

export interface AddressBook {
  /** `of`: PeerId of the process that is said to be there, if that was said. */
  readonly learn: (address: Multiaddr, of?: string) => void;
  /** Of those that are due the one where a member was last, else one at random; it is in use until it is settled. */
  readonly take: (ways?: "all" | "direct") => Multiaddr | undefined;
  /** One that is due, needs no relay, and is said to lead to one of these (PeerIds), DIRECT_TRIES_MAX a minute for each; in use as well. */
  readonly takeDirect: (to: ReadonlySet<string>) => Multiaddr | undefined;
  readonly settle: (address: Multiaddr, outcome: AddressOutcome) => void;
  /** Everything may be tried again now but where strangers are: the machine is somewhere else, or slept. */
  readonly again: () => void;
  /** Strangers may be asked again now. */
  readonly forgive: () => void;
  readonly size: () => number;
}

/** An empty book. `nowMs`, a clock that never goes back, and `random` in [0, 1): for tests. */
export function addressBook(
  nowMs: () => number = () => performance.now(),
  random: () => number = Math.random,
): AddressBook {
  const known = new Map<string, Known>();
  const mayTryUnmet = unmetTries(nowMs);
  /** Direct tries of late, by PeerId. */
  const tried = new Map<string, { readonly count: number; readonly sinceMs: number }>();
  const isDue = ({ isInUse, nextAtMs }: Known): boolean => !isInUse && nextAtMs <= nowMs();
  return {
    learn: (address, of = processAt(address)) => {
      const bare = isCircuit(address) ? address : address.decapsulateCode(CODE_P2P);
      const key = bare.toString();
      const before = known.get(key);
      if (before) before.of = of ?? before.of;
      if (before) return;
      const [oldest] = [...known].find(([, each]) => !each.isInUse) ?? [];
      if (known.size >= ADDRESSES_MAX && oldest !== undefined) known.delete(oldest);
      const nextAtMs = isCircuit(address) ? nowMs() + CIRCUIT_AFTER_MS : 0;
      const untried = { failures: 0, last: undefined, metAtMs: undefined, isInUse: false };
      known.set(key, { address: bare, of, nextAtMs, ...untried });
    },
    take: (ways = "all") => {
      const due = [...known.values()].filter((each) => isDue(each) && (ways === "all" || !isCircuit(each.address)));
      const lastMet = due.filter(({ metAtMs }) => metAtMs !== undefined).sort(byLastMet)[0];
      const taken = lastMet ?? shuffled(due, random).find(mayTryUnmet);
      if (taken) taken.isInUse = true;
      return taken?.address;
    },
    takeDirect: (to) => {
      for (const [of, { sinceMs }] of tried) if (sinceMs + DIRECT_WINDOW_MS <= nowMs()) tried.delete(of);
      const mayTry = (of: string): boolean => to.has(of) && (tried.get(of)?.count ?? 0) < DIRECT_TRIES_MAX;
      const leadsThere = ({ address, of }: Known) => of !== undefined && mayTry(of) && !isCircuit(address);
      const mayDial = (each: Known): boolean => each.metAtMs !== undefined || mayTryUnmet(each);
      const isTaken = (each: Known): boolean => isDue(each) && leadsThere(each) && mayDial(each);
      const taken = to.size > 0 ? [...known.values()].find(isTaken) : undefined;
      if (taken?.of === undefined) return undefined;
      const { count, sinceMs } = tried.get(taken.of) ?? { count: 0, sinceMs: nowMs() };
      tried.set(taken.of, { count: count + 1, sinceMs });
      taken.isInUse = true;
      return taken.address;
    },
    settle: (address, outcome) => {
      const each = known.get(address.toString());
      if (each === undefined) return;
      each.isInUse = false;
      each.last = outcome;
      if (outcome === "member") each.metAtMs = nowMs();
      else each.metAtMs = undefined;
      each.failures = outcome === "absent" ? each.failures + 1 : 0;
      each.nextAtMs = nowMs() + pauseMs(outcome, each.failures);
      if (each.failures > FAILURES_MAX) known.delete(address.toString());
    },
    again: () => {
      for (const each of known.values()) if (each.last !== "stranger") each.nextAtMs = 0;
    },
    forgive: () => {
      for (const each of known.values()) if (each.last === "stranger") each.nextAtMs = 0;
    },
    size: () => known.size,
  };
}

/** Counts a try where no member was met yet; false: it is one too many. */
function unmetTries(nowMs: () => number): (tried: Known) => boolean {
  const all = pace(UNMET_RATE, nowMs);
  const hosts = paceByKey(HOST_RATE, nowMs);
  return ({ address }) => all.take(0) === 0 && hosts.take(hostOf(address), 1) === 0 && all.take(1) === 0;
}

const byLastMet = (one: Known, other: Known): number => (other.metAtMs ?? 0) - (one.metAtMs ?? 0);

function pauseMs(outcome: AddressOutcome, failures: number): number {
  switch (outcome) {
    case "member":
      return MEMBER_AGAIN_MS;
    case "stranger":
      return STRANGER_AGAIN_MS;
    case "silent":
      return ABSENT_AGAIN_MS;
    case "absent":
      return ABSENT_AGAIN_MS * 2 ** (failures - 1);
  }
}

/** Only such an address needs a PeerId: it says for whom the circuit is. */
export function isCircuit(address: Multiaddr): boolean {
  return address.toString().includes("/p2p-circuit");
}

/** In random order; these are few. */
function shuffled(all: readonly Known[], random: () => number): readonly Known[] {
  return all
    .map((each) => [random(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}

/** The host to which a dial goes, also that of a relay; undefined: our own, where many processes may be members'. */
function hostOf(address: Multiaddr): string | undefined {
  const host = address.getComponents()[0]?.value ?? "";
  return LOOPBACK.test(host) ? undefined : host;
}

const LOOPBACK = /^(?:127\.|::1$)/;

/** The process that an address itself names, at its end. */
const processAt = (address: Multiaddr): string | undefined =>
  address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value;
