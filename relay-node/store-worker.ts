/**
 * The store's worker thread: it owns the database, so that waiting for the disk never delays the network.
 *
 * 1. Group commit: whatever waits when the worker is free shares one transaction, and is answered after its commit.
 * 2. When a shared transaction fails, each call is tried alone: one that does not fit takes no other with it, and a
 *    trim that would free room is not lost among appends.
 * 3. What frees room on a full disk gets the reserve's, see reserve-file.ts.
 * 4. Reads come after the commits that were queued before them.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type Sqlite from "better-sqlite3-multiple-ciphers";
import { createDirectoryStore } from "./directory-store.ts";
import { packResults, unpackItems } from "./packed-items.ts";
import { type ReserveFile, reserveFile } from "./reserve-file.ts";
import { steadyClock } from "./steady-clock.ts";
import {
  type CallName,
  type StoreCalls,
  type StoreGreeting,
  type StoreOptions,
  type StoreReply,
  type StoreRequest,
  WRITES,
} from "./store-calls.ts";
import { openDatabase, storageFault } from "./store-schema.ts";
import { createTopicStore } from "./topic-store.ts";

type Port = NonNullable<typeof parentPort>;
type Outcome = { readonly value: unknown } | { readonly error: unknown };

if (parentPort) serve(parentPort, workerData as StoreOptions);

function serve(port: Port, options: StoreOptions): void {
  try {
    const db = openDatabase(options);
    const topics = createTopicStore(db, options);
    const greeting: StoreGreeting = { kind: "open", logId: topics.logId };
    const reserve = reserveFile(options.directory);
    answerCalls(port, { db, reserve, ...operations(db, topics, createDirectoryStore(db, options), reserve) });
    port.postMessage(greeting);
  } catch (error) {
    const { code, message } = storageFault(error);
    const greeting: StoreGreeting = { kind: "refused", code, message };
    port.postMessage(greeting);
  }
}

type Topics = ReturnType<typeof createTopicStore>;
type Directory = ReturnType<typeof createDirectoryStore>;

interface Operations {
  readonly calls: StoreCalls;
  readonly savepoint: () => () => void;
}

function operations(db: Sqlite.Database, topics: Topics, directory: Directory, reserve: ReserveFile): Operations {
  const clock = steadyClock(topics.newestMs());
  const calls: StoreCalls = {
    append: (packed) => packResults(topics.append(unpackItems(packed), clock())),
    read: topics.read,
    ids: topics.ids,
    get: topics.get,
    registerInbox: (topic) => topics.registerInbox(topic, clock()),
    isInbox: topics.isInbox,
    trim: topics.trim,
    publish: (record) => directory.publish(record, clock()),
    take: directory.take,
    peek: directory.peek,
    count: directory.count,
    purge: (nowMs = clock()) => {
      const more = [topics.purge(nowMs), directory.purge(nowMs)].includes(true);
      if (!more) reserve.keep(topics.usage().bytes);
      return more;
    },
    usage: () => ({ log: topics.usage(), directory: directory.usage() }),
    close: () => {
      db.close();
    },
  };
  return {
    calls,
    savepoint: () => {
      const restore = [topics.savepoint(), directory.savepoint()];
      return () => {
        for (const each of restore) each();
      };
    },
  };
}

interface Running extends Operations {
  readonly db: Sqlite.Database;
  readonly reserve: ReserveFile;
}

/** Those that leave less than they found. */
const FREEING: ReadonlySet<CallName> = new Set<CallName>(["purge", "trim"]);

function answerCalls(port: Port, { db, reserve, calls, savepoint }: Running): void {
  function run({ name, args }: StoreRequest): unknown {
    return (calls[name] as (...args: readonly unknown[]) => unknown)(...args);
  }

  /** Runs the calls in one transaction: all outcomes, or none and the error. */
  function commit(requests: readonly StoreRequest[]): readonly unknown[] {
    const restore = savepoint();
    try {
      return db.transaction(() => requests.map(run)).immediate();
    } catch (error) {
      restore();
      throw error;
    }
  }

  function commitTogether(requests: readonly StoreRequest[]): readonly Outcome[] {
    try {
      return commit(requests).map((value) => ({ value }));
    } catch (error) {
      const [only] = requests;
      if (requests.length === 1 && only)
        return [FREEING.has(only.name) && makeRoom(error) ? attemptAlone(only) : { error }];
      return requests.flatMap((each) => commitTogether([each]));
    }
  }

  /** After an error for lack of space: room for a small transaction, from the reserve or from the log's own file. */
  function makeRoom(error: unknown): boolean {
    if (storageFault(error).code !== "storage/full") return false;
    const hadReserve = reserve.spend();
    const cut = attempt(() => db.pragma("wal_checkpoint(TRUNCATE)"));
    return hadReserve || "value" in cut;
  }

  function attemptAlone(request: StoreRequest): Outcome {
    const outcome = attempt(() => commit([request])[0]);
    if ("value" in outcome) attempt(() => db.pragma("wal_checkpoint(TRUNCATE)")); // what was freed can be used at once
    return outcome;
  }

  function drain(requests: readonly StoreRequest[]): void {
    const writes = requests.filter(({ name }) => WRITES.has(name));
    if (writes.length > 0) {
      const outcomes = commitTogether(writes);
      writes.forEach((request, i) => {
        reply(port, request, outcomes[i] ?? { error: undefined });
      });
    }
    for (const request of requests) {
      if (!WRITES.has(request.name))
        reply(
          port,
          request,
          attempt(() => run(request)),
        );
    }
    if (requests.some(({ name }) => name === "close")) port.close();
  }

  port.on("message", (first: StoreRequest) => {
    const requests = [first];
    for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) requests.push(next.message);
    drain(requests);
  });
}

function attempt(run: () => unknown): Outcome {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

function reply(port: Port, { id }: { readonly id: number; readonly name: CallName }, outcome: Outcome): void {
  port.postMessage(replyOf(id, outcome));
}

function replyOf(id: number, outcome: Outcome): StoreReply {
  if ("value" in outcome) return { kind: "value", id, value: outcome.value };
  const { code, message } = storageFault(outcome.error);
  return { kind: "fault", id, code, message };
}
