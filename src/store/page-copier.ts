/**
 * Copies pages from a profile's write-ahead log to its database beside the event loop: each of them is decrypted, checked,
 * encrypted and signed again, a tenth of what catching up costs.
 *
 * 1. The thread has a connection of its own and makes no transaction, so nobody waits for it and it waits for nobody.
 * 2. It starts when it is needed first, and ends when it is not needed any more.
 * 3. What it fails at is left to the checkpoint of write-ahead-log.ts, which alone cuts the log.
 */
import type { Worker } from "node:worker_threads";
import type { ProfileLocation } from "./profile-database.ts";
import { startThread } from "./worker-thread.ts";

/** MiB of JavaScript's own heap in the thread. */
const HEAP_MIB = 32;

/** One profile's. */
export interface PageCopier {
  /** Resolves when what was in the log is copied, or cannot be. */
  readonly copy: () => Promise<void>;
  /** Ends the thread; it may be started again. */
  readonly rest: () => Promise<void>;
  /** Ends it for good, and erases the key. */
  readonly close: () => Promise<void>;
}

/** The copier of the profile there. */
export function pageCopier({ directory, dataKey }: ProfileLocation): PageCopier {
  const location: ProfileLocation = { directory, dataKey: dataKey.slice() };
  let worker: Worker | undefined;
  let isBroken = false;
  let copying = Promise.resolve();
  const start = (): Worker => {
    const started = startThread("./page-copier-worker", {
      workerData: location, // a copy, as all that goes to threads
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
    });
    started.unref();
    started.on("error", () => {
      isBroken = true;
    });
    return started;
  };
  const rest = async (): Promise<void> => {
    const last = worker;
    worker = undefined;
    last?.ref(); // the process waits for its end
    await copying;
    await last?.terminate();
  };
  return {
    copy: () => {
      if (isBroken) return Promise.resolve();
      worker ??= start();
      copying = answerOf(worker);
      return copying;
    },
    rest,
    close: async () => {
      await rest();
      location.dataKey.fill(0);
    },
  };
}

/** Asks for a copy; resolves with the answer, or the thread's end. */
function answerOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      worker.off("message", end);
      worker.off("exit", end);
      resolve();
    };
    worker.on("message", end);
    worker.on("exit", end);
    worker.postMessage("copy");
  });
}
