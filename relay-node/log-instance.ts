/**
 * Whether a database is the one that this directory's relay used last, or a copy put in its place.
 *
 * A restored copy knows less than clients do and would give numbers again that they have seen under the same log id;
 * so it gets a new log id, and clients read it from the beginning.
 *
 * 1. The database and the file `relay.instance` beside it carry the same random name, a new one at every start.
 * 2. The file holds the old and the new name while the database changes: a crash in between is no restored copy.
 * 3. The database also remembers its file's inode and time of birth, which a copy does not have.
 *
 * It does not see a whole disk put back to an earlier state; then remove `relay.instance` before the start.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type Sqlite from "better-sqlite3-multiple-ciphers";

/** Name of the file in the data directory. */
const INSTANCE_FILE = "relay.instance";
const LOG_ID_BYTES = 16;

/** Gives the database in `directory` a new instance name, and a new log id if it is a copy. @param file the database's name */
export function claimInstance(db: Sqlite.Database, directory: string, file: string): void {
  const get = db.prepare<[string], { value: Buffer }>("SELECT value FROM meta WHERE name = ?");
  const last = get.get("instance")?.value.toString("hex");
  const born = birthOf(join(directory, file));
  const known = get.get("born")?.value.toString() ?? born;
  const isCopy = last !== undefined && !(namesIn(directory).includes(last) && sameBirth(known, born));
  try {
    rename(db, directory, { last: last ?? "", born, isCopy });
  } catch (error) {
    if (isCopy) throw error; // a full disk keeps no relay from reading, but its old numbers must not be given again
  }
}

interface Claim {
  readonly last: string;
  readonly born: string;
  readonly isCopy: boolean;
}

function rename(db: Sqlite.Database, directory: string, { last, born, isCopy }: Claim): void {
  const set = db.prepare<[string, Uint8Array]>("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
  const next = randomBytes(LOG_ID_BYTES);
  writeNames(directory, [last, next.toString("hex")]);
  db.transaction(() => {
    set.run("instance", next);
    set.run("born", Buffer.from(born));
    if (isCopy) set.run("log-id", randomBytes(LOG_ID_BYTES));
  }).immediate();
  writeNames(directory, [next.toString("hex")]);
}

/** Inode and time of birth, `-` where the file system does not know that (Node then answers the time of change). */
function birthOf(path: string): string {
  const { ino, birthtimeMs, ctimeMs } = statSync(path);
  return `${ino} ${birthtimeMs === ctimeMs ? "-" : Math.round(birthtimeMs)}`;
}

function sameBirth(a: string, b: string): boolean {
  const [[inodeA, timeA], [inodeB, timeB]] = [a.split(" "), b.split(" ")];
  return inodeA === inodeB && (timeA === timeB || timeA === "-" || timeB === "-");
}

function namesIn(directory: string): readonly string[] {
  try {
    return readFileSync(join(directory, INSTANCE_FILE), "utf8").trim().split(" ");
  } catch {
    return [];
  }
}

/** Written beside, synced, renamed, and that synced: the database must not know a name that the file does not. */
function writeNames(directory: string, names: readonly string[]): void {
  const path = join(directory, INSTANCE_FILE);
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(file, `${names.join(" ").trim()}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  if (process.platform === "win32") return; // there a directory cannot be synced, and need not be
  const folder = openSync(directory, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
