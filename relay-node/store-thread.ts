/**
 * The store's worker as the main thread sees it: calls become promises.
 *
 * The worker file is the compiled one beside this module in `dist`, or the TypeScript one when the relay runs from
 * its sources under tsx, whose loader has to be registered in the thread again.
 */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { Fault } from "../src/wire/fault.ts";
import type { LogId } from "../src/wire/ids.ts";
import type { CallName, StoreCalls, StoreGreeting, StoreOptions, StoreReply, StoreRequest } from "./store-calls.ts";

/** A running worker. */
export interface StoreThread {
  readonly logId: LogId;
  /** Rejects with a storage fault; after the worker's end with `storage/failed`. */
  readonly call: <N extends CallName>(
    name: N,
    ...args: Parameters<StoreCalls[N]>
  ) => Promise<ReturnType<StoreCalls[N]>>;
  /** Resolves when the thread is gone: with `undefined` after `close`, else with why. */
  readonly ended: Promise<Fault | undefined>;
}

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (fault: Fault) => void;
}

/** Starts the worker and opens the database; throws as openDatabase does. */
export async function startStoreThread(options: StoreOptions): Promise<StoreThread> {
  const worker = spawn(options);
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let over: Fault | undefined;
  const ended = endOf(worker).then((fault) => {
    over = fault ?? new Fault("storage/failed", "the relay's store is closed");
    for (const { reject } of pending.values()) reject(over);
    pending.clear();
    return fault;
  });
  const logId = await greeting(worker, ended);
  worker.on("message", (reply: StoreReply) => {
    settle(reply, pending.get(reply.id));
    pending.delete(reply.id);
  });
  return {
    logId,
    ended,
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (over) return reject(over);
        const request: StoreRequest = { id: nextId++, name, args };
        pending.set(request.id, { resolve, reject });
        worker.postMessage(request, name === "append" ? buffersOf(args) : []);
      }),
  };
}

/** Bytes from which on handing a buffer over is quicker than copying it. */
const HAND_OVER_BYTES = 16_384;

/** Buffers of packed items that change hands instead of being copied. */
function buffersOf(args: readonly unknown[]): ArrayBuffer[] {
  return args.flatMap((each) =>
    each instanceof Uint8Array && each.byteLength >= HAND_OVER_BYTES ? [each.buffer as ArrayBuffer] : [],
  );
}

function spawn(workerData: StoreOptions): Worker {
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(new URL("./store-worker.js", import.meta.url), { workerData, execArgv: [] });
  }
  // tsx 4.23's CommonJS entry looks for its hooks in the wrong folder, so take the module beside it
  const tsx = createRequire(import.meta.url)
    .resolve("tsx/esm/api")
    .replace(/\.cjs$/, ".mjs");
  const loader = JSON.stringify(pathToFileURL(tsx).href);
  const entry = JSON.stringify(new URL("./store-worker.ts", import.meta.url).href);
  const code = `import(${loader}).then(({ register }) => { register(); return import(${entry}); });`;
  return new Worker(code, { eval: true, workerData, execArgv: [] });
}

function endOf(worker: Worker): Promise<Fault | undefined> {
  return new Promise((resolve) => {
    worker.once("error", (cause) => {
      resolve(new Fault("internal/invariant", "the relay's store stopped by an unexpected error", { cause }));
    });
    worker.once("exit", (code) => {
      resolve(code === 0 ? undefined : new Fault("storage/failed", `the relay's store stopped with code ${code}`));
    });
  });
}

function greeting(worker: Worker, ended: Promise<Fault | undefined>): Promise<LogId> {
  return new Promise((resolve, reject) => {
    worker.once("message", (first: StoreGreeting) => {
      if (first.kind === "open") resolve(first.logId);
      else reject(new Fault(first.code, first.message));
    });
    ended.then((fault) => reject(fault ?? new Fault("storage/failed", "the relay's store did not start")));
  });
}

function settle(reply: StoreReply, waiter: Pending | undefined): void {
  if (reply.kind === "value") waiter?.resolve(reply.value as never);
  else waiter?.reject(new Fault(reply.code, reply.message));
}
