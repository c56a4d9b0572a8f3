/**
 * A download on the disk: a hidden temporary file beside the place where it will be, then the file.
 *
 * 1. Nothing that exists is ever written to: the temporary file is new, and the last name is taken by a link, which fails
 *    where something is.
 * 2. The file has its name only when all of it is on the disk.
 */
import { randomBytes } from "node:crypto";
import { link, mkdir, open, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { PartTarget } from "../client/ports.ts";
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
    const path = join(directory, `.hermes-${randomBytes(8).toString("hex")}.part`);
    await (await open(path, "wx", 0o600)).close();
    return path;
  } catch (error) {
    throw storageFault(error, directory);
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

/** Gives the file that name unless something has it; whether it did. */
async function takeName(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path);
    await rm(part, { force: true });
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST") return false;
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

/** `a.txt`, `a (2).txt`. */
function numbered(name: string, number: number): string {
  if (number === 1) return name;
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  return `${stem} (${number})${ending}`;
}
