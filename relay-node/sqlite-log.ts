/**
 * The relay's TopicLog: the embedded database in its worker thread.
 *
 * Bytes that wait for the worker are bounded: past the bound an append is answered `busy` at once.
 * @see src/net/topic-log.ts for the contract; test/contract/topic-log-contract.ts runs it.
 */
import type { LogAppendResult, LogItem, TopicLog } from "../src/net/topic-log.ts";
import { isFault } from "../src/wire/fault.ts";
import { packItems, unpackResults } from "./packed-items.ts";
import type { StoreThread } from "./store-thread.ts";

/** @param queueMaxBytes bound of the envelopes handed to the worker and not yet durable */
export function createSqliteLog(thread: StoreThread, queueMaxBytes: number): TopicLog {
  const started = new Map<object, number>();
  let queuedBytes = 0;
  let writable = true;

  async function appendQueued(items: readonly LogItem[]): Promise<readonly LogAppendResult[]> {
    try {
      const results = await thread.call("append", packItems(items));
      writable = true;
      return unpackResults(results);
    } catch (error) {
      if (!isFault(error)) throw error;
      writable = false;
      return items.map(() => ({ kind: "error", error: "unavailable" }));
    }
  }

  async function append(items: readonly LogItem[]): Promise<readonly LogAppendResult[]> {
    if (items.length === 0) return [];
    const bytes = items.reduce((sum, { envelope }) => sum + envelope.length, 0);
    if (queuedBytes + bytes > queueMaxBytes) return items.map(() => ({ kind: "error", error: "busy" }));
    const ticket = {};
    queuedBytes += bytes;
    started.set(ticket, performance.now());
    try {
      return await appendQueued(items);
    } finally {
      queuedBytes -= bytes;
      started.delete(ticket);
    }
  }

  return {
    logId: thread.logId,
    append,
    read: (topic, after, limits) => thread.call("read", topic, after, limits),
    ids: (topic, after, limit) => thread.call("ids", topic, after, limit),
    get: (topic, ids, maxBytes) => thread.call("get", topic, ids, maxBytes),
    registerInbox: (topic) => thread.call("registerInbox", topic),
    isInbox: (topic) => thread.call("isInbox", topic),
    trim: (topic, upTo) => thread.call("trim", topic, upTo),
    health: () => {
      const [oldest] = started.values(); // insertion order: the first one waits longest
      return { writable, lagMs: oldest === undefined ? 0 : performance.now() - oldest, durability: "synced" };
    },
    close: async () => {
      await thread.call("close").catch(() => undefined); // closed already, or broken: what was acknowledged is on disk
      await thread.ended;
    },
  };
}
