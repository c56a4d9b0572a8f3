/**
 * The relay of `npm start`, kept running as long as we are: one that ends by itself is started again with its data, and
 * people are told in a sentence.
 *
 * 1. One that ends again and again, or does not start, is left alone: starting it for ever would hide the reason.
 */
import { isFault } from "../wire/fault.ts";
import type { HermesProcess, ProcessOptions } from "./hermes-process.ts";
import { type HomeRelay, startHomeRelay } from "./home-relay.ts";

/** A relay that ran for so long (ms) was well: what ended it is no reason not to start it again. */
const WELL_MS = 60_000;
/** Starts in a row of relays that were not well. */
const RESTARTS_MAX = 3;

const LEFT =
  "Whoever is connected directly still gets messages; to have a relay again end Hermes (Ctrl-C) and start it.";

/** A relay that is started again when it ends. */
export interface KeptRelay extends Omit<HomeRelay, "process"> {
  /** The process of now. */
  readonly process: () => HermesProcess;
  /** Ends it for good. */
  readonly end: () => Promise<void>;
}

/** Who is told, and when it is over. */
export interface Keeping {
  readonly note: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/** Starts the relay of `home` as `startHomeRelay` does, and keeps it running until `end` or the signal. */
export async function keepHomeRelay(home: string, options: ProcessOptions, keeping: Keeping): Promise<KeptRelay> {
  const over = new AbortController();
  const signal = AbortSignal.any([keeping.signal, over.signal]);
  const first = await startHomeRelay(home, options, signal);
  let current = first;
  const again = async (): Promise<HomeRelay> => {
    current = await startHomeRelay(home, options, signal);
    return current;
  };
  const watching = watch(first, again, { note: keeping.note, signal });
  return {
    addresses: first.addresses,
    shared: first.shared,
    process: () => current.process,
    end: async () => {
      over.abort();
      await current.process.end();
      await watching;
    },
  };
}

async function watch(first: HomeRelay, again: () => Promise<HomeRelay>, { note, signal }: Keeping): Promise<void> {
  let relay = first;
  for (let restarts = 0; ; restarts++) {
    const sinceMs = Date.now();
    const code = await relay.process.ended;
    if (signal.aborted) return;
    const what = `The relay has ended by itself (code ${code})`;
    if (Date.now() - sinceMs > WELL_MS) restarts = 0;
    if (restarts === RESTARTS_MAX) return note(`${what}, as ${restarts} times before in a row. ${LEFT}`);
    try {
      relay = await again();
    } catch (error) {
      if (signal.aborted) return;
      return note(`${what} and could not be started again: ${isFault(error) ? error.message : error} ${LEFT}`);
    }
    const isMoved = relay.addresses[0] !== first.addresses[0];
    note(
      `${what}, and was started again${isMoved ? ` at ${relay.shared[0] ?? relay.addresses[0]}` : ""}; it has all that it had stored.`,
    );
  }
}
