/**
 * Which topics something is coming in of, from whomever: what one brings need not be asked of others meanwhile.
 *
 * 1. A topic is quiet when nobody fetches anything of it and nothing has come for QUIET_MS.
 * 2. Nobody waits longer than QUIET_WITHIN_MS for that at a time, whoever goes on sending.
 */
import { setMaxListeners } from "node:events";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { delay } from "./turn-gate.ts";

/** Ms after which what comes does not belong to what came before: many pages of a relay or member. */
const QUIET_MS = 500;
/** Longest wait for it (ms): a conversation may never pause. */
const QUIET_WITHIN_MS = 20_000;
/** Time between two looks (ms), and a random part of as much: one of those who wait begins. */
const LOOK_MS = 50;

export interface TopicArrivals {
  /** Something of it has come that was not asked for by id. */
  readonly came: (topic: Topic) => void;
  readonly isQuiet: (topic: Topic) => boolean;
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
  const came: TopicArrivals["came"] = (topic) => void cameAtMs.set(toHex(topic), now());
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
      const left = (fetching.get(name) ?? 1) - 1;
      if (left > 0) fetching.set(name, left);
      else fetching.delete(name);
    }
  };
  return {
    came,
    isQuiet,
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
