/**
 * Durable appends of 1 KiB envelopes, one batch after another, in wall time, since waiting for the disk is the point;
 * all take turns in one directory:
 *
 * - the relay's store on the thread that calls it, as its worker does, beside a raw file with one write and one
 *   fdatasync per batch, and beside SQLite with one table and nothing else to keep;
 * - the relay's log, which is that store behind its thread, beside that store: batches that wait for each other, and
 *   several under way, as when several clients write.
 */
import { randomBytes } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { packItems, unpackItems } from "../relay-node/packed-items.ts";
import { openRelayStore } from "../relay-node/relay-store.ts";
import { openDatabase } from "../relay-node/store-schema.ts";
import { createTopicStore } from "../relay-node/topic-store.ts";
import type { LogAppendResult, LogItem } from "../src/net/topic-log.ts";
import { openSqlite } from "../src/sqlite/sqlite-database.ts";
import { ENVELOPE_KIND } from "../src/wire/envelope.ts";
import { EnvelopeId, Topic } from "../src/wire/ids.ts";
import { temporaryDirectory } from "./child-process.ts";
import { atLeast, atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { median } from "./turns.ts";

const BATCHES = [
  [1, 0.85],
  [16, 0.6],
  [128, 0.33],
] as const;
const ENVELOPE_BYTES = 1_024;
const TOPICS = 50;
/** Batches under way at once where several are. */
const UNDER_WAY = 8;
/** Of the store alone that the relay's log has to reach with several under way. */
const THREAD_RATIO = 0.8;
/** One turn (ms), and how many each has. */
const TURN_MS = 250;
const TURNS = 5;
/** Records that make the large store, and how many are stored at once while filling. */
const MILLION = 1_000_000;
const FILL_BATCH = 2_000;

/** No limit is reached. */
const ROOMY = {
  maxPages: 0,
  topicMaxBytes: 1e12,
  inboxMaxBytes: 1e12,
  totalMaxBytes: 1e12,
  queueMaxBytes: 1e9,
  directoryMaxBytes: 1e9,
  retentionMs: 30 * 86_400_000,
  directoryRetentionMs: 180 * 86_400_000,
} as const;

const topics = Array.from({ length: TOPICS }, () => Topic.from(new Uint8Array(randomBytes(32))));

/** Views of one buffer, as they come to the store's thread: an id of its own moves out of the engine's heap when it is stored. */
function items(count: number): readonly LogItem[] {
  const some = Array.from({ length: count }, (_, i) => ({
    topic: topics[i % TOPICS] as Topic,
    id: EnvelopeId.from(new Uint8Array(randomBytes(32))),
    kind: ENVELOPE_KIND.message,
    envelope: new Uint8Array(randomBytes(ENVELOPE_BYTES)),
  }));
  return unpackItems(packItems(some));
}

type Append = (items: readonly LogItem[]) => Promise<void>;

/** Records a second in one turn with so many batches under way; what is appended is made before the clock starts. */
async function rate(append: Append, batch: number, underWay: number): Promise<number> {
  const ready = Array.from({ length: Math.ceil(512 / batch / underWay) }, () =>
    Array.from({ length: underWay }, () => items(batch)),
  );
  let [elapsedMs, records] = [0, 0];
  for (let i = 0; elapsedMs < TURN_MS; i++) {
    const some = ready[i] ?? Array.from({ length: underWay }, () => items(batch));
    const started = performance.now();
    await Promise.all(some.map(append));
    elapsedMs += performance.now() - started;
    records += batch * underWay;
  }
  return (records / elapsedMs) * 1_000;
}

function requireStored(results: readonly LogAppendResult[]): void {
  const bad = results.find(({ kind }) => kind === "error");
  if (bad !== undefined) throw new Error(`not stored: ${JSON.stringify(bad)}`);
}

/** A place to append to. */
interface Place {
  readonly append: Append;
  readonly close: () => Promise<void>;
}

async function closeAll(close: () => unknown, remove: () => Promise<void>): Promise<void> {
  await close();
  await remove();
}

async function storeAlone(): Promise<Place> {
  const directory = await temporaryDirectory();
  const db = openDatabase({ directory: directory.path, maxPages: 0 });
  const store = createTopicStore(db, ROOMY);
  return {
    append: async (some) => requireStored(db.transaction(() => store.append(some, Date.now())).immediate()),
    close: () => closeAll(db.close.bind(db), directory.remove),
  };
}

async function relayLog(): Promise<Place> {
  const directory = await temporaryDirectory();
  const { log } = await openRelayStore({ ...ROOMY, directory: directory.path });
  return {
    append: async (some) => requireStored(await log.append(some)),
    close: () => closeAll(log.close, directory.remove),
  };
}

async function rawFile(): Promise<Place> {
  const directory = await temporaryDirectory();
  const file = openSync(join(directory.path, "raw"), "w");
  const append: Append = async (some) => {
    writeSync(file, Buffer.concat(some.map(({ envelope }) => envelope)));
    fdatasyncSync(file);
  };
  return { append, close: () => closeAll(() => closeSync(file), directory.remove) };
}

/** What SQLite takes for the same durability, with the relay's page cache and distance between checkpoints. */
async function plainTable(): Promise<Place> {
  const directory = await temporaryDirectory();
  const db = openSqlite(join(directory.path, "plain.db"));
  for (const setting of ["locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=4096"])
    db.pragma(setting);
  db.exec("CREATE TABLE envelope (arrival INTEGER PRIMARY KEY, topic BLOB, id BLOB, envelope BLOB)");
  const add = db.prepare("INSERT INTO envelope (topic, id, envelope) VALUES (?, ?, ?)");
  const addAll = db.transaction((some: readonly LogItem[]) => {
    for (const { topic, id, envelope } of some) add.run(topic, id, envelope);
  });
  return { append: async (some) => addAll.immediate(some), close: () => closeAll(db.close.bind(db), directory.remove) };
}

/** Median records a second of each, taking turns. */
async function takeTurns(batch: number, places: readonly (readonly [Place, number])[]): Promise<readonly number[]> {
  const rates: number[][] = places.map(() => []);
  for (let turn = 0; turn < TURNS; turn++)
    for (const [i, [place, underWay]] of places.entries()) rates[i]?.push(await rate(place.append, batch, underWay));
  return rates.map(median);
}

async function fill({ append }: Place, records: number): Promise<void> {
  for (let at = 0; at < records; at += FILL_BATCH) await append(items(FILL_BATCH));
}

const perSecond = (value: number): string => `${figure(value)}/s`;

const BENCH = "appends";

async function measureStore(place: Place, records: number, tell: (row: Row) => void): Promise<void> {
  const [raw, plain] = [await rawFile(), await plainTable()];
  for (const [batch, target] of BATCHES) {
    const [ours = 0, theirs = 0, sqlite = 0] = await takeTurns(batch, [
      [place, 1],
      [raw, 1],
      [plain, 1],
    ]);
    const name = `batch ${batch}, ${records === 0 ? "empty" : figure(records)}`;
    const row = { bench: BENCH, name, unit: "speed", ours: perSecond(ours) };
    const [file, table] = [`raw append + fdatasync ${perSecond(theirs)}`, `SQLite, one table ${perSecond(sqlite)}`];
    tell({ ...row, ratio: ours / theirs, target: atLeast(target), peer: file });
    tell({ ...row, ratio: ours / sqlite, peer: table });
  }
  await raw.close();
  await plain.close();
}

async function measureThread(store: Place, tell: (row: Row) => void): Promise<void> {
  const log = await relayLog();
  for (const [batch] of BATCHES) {
    const [alone = 0, one = 0, several = 0] = await takeTurns(batch, [
      [store, 1],
      [log, 1],
      [log, UNDER_WAY],
    ]);
    const row = { bench: BENCH, unit: "speed", peer: `the store alone ${perSecond(alone)}` };
    const name = `behind the relay's thread, batch ${batch}`;
    const target = atLeast(THREAD_RATIO);
    tell({ ...row, name: `${name}, one at a time`, ratio: one / alone, ours: perSecond(one) });
    tell({ ...row, name: `${name}, ${UNDER_WAY} under way`, ratio: several / alone, ours: perSecond(several), target });
  }
  await log.close();
}

/** The full store and an empty one take turns: the machine may be another than when the full one was empty. */
async function measureLarge(store: Place, tell: (row: Row) => void): Promise<void> {
  await fill(store, MILLION);
  await measureStore(store, MILLION, tell);
  const empty = await storeAlone();
  for (const [batch] of BATCHES) {
    const [ours = 0, before = 0] = await takeTurns(batch, [
      [store, 1],
      [empty, 1],
    ]);
    const name = `batch ${batch}, ${figure(MILLION)}, slowdown`;
    const beside = { ours: perSecond(ours), peer: `the same store, empty ${perSecond(before)}` };
    tell({ bench: BENCH, name, ratio: before / ours, unit: "cost", target: atMost(1.6), ...beside });
  }
  await empty.close();
}

async function run({ isLarge }: Extent, tell: (row: Row) => void): Promise<void> {
  const store = await storeAlone();
  await measureStore(store, 0, tell);
  await measureThread(store, tell);
  if (isLarge) await measureLarge(store, tell);
  await store.close();
}

export const APPENDS: Benchmark = { name: "appends", about: "the relay's store, against a raw file", run };
