/**
 * `node --expose-gc abandoning-process.mjs PACKAGE`: leaves to the garbage collection all that this database module makes, in
 * each state: statements, iterators in the middle, databases open and closed; in a thread that is terminated with an open
 * one, too. Ends with an open one. Says "collected" when it got there.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { isMainThread, parentPort, Worker } from "node:worker_threads";

const [name = ""] = process.argv.slice(2);
const SqliteDatabase = createRequire(import.meta.url)(name);
const ROUNDS = 20;
const STATEMENTS = 100;

/** Collects while no JavaScript runs, as the engine does by itself in a pause: there is no context then. */
async function collect() {
  await globalThis.gc({ type: "minor", execution: "async" });
  await globalThis.gc({ type: "major", execution: "async" });
}

function abandon(isClosed) {
  const database = new SqliteDatabase(":memory:");
  database.exec("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)");
  for (let i = 0; i < STATEMENTS; i++) assert.equal(database.prepare("SELECT x FROM t").all().length, 2);
  database.transaction(() => database.pragma("user_version = 3"))();
  const rows = database.prepare("SELECT x FROM t").iterate();
  assert.equal(rows.next().done, false);
  if (!isClosed) return;
  rows.return();
  database.close();
}

async function abandonMuch() {
  for (let round = 0; round < ROUNDS; round++) {
    abandon(round % 2 === 0);
    await collect();
  }
}

if (isMainThread) {
  await abandonMuch();
  const worker = new Worker(new URL(import.meta.url), { argv: [name] });
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  await worker.terminate();
  const last = new SqliteDatabase(":memory:").prepare("SELECT 1");
  process.on("exit", () => process.stdout.write(last.get() === undefined ? "broken\n" : "collected\n"));
} else {
  const open = new SqliteDatabase(":memory:");
  await abandonMuch();
  setInterval(() => open.pragma("user_version"), 1_000);
  parentPort.postMessage("abandoned");
}
