/**
 * Which topics something is coming in of, from whomever: what one brings need not be asked of others meanwhile.
 *
 * 1. A topic is quiet when nobody fetches anything of it, nothing of it waits to be taken and nothing has come for QUIET_MS.
 * 2. Nobody waits longer than QUIET_WITHIN_MS for that at a time, whoever goes on sending.
 */
import { setMaxListeners } from "node:events";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { delay } from "./turn-gate.ts";

/** Ms after which what comes does not belong to what came before: many pages of a relay or member. */
const QUIET_MS = 500;
/** Ms after which nothing more is to be expected from a relay or member that had much for us. */
const BUSY_MS = 3_000;
/** Longest time (ms) that counts as one: a conversation may never pause. */
const BUSY_MAX_MS = 300_000;
/** Longest wait for it (ms): a conversation may never pause. */
const QUIET_WITHIN_MS = 20_000;
/** Time between two looks (ms), and a random part of as much: one of those who wait begins. */
const LOOK_MS = 50;

export interface TopicArrivals {
  /** Something of it will come, or has come just now, that was not asked for by id. */
  readonly came: (topic: Topic) => void;
  /** Something of it has come and waits for its turn, until the answer is called. */
  readonly arriving: (topic: Topic) => () => void;
  readonly isQuiet: (topic: Topic) => boolean;
  /** Something of some topic has come just now, and more may follow; for BUSY_MAX_MS at most, then for a pause not. */
  readonly isBusy: () => boolean;
  /** Runs `fetch`; the topic is not quiet meanwhile. */
  readonly bringing: <T>(topic: Topic, fetch: () => Promise<T>) => Promise<T>;
  /** The same when the topic is quiet, or was waited for long enough; not at all when this was stopped before. */
  readonly whenQuiet: (topic: Topic, fetch: (isQuiet: boolean) => Promise<void>) => Promise<void>;
  /** Resolves after so many ms, or when this is stopped. */
  readonly later: (afterMs: number) => Promise<void>;
  /** It is read no more. */
  readonly forget: (topic: Topic) => void;
  /** Whoever waits goes on. */
  readonly stop: () => void;
}

/** Nothing has come yet. */
export function topicArrivals(now: () => number = () => performance.now()): TopicArrivals {
  const cameAtMs = new Map<string, number>();
  const fetching = new Map<string, number>();
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal); // each topic may be waited for
  const busy = { sinceMs: Number.NEGATIVE_INFINITY, untilMs: Number.NEGATIVE_INFINITY };
  const came: TopicArrivals["came"] = (topic) => {
    const nowMs = now();
    cameAtMs.set(toHex(topic), nowMs);
    if (nowMs >= busy.untilMs) busy.sinceMs = nowMs;
    busy.untilMs = nowMs + BUSY_MS;
  };
  const arriving: TopicArrivals["arriving"] = (topic) => {
    came(topic);
    const name = toHex(topic);
    fetching.set(name, (fetching.get(name) ?? 0) + 1);
    return () => {
      release(name);
      came(topic);
    };
  };
  const release = (name: string): void => {
    const left = (fetching.get(name) ?? 1) - 1;
    if (left > 0) fetching.set(name, left);
    else fetching.delete(name);
  };
  const isQuiet: TopicArrivals["isQuiet"] = (topic) => {
    const name = toHex(topic);
    return !fetching.has(name) && now() - (cameAtMs.get(name) ?? Number.NEGATIVE_INFINITY) >= QUIET_MS;
  };
  const bringing: TopicArrivals["bringing"] = async (topic, fetch) => {
    const name = toHex(topic);
    fetching.set(name, (fetching.get(name) ?? 0) + 1);
    try {
      return await fetch();
    } finally {
      release(name);
    }
  };
  return {
    came,
    arriving,
    isQuiet,
    isBusy: () => now() < Math.min(busy.untilMs, busy.sinceMs + BUSY_MAX_MS),
    bringing,
    whenQuiet: async (topic, fetch) => {
      const untilMs = now() + QUIET_WITHIN_MS;
      while (!stopping.signal.aborted && !isQuiet(topic) && now() < untilMs)
        await delay(LOOK_MS * (1 + Math.random()), stopping.signal);
      const wasQuiet = isQuiet(topic); // no turn passes until it is fetched: of those who wait one begins
      if (!stopping.signal.aborted) await bringing(topic, () => fetch(wasQuiet));
    },
    later: (afterMs) => delay(afterMs, stopping.signal),
    forget: (topic) => void cameAtMs.delete(toHex(topic)),
    stop: () => stopping.abort(),
  };
}
