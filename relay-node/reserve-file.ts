/**
 * Room kept for the worst day: erasing takes disk space before it gives any, so on a full disk retention could free
 * nothing. This file gives its own room away then.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Name of the file in the data directory. */
const RESERVE_FILE = "relay.reserve";
/** What a full log (16 MiB) makes the database grow by when it is written back, and one round of erasing. */
const RESERVE_BYTES = 20_971_520;
/** Bytes stored from which on it is kept: a small relay has little to erase. */
const KEPT_FROM_BYTES = 8_388_608;

/** The reserve of one data directory. */
export interface ReserveFile {
  /** Makes it if enough is stored and there is room; where there is none it stays away. */
  readonly keep: (storedBytes: number) => void;
  /** Gives its room away; answers whether there was any. */
  readonly spend: () => boolean;
}

/** @param directory the data directory */
export function reserveFile(directory: string): ReserveFile {
  const path = join(directory, RESERVE_FILE);
  return {
    keep: (storedBytes) => {
      if (storedBytes < KEPT_FROM_BYTES || existsSync(path)) return;
      try {
        write(path);
      } catch {
        rmSync(path, { force: true });
      }
    },
    spend: () => {
      if (!existsSync(path)) return false;
      rmSync(path, { force: true });
      return true;
    },
  };
}

function write(path: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    const bytes = new Uint8Array(RESERVE_BYTES).fill(0x5a); // a hole would reserve nothing
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
