/**
 * Opens the encrypted database of a profile with the settings on which durability and erasure rest.
 *
 * 1. synchronous=FULL is set on every open and read back: bindings fall back to NORMAL on a re-opened WAL database,
 *    and NORMAL loses acknowledged commits in a power cut.
 * 2. secure_delete is on: what is deleted is zeroed in its page (erasable-values.ts does not rely on it alone).
 * 3. Temporary tables stay in memory: SQLite would write them unencrypted.
 * 4. The key reaches SQLite as bytes, never inside SQL, and the copy that was made for it is overwritten.
 */
import { existsSync } from "node:fs";
import type Database from "better-sqlite3-multiple-ciphers";
import { openSqlite } from "../sqlite/sqlite-database.ts";
import { Fault } from "../wire/fault.ts";
import { databasePath } from "./profile-directory.ts";
import { MIGRATIONS } from "./profile-schema.ts";
import { corruptFault, storageFault } from "./storage-fault.ts";

/** How long to wait for another program (a backup, say) that has the file locked; the event loop stands still meanwhile. */
const BUSY_TIMEOUT_MS = 1000;

const SETTINGS: readonly (readonly [name: string, value: string, readBack: string | number])[] = [
  ["journal_mode", "WAL", "wal"],
  ["synchronous", "FULL", 2],
  ["secure_delete", "ON", 1],
  ["temp_store", "MEMORY", 2],
  ["foreign_keys", "ON", 1],
  // Checkpoints are ours (write-ahead-log.ts): SQLite's own would leave erased pages in the file.
  ["wal_autocheckpoint", "0", 0],
];

/** Where a profile is and the 32-byte key of its database. */
export interface ProfileLocation {
  readonly directory: string;
  readonly dataKey: Uint8Array;
}

/** The database, unlocked, set up and at the newest schema. Throws storage faults. */
export function openProfileDatabase({ directory, dataKey }: ProfileLocation): Database.Database {
  if (dataKey.length !== 32) throw new Fault("internal/invariant", "the data key of a profile has 32 bytes.");
  if (!existsSync(databasePath(directory))) throw corruptFault(directory);
  let database: Database.Database | undefined;
  try {
    database = openSqlite(databasePath(directory), { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    unlock(database, dataKey);
    refuseNewer(database, directory);
    for (const setting of SETTINGS) applySetting(database, setting);
    migrate(database);
    return database;
  } catch (error) {
    database?.close();
    throw storageFault(error, directory);
  }
}

function unlock(database: Database.Database, dataKey: Uint8Array): void {
  database.pragma("cipher = 'sqlcipher'");
  const literal = Buffer.from(`x'${"00".repeat(32)}'`, "latin1");
  const digits = "0123456789abcdef";
  dataKey.forEach((byte, i) => {
    literal[2 + 2 * i] = digits.charCodeAt(byte >> 4);
    literal[3 + 2 * i] = digits.charCodeAt(byte & 15);
  });
  try {
    database.key(literal);
  } finally {
    literal.fill(0);
  }
}

/** First read of the file, so a wrong key shows here, before anything is written. */
function refuseNewer(database: Database.Database, directory: string): void {
  if (schemaVersion(database) <= MIGRATIONS.length) return;
  throw new Fault(
    "storage/too-new",
    `the profile in ${directory} was written by a newer Hermes, so this one leaves it closed and unchanged; update Hermes.`,
  );
}

function applySetting(database: Database.Database, [name, value, readBack]: (typeof SETTINGS)[number]): void {
  database.pragma(`${name} = ${value}`);
  if (database.pragma(name, { simple: true }) === readBack) return;
  throw new Fault(
    "storage/failed",
    `the file system of the profile does not allow ${name}=${value}, so nothing would be safe there and it stays closed; ` +
      "move the profile to a local disk.",
  );
}

function migrate(database: Database.Database): void {
  for (let version = schemaVersion(database); version < MIGRATIONS.length; version++) {
    database.transaction(() => {
      database.exec(MIGRATIONS[version] ?? "");
      database.pragma(`user_version = ${version + 1}`);
    })();
  }
}

function schemaVersion(database: Database.Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}
