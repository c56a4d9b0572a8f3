/**
 * One process owns a profile.
 *
 * 1. Ownership is an exclusive file lock on `lock.db` (an SQLite file that holds nothing), so the kernel ends it at
 *    whatever death of the owner, and nobody ever waits for it or guesses from a process id.
 * 2. `lock.socket` names the owner's local socket. It is a hint: it may be missing while the owner starts, and stale
 *    for an instant after its death; then the call fails with `network/closed` and the caller asks for the lock again.
 *
 * POSIX drops a file lock when its process closes any other handle of the file, so nothing else here opens `lock.db`.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type Database from "better-sqlite3-multiple-ciphers";
import { openSqlite } from "../sqlite/sqlite-database.ts";
import { checkProfileDirectory } from "./profile-directory.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

/** What {@link acquireProfileLock} answers. */
export type ProfileLock = OwnedByUs | OwnedByAnother;

/** This process owns the profile until `release` or its end. */
export interface OwnedByUs {
  readonly kind: "owner";
  /** Tells others where to reach this process. */
  readonly announceSocket: (path: string) => Promise<void>;
  readonly release: () => Promise<void>;
}

/** Another process owns it; it may not have announced its socket yet. */
export interface OwnedByAnother {
  readonly kind: "owned";
  readonly socketPath: string | undefined;
}

/**
 * Takes the lock of the profile in `directory` if it is free; answers at once in any case. Throws
 * `usage/no-profile`, `usage/not-allowed` or a storage fault.
 */
export async function acquireProfileLock(directory: string): Promise<ProfileLock> {
  await checkProfileDirectory(directory);
  const socketNote = join(directory, "lock.socket");
  try {
    await createPrivately(join(directory, "lock.db"));
    const lock = tryLock(join(directory, "lock.db"));
    if (lock === undefined) return { kind: "owned", socketPath: await readNote(socketNote) };
    await rm(socketNote, { force: true });
    return owner(lock, socketNote, directory);
  } catch (error) {
    throw storageFault(error, directory);
  }
}

function owner(lock: Database.Database, socketNote: string, directory: string): OwnedByUs {
  return {
    kind: "owner",
    announceSocket: async (path) => {
      try {
        await writeFile(`${socketNote}.new`, path, { mode: 0o600 });
        await rename(`${socketNote}.new`, socketNote);
      } catch (error) {
        throw storageFault(error, directory);
      }
    },
    release: async () => {
      if (!lock.open) return;
      await rm(socketNote, { force: true }).catch(() => undefined);
      lock.close();
    },
  };
}

/** The connection whose open transaction is the lock, or undefined when somebody else has it. */
function tryLock(path: string): Database.Database | undefined {
  const database = openSqlite(path, { timeout: 0 });
  try {
    // Nothing is ever written, so no journal file is needed beside it.
    database.pragma("journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (errorCode(error)?.startsWith("SQLITE_BUSY") === true) return undefined;
    throw error;
  }
}

/** SQLite would create the file with the process's umask. An existing one is not opened (see the header). */
async function createPrivately(path: string): Promise<void> {
  await writeFile(path, "", { flag: "wx", mode: 0o600 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
}

async function readNote(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")) || undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
