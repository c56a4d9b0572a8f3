/** The least profile store: records in memory, lines dropped. For devices that are not measured. */
import Sqlite from "better-sqlite3-multiple-ciphers";
import type { ProfileStore } from "../src/client/ports.ts";

interface Row {
  readonly key: string;
  readonly value: Buffer;
}

/** A store without a disk; ordered, so that thousands of groups cost what they cost on disk. Lines are not kept. */
export function memoryStore(): ProfileStore {
  const db = new Sqlite(":memory:");
  db.exec("CREATE TABLE record (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID");
  const one = db.prepare<[string], Row>("SELECT key, value FROM record WHERE key = ?");
  const from = db.prepare<[string, string], Row>(
    "SELECT key, value FROM record WHERE key >= ? AND key > ? ORDER BY key",
  );
  const put = db.prepare<[string, Uint8Array]>("INSERT OR REPLACE INTO record VALUES (?, ?)");
  const remove = db.prepare<[string]>("DELETE FROM record WHERE key = ?");
  const write = db.transaction((records: ReadonlyMap<string, Uint8Array | null>) => {
    for (const [key, value] of records) value === null ? remove.run(key) : put.run(key, value);
  });
  return {
    load: async (keys) => new Map(keys.flatMap((key) => one.all(key).map(entry))),
    scan: async (prefix, { after = "", limit }) => {
      const found: (readonly [string, Uint8Array])[] = [];
      for (const row of from.iterate(prefix, after)) {
        if (!row.key.startsWith(prefix) || found.length === limit) break;
        found.push(entry(row));
      }
      return found;
    },
    commit: async ({ records }) => write(records),
    history: async () => [],
    line: async () => undefined,
    lineDepth: async () => undefined,
    unread: async () => 0,
    markRead: async () => undefined,
    close: async () => void db.close(),
  };
}

const entry = ({ key, value }: Row): readonly [string, Uint8Array] => [key, new Uint8Array(value)];
