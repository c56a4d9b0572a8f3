/**
 * A download on the disk: a hidden temporary file beside the place where it will be, then the file.
 *
 * 1. Nothing that exists is ever written to: the temporary file is new, and the last name is taken by a link, which fails
 *    where something is.
 * 2. The file has its name only when all of it is on the disk.
 * 3. It keeps both names until its owner has noted the last one. A crash before that finds it under the temporary one and
 *    names it as before; one right after it leaves a temporary name, which a later download there takes away.
 */
import { randomBytes } from "node:crypto";
import { link, lstat, mkdir, open, readdir, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { PartTarget } from "../client/ports/parts.ts";
import { Fault } from "../wire/fault.ts";
import { syncDirectory } from "./profile-directory.ts";
import { errorCode, storageFault } from "./storage-fault.ts";

/** Bytes that stay free beside a download, so that it does not stop everything else. */
const SPARE_BYTES = 16 * 1024 * 1024;
/** Names that are tried: `a.txt`, `a (2).txt`, ... */
const NAMES_MAX = 10_000;
/** File systems that know no hard links answer so. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** See `PartStore.createPart`. Nobody but us can read it. */
export async function createPartFile({ directory, sizeBytes }: PartTarget): Promise<string> {
  try {
    await mkdir(directory, { recursive: true });
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize < sizeBytes + SPARE_BYTES)
      throw new Fault(
        "storage/full",
        `the disk that holds ${directory} has too little room for ${sizeBytes} bytes, so nothing was fetched: free some space, or choose another directory`,
      );
    await removeNamedParts(directory);
    const path = join(directory, `.hermes-${randomBytes(8).toString("hex")}.part`);
    await (await open(path, "wx", 0o600)).close();
    return path;
  } catch (error) {
    throw storageFault(error, directory);
  }
}

/** What {@link createPartFile} calls its files. */
const PART = /^\.hermes-[0-9a-f]{16}\.part$/;
/** Ms after which a temporary file that has its last name, too, belongs to nobody: whoever named it noted so at once, or crashed. */
const NAMED_MS = 3_600_000;

/** Temporary names of downloads that are complete under their last one. Best effort. */
async function removeNamedParts(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const path of names.filter((name) => PART.test(name)).map((name) => join(directory, name))) {
    const found = await stat(path).catch(() => undefined);
    if (found && found.nlink > 1 && Date.now() - found.ctimeMs > NAMED_MS) await rm(path, { force: true });
  }
}

/** See `PartStore.write`. */
export async function writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  await withFile(path, async (file) => {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
  });
}

/** See `PartStore.sync`. */
export const syncFile = (path: string): Promise<void> => withFile(path, (file) => file.datasync());

async function withFile(path: string, work: (file: Awaited<ReturnType<typeof open>>) => Promise<void>): Promise<void> {
  try {
    const file = await open(path, "r+");
    try {
      await work(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw storageFault(error, path);
  }
}

/** See `PartStore.finish`. */
export async function finishPartFile(part: string, target: PartTarget): Promise<string> {
  await withFile(part, async (file) => {
    await file.truncate(target.sizeBytes);
    await file.sync();
  });
  try {
    for (let number = 1; number <= NAMES_MAX; number++) {
      const path = join(target.directory, numbered(target.name, number));
      if (await takeName(part, path)) {
        await syncDirectory(target.directory);
        return path;
      }
      if (target.isExact)
        throw new Fault(
          "usage/not-allowed",
          `there is something at ${path} already, and nothing is overwritten: choose another path`,
        );
    }
  } catch (error) {
    throw storageFault(error, target.directory);
  }
  throw new Fault("usage/not-allowed", `${target.directory} has too many files of that name: choose another directory`);
}

/** Gives the file that name unless something else has it; whether it did. Where there are no links the temporary name is gone. */
async function takeName(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path);
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return await isSame(part, path);
    if (!NO_LINKS.has(code)) throw error;
  }
  try {
    await (await open(path, "wx", 0o600)).close(); // ours from here on
  } catch (error) {
    if (errorCode(error) === "EEXIST") return false;
    throw error;
  }
  await rename(part, path);
  return true;
}

/** Whether both names are of one file. */
async function isSame(part: string, path: string): Promise<boolean> {
  const [a, b] = await Promise.all([part, path].map((each) => lstat(each, { bigint: true })));
  return a !== undefined && a.ino === b?.ino && a.dev === b.dev;
}

/** `a.txt`, `a (2).txt`. */
function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  return `${stem} (${number})${ending}`;
}
