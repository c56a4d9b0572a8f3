/**
 * Taking a profile away. The key file goes first, overwritten: without it the database cannot be read any more, however
 * much of it a disk keeps. Files that are none of ours stay.
 */
import { open, readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory } from "./profile-directory.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

/** What a web screen was sent lies there until it is sealed; one that was killed leaves it, readable (gui/file-door.ts). */
const UPLOADS = "uploads";

/** Erases key file, database and uploads; the caller has the lock. Throws a storage fault; what is left is no profile then. */
export async function eraseProfile(directory: string): Promise<void> {
  try {
    const names = await readdir(directory);
    for (const name of names.filter((each) => each === "key" || each.startsWith("key.new"))) {
      await overwrite(join(directory, name));
      await rm(join(directory, name));
    }
    await syncDirectory(directory);
    for (const name of names.filter((each) => each.startsWith("profile.db"))) await rm(join(directory, name));
    await rm(join(directory, UPLOADS), { recursive: true, force: true });
  } catch (error) {
    throw storageFault(error, directory);
  }
}

/** After that and without the lock: removes the lock's files, and the directory if nothing else is in it. */
export async function removeLock(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => []))
    if (name.startsWith("lock.")) await rm(join(directory, name), { force: true });
  await rmdir(directory).catch((error: unknown) => {
    const code = errorCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST" && code !== "ENOENT") throw storageFault(error, directory);
  });
}

async function overwrite(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const { size } = await file.stat();
    await file.write(new Uint8Array(size), 0, size, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
