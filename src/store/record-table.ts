/** The protocol's records in the profile database: one value per key, keys in the order of their UTF-8 bytes. */
import type Database from "better-sqlite3-multiple-ciphers";
import type { ProfileStore } from "../client/ports/profile.ts";
import { Fault } from "../wire/fault.ts";
import { erasableValues, xorKeyStream } from "./erasable-values.ts";

/** Statements of the table, exported for the test that explains their plans. */
export const RECORD_SQL = {
  get: "SELECT sealed, secret FROM record JOIN slot ON number = slot WHERE key = ?",
  // CROSS JOIN fixes the order: records by key, then the slot of each.
  scan: `SELECT key, sealed, secret FROM record CROSS JOIN slot ON number = slot
    WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?`,
  names: "SELECT key FROM record WHERE key >= ? AND key > ? AND key < ? ORDER BY key LIMIT ?",
  slot: "SELECT slot FROM record WHERE key = ?",
  put: `INSERT INTO record (key, slot, sealed) VALUES (?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed`,
  remove: "DELETE FROM record WHERE key = ?",
} as const;

/** Stands behind every other in the order of keys, which is that of their bytes. */
const LAST_CHARACTER = "\u{10ffff}";

const NO_VALUE = new Uint8Array();

interface Row {
  readonly sealed: Buffer;
  readonly secret: Buffer;
}

/** Synchronous face of the table. */
export interface RecordTable {
  readonly load: (keys: readonly string[]) => ReadonlyMap<string, Uint8Array>;
  readonly scan: (...query: Parameters<ProfileStore["scan"]>) => readonly (readonly [string, Uint8Array])[];
  /** Inside a transaction of the caller. */
  readonly write: (records: ReadonlyMap<string, Uint8Array | null>) => void;
}

/** The table of an open database. */
export function recordTable(database: Database.Database): RecordTable {
  const get = database.prepare<[string], Row>(RECORD_SQL.get);
  const scan = database.prepare<[string, string, string, number], Row & { key: string }>(RECORD_SQL.scan);
  const names = database.prepare<[string, string, string, number], string>(RECORD_SQL.names).pluck();
  return {
    load: (keys) => {
      const found = new Map<string, Uint8Array>();
      for (const key of keys) {
        const row = get.get(key);
        if (row !== undefined) found.set(key, open(row));
      }
      return found;
    },
    scan: (prefix, { after = "", limit, isCount = false }) => {
      if (!Number.isSafeInteger(limit) || limit < 1)
        throw new Fault("internal/invariant", "a scan has a positive limit.");
      const range = [prefix, after, prefix + LAST_CHARACTER, limit] as const;
      if (isCount) return names.all(...range).map((key) => [key, NO_VALUE] as const);
      return scan.all(...range).map((row) => [row.key, open(row)] as const);
    },
    write: recordWriter(database),
  };
}

function recordWriter(database: Database.Database): RecordTable["write"] {
  const slotOf = database.prepare<[string], { slot: number }>(RECORD_SQL.slot);
  const put = database.prepare<[string, number, Uint8Array]>(RECORD_SQL.put);
  const remove = database.prepare<[string]>(RECORD_SQL.remove);
  const values = erasableValues(database);
  return (records) => {
    for (const [key, value] of records) {
      const old = slotOf.get(key)?.slot;
      if (value !== null) {
        const { slot, sealed } = values.seal(value, old);
        put.run(key, slot, sealed);
      } else if (old !== undefined) {
        remove.run(key);
        values.erase(old);
      }
    }
  };
}

function open({ sealed, secret }: Row): Uint8Array {
  return xorKeyStream(secret, sealed);
}
