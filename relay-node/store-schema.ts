/**
 * The relay's one database file: opening, durability and versions.
 *
 * 1. synchronous=FULL and WAL are set on every open and read back: bindings fall back to NORMAL on a re-opened
 *    WAL database, and NORMAL loses acknowledged envelopes in a power cut.
 * 2. One process owns the file: an exclusive lock that the operating system releases when the process dies.
 * 3. A copy put in its place gets a new log id, see log-instance.ts.
 * 4. A database of a newer version, or of another program, is refused and left as it is.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import type Sqlite from "better-sqlite3-multiple-ciphers";
import { isSqliteError, openSqlite } from "../src/sqlite/sqlite-database.ts";
import { Fault, type FaultCode, isFault } from "../src/wire/fault.ts";
import { claimInstance } from "./log-instance.ts";

/** Name of the database file in the data directory. */
export const DATABASE_FILE = "relay.db";
/** "HRly": tells our database from any other. */
const APPLICATION_ID = 0x48526c79;
/** PRAGMA synchronous as SQLite reports it: 2 is FULL. */
const SYNCHRONOUS_FULL = 2;
/** Bytes to which the write-ahead log is cut after a checkpoint, so that one burst does not hold disk for ever. */
const JOURNAL_MAX_BYTES = 67_108_864;
/** Pages of a new file: of records of a kilobyte three fit into 4 KiB and seven into 8 KiB; a file keeps the size that it has. */
const PAGE_BYTES = 8_192;
/** Of the write-ahead log between checkpoints, so that a page which many commits touch is written back once. */
const CHECKPOINT_BYTES = 16_777_216;
/** Memory for pages (KiB): the newest pages of every index stay in it. */
const PAGE_CACHE_KIB = 32_768;

/** One step per schema version: `MIGRATIONS[n]` takes a database from version n to n + 1. Never edit a released one. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE topic (
    number INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    inbox INTEGER NOT NULL,
    head INTEGER NOT NULL,       -- last sequence number ever given
    floor INTEGER NOT NULL,      -- numbers up to this one are gone by retention
    bytes INTEGER NOT NULL,      -- charged to the quota
    used_at INTEGER NOT NULL     -- ms
  ) STRICT;
  CREATE INDEX topic_empty ON topic (used_at) WHERE bytes = 0;
  CREATE TABLE envelope (
    arrival INTEGER PRIMARY KEY, -- append order, so that inserts touch the last page only
    topic INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    arrived_at INTEGER NOT NULL, -- ms
    id BLOB NOT NULL,
    envelope BLOB NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX envelope_by_sequence ON envelope (topic, sequence);
  CREATE UNIQUE INDEX envelope_by_id ON envelope (topic, id);
  CREATE TABLE slot (
    number INTEGER PRIMARY KEY,
    directory_key BLOB NOT NULL,
    slot BLOB NOT NULL,
    published_at INTEGER NOT NULL, -- ms by the publisher's clock
    stored_at INTEGER NOT NULL,    -- ms by ours
    bytes INTEGER NOT NULL,
    bundle BLOB NOT NULL,
    UNIQUE (directory_key, slot)
  ) STRICT;
  CREATE INDEX slot_by_age ON slot (stored_at);
  CREATE TABLE one_time (
    slot INTEGER NOT NULL,
    id INTEGER NOT NULL,
    sealed BLOB,                 -- NULL once taken: the id stays known
    PRIMARY KEY (slot, id)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE arrived_id (
    generation INTEGER NOT NULL, -- arrival / 4096: see arrived-ids.ts
    id BLOB NOT NULL,            -- first 16 bytes of the envelope's
    arrival INTEGER NOT NULL,
    PRIMARY KEY (generation, id)
  ) STRICT, WITHOUT ROWID;
  INSERT OR REPLACE INTO arrived_id SELECT arrival / 4096, substr(id, 1, 16), arrival FROM envelope ORDER BY arrival;
  CREATE TABLE id_filter (block INTEGER PRIMARY KEY, bits BLOB NOT NULL) STRICT;
  DROP INDEX envelope_by_id;
  `,
  // the newest generation is in memory only; version 2 would take its envelopes again
  "DELETE FROM arrived_id WHERE generation >= (SELECT max(arrival) / 4096 FROM envelope)",
  // the newest numbers are in memory only: see topic-numbers.ts
  `
  CREATE TABLE numbered (
    topic INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    arrival INTEGER NOT NULL,
    PRIMARY KEY (topic, sequence)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO numbered SELECT topic, sequence, arrival FROM envelope ORDER BY topic, sequence;
  INSERT INTO meta SELECT 'numbered', CAST(coalesce(max(arrival), 0) AS BLOB) FROM envelope;
  DROP INDEX envelope_by_sequence;
  `,
  "-- new rows of id_filter are twice as long: version 4 would look into one half and take their envelopes again",
];

/** How to open the database. */
export interface DatabaseOptions {
  /** Existing directory. */
  readonly directory: string;
  /** Most 4,096-byte pages of the file, 0 for no bound: the portable way for a test to run out of disk. */
  readonly maxPages: number;
}

/**
 * Opens (or makes) the database and takes its lock.
 * Throws `storage/busy` when another process owns it, `storage/too-new`, `storage/corrupt` and `storage/failed`.
 */
export function openDatabase(options: DatabaseOptions): Sqlite.Database {
  let db: Sqlite.Database | undefined;
  try {
    const path = join(options.directory, DATABASE_FILE);
    createPrivately(path);
    db = openSqlite(path, { timeout: 0 });
    configure(db, options.maxPages);
    migrate(db);
    claimInstance(db, options.directory, DATABASE_FILE);
    return db;
  } catch (error) {
    db?.close();
    throw storageFault(error);
  }
}

/** An existing file is not opened: closing it again would drop the lock of a store in this process. */
function createPrivately(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}

function configure(db: Sqlite.Database, maxPages: number): void {
  db.pragma("locking_mode = EXCLUSIVE");
  db.pragma(`page_size = ${PAGE_BYTES}`);
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.pragma(`journal_size_limit = ${JOURNAL_MAX_BYTES}`);
  const pageBytes = Number(db.pragma("page_size", { simple: true }));
  db.pragma(`wal_autocheckpoint = ${CHECKPOINT_BYTES / pageBytes}`);
  db.pragma(`cache_size = -${PAGE_CACHE_KIB}`);
  if (maxPages > 0) db.pragma(`max_page_count = ${Math.ceil((maxPages * 4_096) / pageBytes)}`);
  db.exec("BEGIN EXCLUSIVE; COMMIT"); // the lock is taken by the first transaction and kept from then on
  const mode = db.pragma("journal_mode", { simple: true });
  const synchronous = db.pragma("synchronous", { simple: true });
  if (mode !== "wal" || synchronous !== SYNCHRONOUS_FULL) {
    throw new Fault("storage/failed", "the relay's database cannot be made durable here (no WAL or no full sync)");
  }
}

function migrate(db: Sqlite.Database): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  const application = Number(db.pragma("application_id", { simple: true }));
  if (version === 0 && !isEmpty(db)) throw foreign();
  if (version > 0 && application !== APPLICATION_ID) throw foreign();
  if (version > MIGRATIONS.length) {
    const detail = `version ${version}, this program knows ${MIGRATIONS.length}`;
    throw new Fault(
      "storage/too-new",
      `the relay's database was written by a newer version (${detail}): update Hermes`,
    );
  }
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    if (version === 0) db.prepare("INSERT INTO meta (name, value) VALUES ('log-id', ?)").run(randomBytes(16));
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).exclusive();
}

function isEmpty(db: Sqlite.Database): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
}

function foreign(): Fault {
  return new Fault("storage/corrupt", `${DATABASE_FILE} in the data directory is not a Hermes relay's: choose another`);
}

/** Any error of the database as a {@link Fault}; its text carries SQLite's code, never a value. */
export function storageFault(error: unknown): Fault {
  if (isFault(error)) return error;
  if (!isSqliteError(error)) {
    return new Fault("internal/invariant", "the relay's store met an unexpected error", { cause: error });
  }
  const [code, sentence] = REACTIONS.find(([prefix]) => error.code.startsWith(prefix))?.[1] ?? FAILED;
  return new Fault(code, `${sentence} (${error.code})`, { cause: error });
}

type Reaction = readonly [FaultCode, string];
const FAILED: Reaction = ["storage/failed", "the relay's database cannot be used: check the disk and its permissions"];
const REACTIONS: readonly (readonly [string, Reaction])[] = [
  [
    "SQLITE_BUSY",
    ["storage/busy", "another relay is running on this data directory: stop it or choose another --data"],
  ],
  ["SQLITE_FULL", ["storage/full", "the relay's disk is full: nothing more is stored until there is room"]],
  ["SQLITE_CORRUPT", ["storage/corrupt", "the relay's database is damaged: restore a copy or start with a new --data"]],
  ["SQLITE_NOTADB", ["storage/corrupt", `${DATABASE_FILE} is not a database: choose another --data`]],
];
