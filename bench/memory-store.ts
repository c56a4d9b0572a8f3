/** The least profile store: records in a map, lines counted. For devices that are not measured. */
import type { ProfileStore } from "../src/client/ports.ts";

/** A store without a disk. Lines are not kept. */
export function memoryStore(): ProfileStore {
  const records = new Map<string, Uint8Array>();
  return {
    load: async (keys) =>
      new Map(keys.flatMap((key) => (records.has(key) ? [[key, records.get(key) as Uint8Array]] : []))),
    scan: async (prefix, { after = "", limit }) =>
      [...records]
        .filter(([key]) => key.startsWith(prefix) && key > after)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit),
    commit: async (changes) => {
      for (const [key, value] of changes.records) {
        if (value === null) records.delete(key);
        else records.set(key, value);
      }
    },
    history: async () => [],
    line: async () => undefined,
    unread: async () => 0,
    markRead: async () => undefined,
    close: async () => undefined,
  };
}
