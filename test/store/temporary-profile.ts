/** Profiles in temporary directories, and what a thief with the data key would read in them. */
import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3-multiple-ciphers";
import type { ProfileStore } from "../../src/client/ports.ts";
import { createProfileDirectory } from "../../src/store/profile-directory.ts";
import { openProfileStore, type ProfileStoreOptions } from "../../src/store/profile-store.ts";

export const DATA_KEY = Uint8Array.from({ length: 32 }, (_, i) => 255 - 7 * i);

/** A profile directory of its own, removed by `remove`. */
export interface TemporaryProfile {
  readonly directory: string;
  readonly open: (options?: Partial<ProfileStoreOptions>) => Promise<ProfileStore>;
  readonly remove: () => Promise<void>;
}

export async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "store-test-"));
}

export async function temporaryProfile(): Promise<TemporaryProfile> {
  const directory = await temporaryDirectory();
  await createProfileDirectory(directory, Uint8Array.of(1, 2, 3));
  return {
    directory,
    open: (options) => openProfileStore({ directory, dataKey: DATA_KEY, ...options }),
    remove: () => rm(directory, { recursive: true }),
  };
}

/** An open connection to the database with its key and without our settings. */
export function unlockedDatabase(path: string): Database.Database {
  const database = new Database(path);
  database.pragma("cipher = 'sqlcipher'");
  database.pragma(`key = "x'${Buffer.from(DATA_KEY).toString("hex")}'"`);
  return database;
}

/** All pages of a closed profile's database in the clear, free ones included: rekeying rewrites each page in place. */
export async function decryptedImage(directory: string): Promise<Buffer> {
  const copy = join(directory, "copy-for-decryption");
  await copyFile(join(directory, "profile.db"), copy);
  const database = unlockedDatabase(copy);
  database.pragma("journal_mode = DELETE");
  database.pragma("rekey = ''");
  database.close();
  const image = await readFile(copy);
  await rm(copy);
  return image;
}

/** The contents of all files of a directory, one after the other. */
export async function allFiles(directory: string): Promise<Buffer> {
  const names = await readdir(directory);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(directory, name)))));
}
