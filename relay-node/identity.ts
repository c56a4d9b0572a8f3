/**
 * The relay's key: it stays for ever, because clients know the relay by the PeerId that follows from it.
 *
 * File `relay.key`, mode 0600: the line `hermes-relay-key-1 ` and 64 hex digits. Call only while the store's lock
 * on the directory is held: that is what keeps two processes from making two keys.
 */
import { randomBytes } from "node:crypto";
import { open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../src/wire/fault.ts";
import { fromHex, toHex } from "../src/wire/text-forms.ts";
import { errnoOf } from "./errno.ts";

/** Name of the key file in the data directory. */
export const KEY_FILE = "relay.key";
/** Begins the file; the digit is the format's version. */
const HEADER = "hermes-relay-key-1 ";
/** Seed of an Ed25519 key. */
const SEED_BYTES = 32;

/** The 32-byte seed kept in `directory`, made at the first call. Throws `storage/corrupt` and `storage/failed`. */
export async function loadIdentity(directory: string): Promise<Uint8Array> {
  const path = join(directory, KEY_FILE);
  try {
    return parse(await readFile(path, "utf8"), path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw failed(error, path);
  }
  const seed = new Uint8Array(randomBytes(SEED_BYTES));
  try {
    await writeDurably(directory, `${HEADER}${toHex(seed)}\n`);
  } catch (error) {
    throw failed(error, path);
  }
  return seed;
}

/** The key file's one line, to be kept somewhere safe. Throws `storage/failed` when there is none. */
export async function exportIdentity(directory: string): Promise<string> {
  const path = join(directory, KEY_FILE);
  try {
    const text = await readFile(path, "utf8");
    parse(text, path);
    return text;
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw failed(error, path);
    throw new Fault("storage/failed", `${path} is not there: has a relay run here, and is --data the same?`);
  }
}

/**
 * Puts an exported key into a directory that has none; `kept`: it has that key already. Throws `storage/failed` when there is
 * another, `storage/corrupt` for what is no key.
 */
export async function importIdentity(directory: string, text: string): Promise<"written" | "kept"> {
  const path = join(directory, KEY_FILE);
  const seed = parse(text, "what was given");
  const line = `${HEADER}${toHex(seed)}\n`;
  try {
    if ((await readFile(path, "utf8")) === line) return "kept";
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw failed(error, path);
    await writeDurably(directory, line).catch((failure: unknown) => {
      throw failed(failure, path);
    });
    return "written";
  }
  throw new Fault("storage/failed", `${path} holds another key: move it away first if that relay is to end.`);
}

function parse(text: string, path: string): Uint8Array {
  const seed = text.startsWith(HEADER) ? fromHex(text.slice(HEADER.length).trimEnd()) : undefined;
  if (seed?.length === SEED_BYTES) return seed;
  const next = "restore a copy, or remove it to start under a new PeerId that all clients have to be told";
  throw new Fault("storage/corrupt", `${path} is not a relay's key: ${next}.`);
}

/** Written beside, synced, renamed: whatever happens, there is a whole key or none. */
async function writeDurably(directory: string, text: string): Promise<void> {
  const path = join(directory, KEY_FILE);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function failed(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = errnoOf(error) ?? "unknown error";
  return new Fault("storage/failed", `${path} cannot be used (${code}): check the disk and its permissions.`, {
    cause: error,
  });
}
