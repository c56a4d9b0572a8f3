/** Profiles in temporary directories, and what a thief with the data key would read in them. */
import { createDecipheriv } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "better-sqlite3-multiple-ciphers";
import { openSqlite } from "../../src/sqlite/sqlite-database.ts";
import { createProfileDirectory } from "../../src/store/profile-directory.ts";
import { type OpenProfileStore, openProfileStore, type ProfileStoreOptions } from "../../src/store/profile-store.ts";

const PAGE_BYTES = 4096;

export const DATA_KEY = Uint8Array.from({ length: 32 }, (_, i) => 255 - 7 * i);

/** A profile directory of its own, removed by `remove`. */
export interface TemporaryProfile {
  readonly directory: string;
  readonly open: (options?: Partial<ProfileStoreOptions>) => Promise<OpenProfileStore>;
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
  const database = openSqlite(path);
  database.pragma("cipher = 'sqlcipher'");
  database.pragma(`key = "x'${Buffer.from(DATA_KEY).toString("hex")}'"`);
  return database;
}

/**
 * All pages of a closed profile's database in the clear, free ones and gaps included. SQLite itself would rewrite the
 * file on the way, so the pages are decrypted here: AES-256-CBC with the raw key; the last 80 bytes of each page are its IV
 * and its MAC, the first 16 of the file a salt. @see https://www.zetetic.net/sqlcipher/design/
 */
export async function decryptedImage(directory: string): Promise<Buffer> {
  const file = await readFile(join(directory, "profile.db"));
  const pages: Buffer[] = [];
  for (let at = 0; at < file.length; at += PAGE_BYTES) {
    const page = file.subarray(at === 0 ? 16 : at, at + PAGE_BYTES);
    const body = page.subarray(0, -80);
    const cipher = createDecipheriv("aes-256-cbc", DATA_KEY, page.subarray(-80, -64)).setAutoPadding(false);
    pages.push(Buffer.concat([cipher.update(body), cipher.final()]));
  }
  return Buffer.concat(pages);
}

/** The contents of all files of a directory, one after the other. */
export async function allFiles(directory: string): Promise<Buffer> {
  const names = await readdir(directory);
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(directory, name)))));
}
