/**
 * A profile on disk: one directory with `profile.db` (encrypted database), `key` (key file, opaque here), `lock.db`
 * and `lock.socket` (see profile-lock.ts).
 *
 * 1. The directory is made with mode 0700 and its files with 0600. One that others can write is refused, never repaired.
 * 2. A profile exists exactly when its key file does; it appears last, whole, and never replaces another.
 * 3. A replaced key file is the old or the new one at every instant, also across a power cut.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join, posix, win32 } from "node:path";
import { Fault } from "../wire/fault.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

/** A key file holds a salt, parameters and one wrapped key: 64 KiB is far more than any version needs. */
const MAX_KEY_FILE_BYTES = 64 * 1024;

const OTHERS_MAY_WRITE = 0o022;

/** What the default location depends on: `process.platform`, `process.env` and `os.homedir()`. */
export interface ProfileSurroundings {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The profile directory for someone who named none: the operating system's place for application data. */
export function defaultProfileDirectory({ platform, env, home }: ProfileSurroundings): string {
  if (platform === "win32") {
    return win32.join(env["LOCALAPPDATA"] || win32.join(home, "AppData", "Local"), "hermes");
  }
  if (platform === "darwin") return posix.join(home, "Library", "Application Support", "hermes");
  const data = env["XDG_DATA_HOME"];
  // The XDG specification: relative paths are invalid and ignored.
  return posix.join(data?.startsWith("/") ? data : posix.join(home, ".local", "share"), "hermes");
}

/** Path of the database inside a profile directory. */
export function databasePath(directory: string): string {
  return join(directory, "profile.db");
}

/** True when the directory holds a profile (its key file). Throws `storage/failed` when that cannot be found out. */
export async function profileExists(directory: string): Promise<boolean> {
  return (await sizeOf(join(directory, "key"), directory)) !== undefined;
}

/**
 * Makes the directory (mode 0700), an empty database and, last, the key file. A directory that exists is used if
 * nobody else can write it and it holds no profile yet (`usage/not-allowed`, `usage/profile-exists`).
 * @param keyFile up to 64 KiB, as the caller's key wrapping made it
 */
export async function createProfileDirectory(directory: string, keyFile: Uint8Array): Promise<void> {
  await onDisk(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await checkProfileDirectory(directory);
    const databaseBytes = await sizeOf(databasePath(directory), directory);
    if ((await profileExists(directory)) || (databaseBytes ?? 0) > 0) throw existsFault(directory);
    await (await open(databasePath(directory), "a", 0o600)).close();
    await publishNewKeyFile(directory, keyFile);
  });
}

/** The key file's bytes. Throws `usage/no-profile`, `usage/not-allowed` or a storage fault. */
export async function readKeyFile(directory: string): Promise<Uint8Array> {
  return await onDisk(directory, async () => {
    if (!(await profileExists(directory))) throw noProfileFault(directory);
    await checkProfileDirectory(directory);
    const file = await open(join(directory, "key"), "r");
    try {
      const { size } = await file.stat();
      if (size > MAX_KEY_FILE_BYTES) {
        throw new Fault(
          "storage/corrupt",
          `the key file in ${directory} is damaged, so the profile cannot be unlocked; restore the file from a backup.`,
        );
      }
      return new Uint8Array(await file.readFile());
    } finally {
      await file.close();
    }
  });
}

/**
 * Puts a new key file in place of the old one, durably, whoever owns the profile: its owner needs the file no more. Of
 * two at the same time one may fail with `storage/busy`. What a killed attempt left is removed, since its passphrase
 * would open it.
 */
export async function replaceKeyFile(directory: string, keyFile: Uint8Array): Promise<void> {
  await onDisk(directory, async () => {
    if (!(await profileExists(directory))) throw noProfileFault(directory);
    await checkProfileDirectory(directory);
    await removeUnusedKeyFiles(directory);
    const temporary = temporaryKeyFile(directory);
    try {
      await writeSynced(temporary, keyFile);
      await rename(temporary, join(directory, "key")).catch((error: unknown) => {
        throw errorCode(error) === "ENOENT" ? overtakenFault(directory) : error;
      });
    } finally {
      await rm(temporary, { force: true });
    }
    await syncDirectory(directory);
  });
}

function temporaryKeyFile(directory: string): string {
  return join(directory, `key.new-${randomBytes(6).toString("hex")}`);
}

async function removeUnusedKeyFiles(directory: string): Promise<void> {
  const unused = (await readdir(directory)).filter((name) => name.startsWith("key.new"));
  await Promise.all(unused.map((name) => rm(join(directory, name), { force: true })));
}

function overtakenFault(directory: string): Fault {
  return new Fault(
    "storage/busy",
    `another command replaced the key file in ${directory} at the same moment, so this one changed nothing; try again.`,
  );
}

/**
 * Throws `usage/not-allowed` when someone else could replace files in the directory, `usage/no-profile` when there is
 * none. Windows is not asked: its directories inherit the user's access list.
 */
export async function checkProfileDirectory(directory: string): Promise<void> {
  const { mode, uid } = await stat(directory).catch((error: unknown) => {
    throw errorCode(error) === "ENOENT" ? noProfileFault(directory) : storageFault(error, directory);
  });
  const us = process.getuid?.();
  if (us === undefined) return;
  if ((mode & OTHERS_MAY_WRITE) === 0 && uid === us) return;
  throw new Fault(
    "usage/not-allowed",
    `other users can write in ${directory}, so a profile there would not be safe and is not opened; ` +
      (uid === us ? `run: chmod go-w ${directory}` : "make it belong to your user, or choose another directory."),
  );
}

/** Makes renames and new names in the directory survive a power cut. Windows has no such call and needs none. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The fault for a directory that holds no profile. */
export function noProfileFault(directory: string): Fault {
  return new Fault(
    "usage/no-profile",
    `there is no profile in ${directory}, so there is nothing to open; make one with "hermes init" or name another directory.`,
  );
}

/** `link` and not `rename`: of two processes that create a profile here at once, one fails. */
async function publishNewKeyFile(directory: string, keyFile: Uint8Array): Promise<void> {
  const temporary = temporaryKeyFile(directory);
  try {
    await writeSynced(temporary, keyFile);
    await link(temporary, join(directory, "key")).catch((error: unknown) => {
      throw errorCode(error) === "EEXIST" ? existsFault(directory) : error;
    });
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(directory);
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sizeOf(path: string, directory: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw storageFault(error, directory);
  }
}

function existsFault(directory: string): Fault {
  return new Fault(
    "usage/profile-exists",
    `${directory} already holds a profile, so no new one was made; use that one, or name another directory.`,
  );
}

async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storageFault(error, directory);
  }
}
