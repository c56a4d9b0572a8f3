/**
 * Empties the write-ahead log, because old versions of pages, with keys that were erased since, live on in it.
 *
 * 1. Within two seconds after a commit, sooner when the log reaches 2 MiB, and on close, its pages are moved to the
 *    database and the file is cut to nothing (checkpoint TRUNCATE).
 * 2. The pages of a long log are copied beside the event loop first (page-copier.ts), so that cutting it takes no more than
 *    what has come since. Without that a checkpoint has a turn to itself: only a log that nobody leaves time for is
 *    emptied on the spot.
 * 3. A checkpoint that fails loses nothing: the commit is durable in the log, and the next commit tries again.
 */
import { statSync } from "node:fs";
import type Database from "better-sqlite3-multiple-ciphers";
import type { Clock } from "../client/ports/clock.ts";
import type { PageCopier } from "./page-copier.ts";

/** About 500 pages: a checkpoint of that size takes some 10 ms of the event loop. */
const LONG_LOG_BYTES = 2 * 1024 * 1024;
/** From here on it is emptied at once: one commit of a batch from hundreds of groups writes 5 MiB. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
/** Short enough that erased means erased, long enough that a burst of commits shares one checkpoint. */
const CHECKPOINT_DELAY_MS = 2000;

/** Told of each commit; closes with a last checkpoint. */
export interface WriteAheadLog {
  readonly committed: () => void;
  /** Rejects with what SQLite throws when the log could not be emptied. */
  readonly stop: () => Promise<void>;
}

/** What helps to keep it short. */
export interface LogHelpers {
  readonly after?: Clock["after"] | undefined;
  readonly copier?: PageCopier | undefined;
}

/** Timer of the process that does not keep it alive. */
const unreferencedTimer: Clock["after"] = (delayMs, wake) => {
  const timer = setTimeout(wake, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Keeps the log of `database` short; `after` is the timer to use, that of the process by default. */
export function keepLogShort(
  database: Database.Database,
  { after = unreferencedTimer, copier }: LogHelpers,
): WriteAheadLog {
  let isCopying = false;
  let wasLong = false;
  let planned: { readonly delayMs: number; readonly cancel: () => void } | undefined;
  const checkpoint = () => {
    planned?.cancel();
    planned = undefined;
    database.pragma("wal_checkpoint(TRUNCATE)");
  };
  const attempt = () => {
    try {
      checkpoint();
    } catch {
      // Invariant 3: the next commit schedules another attempt, and close reports a failure that lasts.
    }
  };
  const wake = () => {
    attempt();
    if (!wasLong) void copier?.rest();
    wasLong = false;
  };
  const plan = (delayMs: number) => {
    if (planned !== undefined && planned.delayMs <= delayMs) return;
    planned?.cancel();
    planned = { delayMs, cancel: after(delayMs, wake) };
  };
  const copyAndCut = async ({ copy }: PageCopier) => {
    wasLong = true;
    if (isCopying) return;
    isCopying = true;
    await copy();
    isCopying = false;
    attempt();
  };
  return {
    committed: () => {
      const bytes = logBytes(database);
      if (bytes >= MAX_LOG_BYTES) attempt();
      else plan(bytes >= LONG_LOG_BYTES && !copier ? 0 : CHECKPOINT_DELAY_MS);
      if (bytes >= LONG_LOG_BYTES && copier) void copyAndCut(copier);
    },
    stop: async () => {
      await copier?.close();
      checkpoint();
    },
  };
}

/** A file that cannot be asked waits for the timer: the commit before it stands. */
function logBytes(database: Database.Database): number {
  try {
    return statSync(`${database.name}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    return 0;
  }
}
