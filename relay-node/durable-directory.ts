/**
 * A directory whose names are on the disk before anybody is told so.
 *
 * 1. A name is durable when its directory is synced. Those who wait for that at the same time share one sync.
 * 2. The last bytes of a disk are not taken: envelopes, which are small and cannot come from elsewhere, need them.
 */
import { existsSync } from "node:fs";
import { mkdir, open, statfs } from "node:fs/promises";
import { dirname } from "node:path";

export interface DurableDirectory {
  /** Makes it, if need be, and syncs those above it. What cannot be made is found out by whoever writes into it. */
  readonly make: () => Promise<void>;
  /** The names in it are durable when it resolves. */
  readonly sync: () => Promise<void>;
  /** Whether so many bytes more leave what is to be left to others; rejects when it is not there. */
  readonly hasRoom: (bytes: number) => Promise<boolean>;
}

/** @param keepFreeBytes what is left free for others */
export function durableDirectory(path: string, keepFreeBytes: number): DurableDirectory {
  return { make: making(path), sync: sharedSync(path), hasRoom: roomWatch(path, keepFreeBytes) };
}

/** One after the other, so that nobody takes it for durable while another is just making it. */
function making(path: string): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  const make = async (): Promise<void> => {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    for (let each = path; first !== undefined && each.length >= first.length; each = dirname(each))
      await syncDirectory(dirname(each));
  };
  return () => {
    if (!existsSync(path)) last = last.then(make).catch(() => undefined);
    return last;
  };
}

/** How long an answer of the system counts (ms), less what was written since. */
const ROOM_KNOWN_MS = 500;

function roomWatch(path: string, keepFreeBytes: number): (bytes: number) => Promise<boolean> {
  let [freeBytes, askedAtMs] = [0, Number.NEGATIVE_INFINITY];
  return async (bytes) => {
    freeBytes -= bytes;
    if (freeBytes < keepFreeBytes || performance.now() - askedAtMs > ROOM_KNOWN_MS) {
      const { bavail, bsize } = await statfs(path);
      [freeBytes, askedAtMs] = [bavail * bsize - bytes, performance.now()];
    }
    return freeBytes >= keepFreeBytes;
  };
}

/** Who comes during one sync waits for the next, together with all others. */
function sharedSync(path: string): () => Promise<void> {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    next = undefined;
    const sync = syncDirectory(path).finally(() => {
      if (running === sync) running = undefined;
    });
    running = sync;
    return sync;
  };
  return () => {
    if (running === undefined) return begin();
    next ??= running.catch(() => undefined).then(begin);
    return next;
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
