/**
 * Notices what happens to this machine and ends connections without a word: it slept, or its network is another one.
 *
 * 1. Sleep shows as a wall clock that is further than the time since the last look. A clock that somebody sets forward
 *    looks the same, and costs a question to each connection.
 * 2. Another network shows as other addresses of its interfaces; those of loopback do not count.
 */
import { networkInterfaces } from "node:os";

/** Time between two looks (ms): a look costs some 50 microseconds. */
const LOOK_MS = 2_000;
/** A look that is so much too late (ms) was delayed by sleep: a busy machine delays it less. */
const SLEPT_MS = 10_000;

/** What is looked at; for tests. */
export interface MachineSenses {
  /** Wall clock (ms). */
  readonly nowMs: () => number;
  /** Addresses of all interfaces, in any order. */
  readonly addresses: () => readonly string[];
  readonly everyMs: number;
}

const SENSES: MachineSenses = { nowMs: Date.now, addresses: ownAddresses, everyMs: LOOK_MS };

/** Calls after each sleep and each change of the network. Answers how to stop. */
export function watchMachine(
  changed: (what: "slept" | "network") => void,
  { nowMs, addresses, everyMs }: MachineSenses = SENSES,
): () => void {
  let lookedMs = nowMs();
  let before = fingerprintOf(addresses());
  const look = (): void => {
    const passedMs = nowMs() - lookedMs;
    lookedMs += passedMs;
    const now = fingerprintOf(addresses());
    const isElsewhere = now !== before;
    before = now;
    if (passedMs > everyMs + SLEPT_MS) changed("slept");
    else if (isElsewhere) changed("network");
  };
  const timer = setInterval(look, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

const fingerprintOf = (addresses: readonly string[]): string => addresses.toSorted().join();

/** Of interfaces that are up, without loopback. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.filter(({ internal }) => !internal).map(({ address }) => address),
  );
}
