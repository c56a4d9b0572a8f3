/**
 * Durable appends of 1 KiB, one caller that waits for each batch: the relay's store beside a raw log with one
 * fdatasync per batch and beside a bare SQLite table (WAL, synchronous=FULL, one blob column) on the same thread.
 * Arguments: seconds per figure (default 1), records stored before (default 0).
 */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3-multiple-ciphers";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import type { LogItem } from "../../src/net/topic-log.ts";
import type { EnvelopeId, Topic } from "../../src/wire/ids.ts";

const BYTES = 1_024;
const TOPICS = 50;
const [seconds = "1", before = "0"] = process.argv.slice(2);
const topics = Array.from({ length: TOPICS }, () => new Uint8Array(randomBytes(32)) as Topic);

function item(n: number): LogItem {
  const envelope = new Uint8Array(BYTES);
  envelope.set(randomBytes(32));
  return { topic: topics[n % TOPICS] as Topic, id: new Uint8Array(randomBytes(32)) as EnvelopeId, kind: 1, envelope };
}

/** Records a second of both, in turns of a tenth of a second, so that a busy machine slows both alike. */
async function rates(batch: number, writers: readonly ((items: readonly LogItem[]) => unknown)[]): Promise<number[]> {
  const sums = writers.map(() => ({ records: 0, ms: 0, cpuUs: 0 }));
  const prepared = Array.from({ length: Math.ceil(4_096 / batch) }, (_, n) =>
    Array.from({ length: batch }, (_, i) => item(n * batch + i)),
  );
  let next = 0;
  for (let turn = 0; turn < Number(seconds) * 10; turn++) {
    for (const [i, write] of writers.entries()) {
      const sum = sums[i] as (typeof sums)[number];
      for (let spent = 0; spent < 100; ) {
        const items = (prepared[next++ % prepared.length] as LogItem[]).map((each) => ({
          ...each,
          id: new Uint8Array(randomBytes(32)) as EnvelopeId,
        }));
        const cpu = process.cpuUsage();
        const start = performance.now();
        await write(items);
        const ms = performance.now() - start;
        const { user, system } = process.cpuUsage(cpu);
        spent += ms;
        sum.ms += ms;
        sum.cpuUs += user + system;
        sum.records += batch;
      }
    }
  }
  return sums.flatMap(({ records, ms, cpuUs }) => [(records / ms) * 1_000, cpuUs / records]);
}

const directory = await mkdtemp(join(tmpdir(), "hermes-append-"));
const store = await openRelayStore({
  directory,
  maxPages: 0,
  topicMaxBytes: 1e12,
  inboxMaxBytes: 1e12,
  totalMaxBytes: 1e12,
  queueMaxBytes: 1e9,
  directoryMaxBytes: 1e9,
  retentionMs: 30 * 86_400_000,
  directoryRetentionMs: 1e12,
});
for (let n = 0; n < Number(before); n += 512) {
  await store.log.append(Array.from({ length: 512 }, (_, i) => item(n + i)));
}
const bare = new Sqlite(join(directory, "bare.db"));
for (const pragma of ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"]) bare.pragma(pragma);
bare.exec("CREATE TABLE record (number INTEGER PRIMARY KEY, body BLOB NOT NULL)");
const insert = bare.prepare<[Uint8Array]>("INSERT INTO record (body) VALUES (?)");
const insertAll = bare.transaction((items: readonly LogItem[]) => {
  for (const { envelope } of items) insert.run(envelope);
});
const fd = openSync(join(directory, "raw.log"), "a");
for (const batch of [1, 16, 128]) {
  const [raw = 0, rawCpu = 0, table = 0, tableCpu = 0, ours = 0, oursCpu = 0] = await rates(batch, [
    (items) => {
      writeSync(fd, Buffer.concat(items.map(({ envelope }) => envelope)));
      fdatasyncSync(fd);
    },
    insertAll,
    (items) => store.log.append(items),
  ]);
  console.log(
    JSON.stringify({
      batch,
      storeToRaw: Number((ours / raw).toFixed(2)),
      storeToTable: Number((ours / table).toFixed(2)),
      perSecond: { raw: Math.round(raw), table: Math.round(table), store: Math.round(ours) },
      cpuUs: { raw: Number(rawCpu.toFixed(1)), table: Number(tableCpu.toFixed(1)), store: Number(oursCpu.toFixed(1)) },
    }),
  );
}
closeSync(fd);
bare.close();
await store.log.close();
await rm(directory, { recursive: true });
