/** What a relay's files hold of some plaintexts. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { openSqlite } from "../sqlite/sqlite-database.ts";

/** Beginning of every SQLite database. */
const SQLITE_MAGIC = "SQLite format 3\u0000";

/** What was found, where. */
export interface ScanResult {
  readonly files: number;
  readonly bytes: number;
  readonly found: readonly { readonly file: string; readonly needle: string }[];
}

/** Looks for each needle (as UTF-8, and as bytes if it is hex) in every file under `directory`. */
export async function scanFiles(directory: string, needles: readonly string[]): Promise<ScanResult> {
  const forms = needles.flatMap((needle) => [
    { needle, bytes: Buffer.from(needle, "utf8") },
    ...(/^([0-9a-f]{2}){16,}$/.test(needle) ? [{ needle, bytes: Buffer.from(needle, "hex") }] : []),
  ]);
  let bytes = 0;
  const found: { file: string; needle: string }[] = [];
  const files = await filesUnder(directory);
  for (const file of files) {
    const content = await readFile(file);
    bytes += content.length;
    for (const form of forms) if (content.includes(form.bytes)) found.push({ file, needle: form.needle });
  }
  return { files: files.length, bytes, found };
}

/** Puts a text into the first database under `directory`, as careless code would. Its owner has ended. */
export async function plant(directory: string, text: string): Promise<void> {
  for (const file of await filesUnder(directory)) {
    if (!(await readFile(file)).subarray(0, SQLITE_MAGIC.length).equals(Buffer.from(SQLITE_MAGIC))) continue;
    const database = openSqlite(file);
    database.exec("CREATE TABLE planted (text TEXT)");
    database.prepare("INSERT INTO planted VALUES (?)").run(text);
    database.close();
    return;
  }
}

async function filesUnder(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
