/** What SQLite and the file system throw, as faults with one sentence: cause, effect, next step. */
import { statfsSync } from "node:fs";
import { Fault, type FaultCode } from "../wire/fault.ts";

/** Below this much free space a failed write counts as a full disk: SQLite reports some of them as plain IO errors. */
const FULL_BELOW_BYTES = 64 * 1024;

const CODES: Readonly<Record<string, FaultCode>> = {
  ENOSPC: "storage/full",
  EDQUOT: "storage/full",
  SQLITE_FULL: "storage/full",
  SQLITE_NOTADB: "storage/corrupt",
  SQLITE_CORRUPT: "storage/corrupt",
  SQLITE_BUSY: "storage/busy",
  SQLITE_LOCKED: "storage/busy",
};

const NOT_WRITABLE = /^(EACCES|EPERM|EROFS|SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_PERM|SQLITE_AUTH)/;

/**
 * The fault for whatever was thrown while working on the profile in `directory`. Faults pass through; an error
 * that is neither of SQLite nor of the file system is a bug of ours (`internal/invariant`).
 */
export function storageFault(error: unknown, directory: string): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  if (code === undefined) {
    return new Fault(
      "internal/invariant",
      "the profile store was used in a way it does not allow; please report this.",
      {
        cause: error,
      },
    );
  }
  const fault =
    CODES[code] ?? CODES[primaryCode(code)] ?? (isFull(code, directory) ? "storage/full" : "storage/failed");
  return new Fault(fault, sentence(fault, code, directory), { cause: error });
}

/** The fault for a profile database that cannot be read: wrong key, damage and foreign bytes look the same. */
export function corruptFault(directory: string, cause?: unknown): Fault {
  return new Fault("storage/corrupt", sentence("storage/corrupt", "", directory), { cause });
}

/** `code` of an error of SQLite or of the file system, else undefined. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^(SQLITE_[A-Z_]+|E[A-Z0-9]+)$/.test(error.code) ? error.code : undefined;
}

/** SQLITE_BUSY_SNAPSHOT -> SQLITE_BUSY. */
function primaryCode(code: string): string {
  return code.split("_").slice(0, 2).join("_");
}

function isFull(code: string, directory: string): boolean {
  if (!code.startsWith("SQLITE_IOERR") && code !== "EIO") return false;
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < FULL_BELOW_BYTES;
  } catch {
    return false;
  }
}

function sentence(fault: FaultCode, code: string, directory: string): string {
  if (fault === "storage/full") {
    return `the disk that holds ${directory} is full, so the last change was not saved; free some space and try again.`;
  }
  if (fault === "storage/corrupt") {
    return (
      `the profile in ${directory} cannot be read because it is damaged or does not belong to the key file beside it, ` +
      "so it stays closed and unchanged; restore the directory from a backup."
    );
  }
  if (fault === "storage/busy") {
    return `another program is using the profile in ${directory}, so nothing was saved; close it and try again.`;
  }
  if (NOT_WRITABLE.test(code)) {
    return `Hermes may not write in ${directory} (${code}), so nothing was saved; give your user write access and try again.`;
  }
  return `the disk that holds ${directory} failed (${code}), so the last change was not saved; check the disk and try again.`;
}
