/**
 * The relay's PrekeyDirectory: same database, same worker, same commits as the topic log.
 *
 * While nothing can be written, bundles are still handed out, without one-time prekeys: those could not be erased.
 */
import type { PrekeyDirectory } from "../src/net/prekey-directory.ts";
import { isFault } from "../src/wire/fault.ts";
import type { StoreThread } from "./store-thread.ts";

/** @param thread the worker that the topic log uses, too */
export function createSqliteDirectory(thread: StoreThread): PrekeyDirectory {
  return {
    publish: async (record) => {
      try {
        return await thread.call("publish", record);
      } catch (error) {
        if (!isFault(error)) throw error;
        return { kind: "unavailable" };
      }
    },
    take: async (directoryKey) => {
      try {
        return await thread.call("take", directoryKey);
      } catch (error) {
        if (!isFault(error)) throw error;
        return thread.call("peek", directoryKey);
      }
    },
    peek: (directoryKey) => thread.call("peek", directoryKey),
    count: (directoryKey, slot) => thread.call("count", directoryKey, slot),
  };
}
