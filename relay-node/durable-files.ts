/**
 * Small files that are on the disk, names and all, before anybody is told so.
 *
 * 1. A file appears whole under its name: written beside, synced, renamed. A name is durable when its directory is synced.
 * 2. Those who wait for the same directory at the same time share one sync.
 * 3. The last bytes of a disk are not taken: envelopes, which are small and cannot come from elsewhere, need them.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, rename, rm, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What a file is called before it is whole: whoever finds one at the start removes it. */
export const TEMPORARY = ".new-";

/** Writes into one tree of directories. */
export interface DurableFiles {
  /** Makes `directory`, if need be, and the file in it; durable when it resolves. Rejects with Node's error, and leaves nothing then. */
  readonly write: (directory: string, name: string, bytes: Uint8Array) => Promise<void>;
}

/** @param keepFreeBytes what is left free for others: below it `write` rejects */
export function durableFiles(keepFreeBytes: number): DurableFiles {
  const sync = sharedSync();
  const exists = directories(sync);
  const hasRoom = roomWatch(keepFreeBytes);
  return {
    write: async (directory, name, bytes) => {
      await exists(directory);
      if (!(await hasRoom(directory, bytes.length))) throw new Error("the disk is nearly full");
      const temporary = join(directory, TEMPORARY + randomBytes(8).toString("hex"));
      const path = join(directory, name);
      try {
        await writeSynced(temporary, bytes);
        await rename(temporary, path);
        await sync(directory);
      } catch (error) {
        for (const each of [temporary, path]) await rm(each, { force: true }).catch(() => undefined);
        throw error;
      }
    },
  };
}

/**
 * Makes a directory, if need be, and syncs those above it. One after the other, so that nobody takes one for durable that
 * another is just making; what cannot be made is found out by whoever writes into it.
 */
function directories(sync: (directory: string) => Promise<void>): (directory: string) => Promise<void> {
  let making: Promise<void> = Promise.resolve();
  const make = async (directory: string): Promise<void> => {
    const first = await mkdir(directory, { recursive: true, mode: 0o700 });
    for (let each = directory; first !== undefined && each.length >= first.length; each = dirname(each))
      await sync(dirname(each));
  };
  return (directory) => {
    if (!existsSync(directory)) making = making.then(() => make(directory)).catch(() => undefined);
    return making;
  };
}

/** How long an answer of the system counts (ms), less what was written since. */
const ROOM_KNOWN_MS = 500;

/** Tells whether there is room for so many bytes beside what is left free; asks the system now and then. */
function roomWatch(keepFreeBytes: number): (directory: string, bytes: number) => Promise<boolean> {
  let [freeBytes, askedAtMs] = [0, Number.NEGATIVE_INFINITY];
  return async (directory, bytes) => {
    freeBytes -= bytes;
    if (freeBytes < keepFreeBytes || performance.now() - askedAtMs > ROOM_KNOWN_MS) {
      const { bavail, bsize } = await statfs(directory);
      [freeBytes, askedAtMs] = [bavail * bsize - bytes, performance.now()];
    }
    return freeBytes >= keepFreeBytes;
  };
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

/** Syncs a directory; who comes during one sync waits for the next, together with all others. */
function sharedSync(): (directory: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  const begin = (directory: string): Promise<void> => {
    next.delete(directory);
    const sync = syncDirectory(directory).finally(() => {
      if (running.get(directory) === sync) running.delete(directory);
    });
    running.set(directory, sync);
    return sync;
  };
  return (directory) => {
    const before = running.get(directory);
    if (before === undefined) return begin(directory);
    const waiting = next.get(directory) ?? before.catch(() => undefined).then(() => begin(directory));
    next.set(directory, waiting);
    return waiting;
  };
}

async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return; // there a directory cannot be synced, and need not be
  const folder = await open(directory, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
