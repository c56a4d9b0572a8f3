/** The protocol's records in the profile database: one value per key, keys in the order of their UTF-8 bytes. */
import type Database from "better-sqlite3-multiple-ciphers";
import type { ProfileStore } from "../client/ports.ts";
import { Fault } from "../wire/fault.ts";

/** Statements of the table, exported for the test that explains their plans. */
export const RECORD_SQL = {
  get: "SELECT value FROM record WHERE key = ?",
  put: "INSERT INTO record (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  erase: "DELETE FROM record WHERE key = ?",
  scan: "SELECT key, value FROM record WHERE key >= ? AND key > ? ORDER BY key",
} as const;

/** Synchronous face of the table. */
export interface RecordTable {
  readonly load: (keys: readonly string[]) => ReadonlyMap<string, Uint8Array>;
  readonly scan: (...query: Parameters<ProfileStore["scan"]>) => readonly (readonly [string, Uint8Array])[];
  /** Inside a transaction of the caller. */
  readonly write: (records: ReadonlyMap<string, Uint8Array | null>) => void;
}

/** The table of an open database. */
export function recordTable(database: Database.Database): RecordTable {
  const get = database.prepare<[string], { value: Buffer }>(RECORD_SQL.get);
  const put = database.prepare<[string, Uint8Array]>(RECORD_SQL.put);
  const erase = database.prepare<[string]>(RECORD_SQL.erase);
  const scan = database.prepare<[string, string], { key: string; value: Buffer }>(RECORD_SQL.scan);
  return {
    load: (keys) => {
      const found = new Map<string, Uint8Array>();
      for (const key of keys) {
        const row = get.get(key);
        if (row !== undefined) found.set(key, plainBytes(row.value));
      }
      return found;
    },
    scan: (prefix, { after = "", limit }) => {
      if (!Number.isSafeInteger(limit) || limit < 1)
        throw new Fault("internal/invariant", "A scan has a positive limit.");
      const found: (readonly [string, Uint8Array])[] = [];
      for (const { key, value } of scan.iterate(prefix, after)) {
        if (!key.startsWith(prefix)) break;
        found.push([key, plainBytes(value)]);
        if (found.length === limit) break;
      }
      return found;
    },
    write: (records) => {
      for (const [key, value] of records) {
        if (value === null) erase.run(key);
        else put.run(key, value);
      }
    },
  };
}

/** A Buffer is a Uint8Array with other methods (slice shares memory): the core never sees one. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
