/** The relay's durable state in one directory: topic log, prekey directory, retention. */
import type { PrekeyDirectory } from "../src/net/prekey-directory.ts";
import type { TopicLog } from "../src/net/topic-log.ts";
import type { Fault } from "../src/wire/fault.ts";
import { createSqliteDirectory } from "./sqlite-directory.ts";
import { createSqliteLog } from "./sqlite-log.ts";
import type { StoreOptions, StoreUsage } from "./store-calls.ts";
import { startStoreThread } from "./store-thread.ts";

/** Where the store is and what it may hold. */
export interface RelayStoreOptions extends StoreOptions {
  /** Bytes of envelopes that may wait for the disk. */
  readonly queueMaxBytes: number;
}

/** The open store; `log.close` closes all of it. */
export interface RelayStore {
  readonly log: TopicLog;
  readonly directory: PrekeyDirectory;
  /** Erases what is older than the retention. Without a time: now. */
  readonly purge: (nowMs?: number) => Promise<void>;
  readonly usage: () => Promise<StoreUsage>;
  /** Resolves when the store is gone: with `undefined` after `log.close`, else with why. */
  readonly ended: Promise<Fault | undefined>;
}

/** Opens the store in an existing directory and locks it. Throws the storage faults of openDatabase. */
export async function openRelayStore(options: RelayStoreOptions): Promise<RelayStore> {
  const thread = await startStoreThread(options);
  return {
    log: createSqliteLog(thread, options.queueMaxBytes),
    directory: createSqliteDirectory(thread),
    purge: async (nowMs) => {
      while (await thread.call("purge", nowMs)); // one chunk a call, so that appends get their turn between them
    },
    usage: () => thread.call("usage"),
    ended: thread.ended,
  };
}
