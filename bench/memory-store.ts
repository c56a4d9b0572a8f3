/** The least profile store: records and lines in memory, no queries. For devices that are not measured. */
import type { ConversationLine, ProfileStore } from "../src/client/ports/profile.ts";
import { openSqlite } from "../src/sqlite/sqlite-database.ts";

interface Row {
  readonly key: string;
  readonly value: Buffer;
}

type Lines = Map<string, ConversationLine>;
const linesByStore = new WeakMap<ProfileStore, Lines>();

/** What such a store holds of conversations; of any other store nothing. */
export const linesIn = (store: ProfileStore): readonly ConversationLine[] => [
  ...(linesByStore.get(store)?.values() ?? []),
];

/** A store without a disk; ordered, so that thousands of groups cost what they cost on disk. Lines are kept, not found. */
export function memoryStore(): ProfileStore {
  const lines: Lines = new Map();
  const db = openSqlite(":memory:");
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
  const store: ProfileStore = {
    load: async (keys) => new Map(keys.flatMap((key) => one.all(key).map(entry))),
    scan: async (prefix, { after = "", limit }) => {
      const found: (readonly [string, Uint8Array])[] = [];
      for (const row of from.iterate(prefix, after)) {
        if (!row.key.startsWith(prefix) || found.length === limit) break;
        found.push(entry(row));
      }
      return found;
    },
    commit: async ({ records, lines: added, removedLines }) => {
      write(records);
      for (const each of added) lines.set(`${each.group}/${each.id}`, each);
      for (const { group, id } of removedLines) lines.delete(`${group}/${id}`);
    },
    history: async () => [],
    line: async () => undefined,
    lineDepth: async (group, id) => lines.get(`${group}/${id}`)?.depth,
    unread: async () => 0,
    arrivals: async () => 0,
    markRead: async () => undefined,
    close: async () => void db.close(),
  };
  linesByStore.set(store, lines);
  return store;
}

const entry = ({ key, value }: Row): readonly [string, Uint8Array] => [key, new Uint8Array(value)];
