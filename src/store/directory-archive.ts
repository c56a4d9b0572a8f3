/**
 * A directory as a tar archive, made while it is read, and taken apart again.
 *
 * 1. Only files and directories go in: no links, no devices, no owners. Names in sorted order.
 * 2. What comes out stays below the directory that is made for it: entries with `..`, absolute names, links and whatever
 *    exists already end the unpacking. Names are cleaned, so that they can be taken on every system and show as they are.
 *    Nothing is executable afterwards.
 */
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { extract, type Header, type Pack, pack } from "tar-stream";
import { Fault, isFault } from "../wire/fault.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

/** Rights in an archive: whoever unpacks it with another program may read and write. */
const FILE_MODE = 0o644;
const DIRECTORY_MODE = 0o755;
/** Depth of directories in directories: more is a mistake, or a trap. */
const DEPTH_MAX = 64;
/** Files and directories that an archive makes: bounds what a hostile one can make of a disk's directories. */
const ENTRIES_MAX = 1_000_000;
/** What no screen shows: control, format (bidi) and line-breaking characters. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
/** A reserved name of Windows, with or without an ending. */
const RESERVED = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i;

/** The directory as an archive, piece by piece; `leaveOut` hears of what is neither file nor directory, by its path inside. */
export async function* archiveOf(
  directory: string,
  leaveOut: (inside: string) => void = () => undefined,
): AsyncIterable<Uint8Array> {
  const archive = pack();
  const filling = addDirectory({ archive, root: directory, leaveOut }, "").then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(storageFault(error, directory)),
  );
  for await (const piece of archive) yield piece as Uint8Array;
  await filling;
}

interface Filling {
  readonly archive: Pack;
  readonly root: string;
  readonly leaveOut: (inside: string) => void;
}

async function addDirectory(filling: Filling, inside: string): Promise<void> {
  const { archive, root, leaveOut } = filling;
  if (inside.split("/").length > DEPTH_MAX)
    throw new Fault("usage/bad-argument", `${root} has directories more than ${DEPTH_MAX} deep, so it is not sent`);
  const rows = await readdir(join(root, inside), { withFileTypes: true });
  for (const row of rows.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = inside === "" ? row.name : `${inside}/${row.name}`;
    if (row.isDirectory()) {
      archive.entry({ name: `${name}/`, type: "directory", mode: DIRECTORY_MODE }, "");
      await addDirectory(filling, name);
    } else if (row.isFile()) await addFile(archive, join(root, name), name);
    else leaveOut(name);
  }
}

/** A file that grows or shrinks meanwhile does not fit its header: that ends the archive. */
async function addFile(archive: Pack, path: string, name: string): Promise<void> {
  const { size, mtime } = await stat(path);
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (size === 0) return void archive.entry({ name, size, mtime, mode: FILE_MODE }, "", done);
    const entry = archive.entry({ name, size, mtime, mode: FILE_MODE }, done);
    const file = createReadStream(path, { end: size - 1 });
    file.on("error", (error) => entry.destroy(error)).pipe(entry as unknown as NodeJS.WritableStream);
  });
}

/** Unpacks an archive into `directory`; `usage/not-allowed`: it is there already, or what was fetched is no archive, or a hostile one. */
export async function unpackArchive(
  path: string,
  directory: string,
  { entriesMax }: { readonly entriesMax: number } = { entriesMax: ENTRIES_MAX },
): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 }).catch((error: unknown) => {
      throw errorCode(error) === "EEXIST" ? inTheWay(directory) : error;
    });
    const entries = extract();
    const file = createReadStream(path);
    file.on("error", (error) => entries.destroy(error)).pipe(entries as unknown as NodeJS.WritableStream);
    let made = 0;
    for await (const entry of entries) {
      made += await unpackEntry(entry.header, entry, directory);
      if (made > entriesMax) throw hostile("has too many entries");
    }
  } catch (error) {
    if (error instanceof Error && errorCode(error) === undefined && !isFault(error)) throw hostile("is broken");
    if (errorCode(error) === "EEXIST") throw hostile("has a name twice");
    throw storageFault(error, directory);
  }
}

/** Answers how many files and directories it made. */
async function unpackEntry(
  { name, type }: Header,
  content: AsyncIterable<unknown>,
  directory: string,
): Promise<number> {
  const parts = safeParts(name);
  if (type !== "directory" && type !== "file") throw hostile(`holds a ${type}`);
  const around = type === "directory" ? parts : parts.slice(0, -1);
  const first = await mkdir(join(directory, ...around), { recursive: true, mode: 0o700 });
  const made = first === undefined ? 0 : around.length - relative(directory, first).split(sep).length + 1;
  const file = type === "file" ? await open(join(directory, ...parts), "wx", 0o600) : undefined;
  try {
    for await (const piece of content) await file?.writeFile(piece as Uint8Array);
  } finally {
    await file?.close();
  }
  return made + 1;
}

function safeParts(name: string): readonly string[] {
  const parts = name.replace(/\/$/, "").split("/");
  const isInside = parts.every((part) => part !== "" && part !== "." && part !== "..");
  if (!isInside || parts.length > DEPTH_MAX) throw hostile("names a place outside of it");
  return parts.map(cleanPart);
}

/** Never `.`, `..` or empty. */
function cleanPart(part: string): string {
  const plain = part
    .replace(UNSHOWN, "")
    .replace(/[<>:"|?*\\]/g, "_")
    .replace(/[. ]+$/, "");
  return plain === "" || RESERVED.test(plain) ? `_${plain}` : plain;
}

const inTheWay = (path: string): Fault =>
  new Fault(
    "usage/not-allowed",
    `there is something at ${path} already, and nothing is overwritten: the archive is fetched, move the other away to unpack it`,
  );

const hostile = (what: string): Fault =>
  new Fault("usage/not-allowed", `the archive ${what}, so it is not unpacked any further`);
