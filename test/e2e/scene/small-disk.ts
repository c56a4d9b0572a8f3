/**
 * A disk that can be full. As root a small file system in memory; where mounting is not allowed, a limit on the size
 * of files for the processes that write there, which these see the same way but only from their start on.
 */
import { spawnSync } from "node:child_process";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";

const FILLER = "filler";
const BLOCK_BYTES = 4_096;

export interface SmallDisk {
  readonly directory: string;
  /** For processes that write here (see `Launch.shellPrefix`). */
  readonly shellPrefix: () => string | undefined;
  /** True when running processes do not notice {@link fill} and {@link free}. */
  readonly needsRestart: boolean;
  /** Not one block is left. */
  readonly fill: () => Promise<void>;
  readonly free: () => Promise<void>;
  readonly close: () => void;
}

/** A disk of `sizeBytes` at `directory`, which is made. */
export async function createSmallDisk(directory: string, sizeBytes: number): Promise<SmallDisk> {
  await mkdir(directory, { mode: 0o700 });
  const options = `size=${sizeBytes},mode=0700`;
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]).status === 0;
  return isMounted ? mountedDisk(directory) : limitedFiles(directory);
}

function mountedDisk(directory: string): SmallDisk {
  const filler = join(directory, FILLER);
  return {
    directory,
    shellPrefix: () => undefined,
    needsRestart: false,
    fill: () => fillDisk(filler),
    free: () => rm(filler),
    close: () => {
      spawnSync("umount", ["-l", directory]);
    },
  };
}

async function fillDisk(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    for (;;) await file.write(new Uint8Array(BLOCK_BYTES));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    await file.close();
  }
}

function limitedFiles(directory: string): SmallDisk {
  let isFull = false;
  const set = async (full: boolean): Promise<void> => {
    isFull = full;
  };
  return {
    directory,
    shellPrefix: () => (isFull ? "ulimit -f 1;" : undefined),
    needsRestart: true,
    fill: () => set(true),
    free: () => set(false),
    close: () => undefined,
  };
}
