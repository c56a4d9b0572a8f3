/**
 * Topic logs in the relay's database: numbering, dedupe, quotas, retention. Synchronous; runs in the store's
 * worker, inside the transactions that the worker opens.
 *
 * 1. A topic's numbers only grow. Its row outlives its envelopes; when an empty row is forgotten at last, its head
 *    raises the number at which every later topic starts.
 * 2. What is refused leaves no trace: no row, no number.
 * 3. Envelopes of one topic go from the front only (trim, retention), so the last one has the topic's head.
 * 4. A topic's row is an inbox's from its first use on, or never.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import type { LogAppendResult, LogIds, LogItem, LogPage } from "../src/net/topic-log.ts";
import { ENVELOPE_KIND } from "../src/wire/envelope.ts";
import { Fault } from "../src/wire/fault.ts";
import { type EnvelopeId, LogId, type Sequence, type Topic } from "../src/wire/ids.ts";
import { ENVELOPE_MAX_BYTES } from "../src/wire/limits.ts";
import { type ArrivedIds, openArrivedIds } from "./arrived-ids.ts";
import { openTopicNumbers, type TopicNumbers } from "./topic-numbers.ts";
import { hasRoom, isInbox, type TopicLimits, type TopicUsage } from "./topic-quotas.ts";
import { type TopicRetention, topicRetention } from "./topic-retention.ts";
import { ENVELOPE_OVERHEAD_BYTES, TOPIC_OVERHEAD_BYTES, type TopicRow } from "./topic-rows.ts";

/** Topic logs over an open database. Writes happen inside a transaction of the caller's. */
export interface TopicStore {
  readonly logId: LogId;
  readonly append: (items: readonly LogItem[], nowMs: number) => readonly LogAppendResult[];
  readonly read: (
    topic: Topic,
    after: number,
    limits: { readonly limit: number; readonly maxBytes: number },
  ) => LogPage;
  readonly ids: (topic: Topic, after: number, limit: number) => LogIds;
  readonly get: (topic: Topic, ids: readonly EnvelopeId[], maxBytes: number) => readonly Uint8Array[];
  /** False for a topic in use as something else. Throws `storage/full` when there is no room for one more topic. */
  readonly registerInbox: (topic: Topic, nowMs: number) => boolean;
  readonly isInbox: (topic: Topic) => boolean;
  readonly trim: (topic: Topic, upTo: number) => void;
  /** Erases up to a chunk of what is older than the retention; answers whether there may be more. */
  readonly purge: (nowMs: number) => boolean;
  readonly usage: () => TopicUsage;
  /** When a topic was used last (ms), 0 for never. */
  readonly newestMs: () => number;
  /** Remembers what is counted now; the answer brings it back, for when the transaction that follows fails. */
  readonly savepoint: () => () => void;
}

/** @param db open and migrated, see store-schema.ts */
export function createTopicStore(db: Sqlite.Database, limits: TopicLimits): TopicStore {
  const rows = prepare(db);
  const [ids, numbers] = [openArrivedIds(db), openTopicNumbers(db)];
  const charged = (topics: number, bytes: number): void => charge(books, topics, bytes);
  const retention = topicRetention(db, { ids, numbers, limits, charge: charged });
  const usage = rows.usage.get() ?? { topics: 0, bytes: 0 };
  const books: Books = { rows, ids, numbers, retention, limits, usage };
  return {
    logId: LogId.from(new Uint8Array(rows.logId.get()?.value ?? [])),
    append: (items, nowMs) => appendAll(books, items, nowMs),
    read: (topic, after, limits) => read(books, topic, { after, ...limits }),
    ids: (topic, after, limit) => idsAfter(books, topic, { after, limit }),
    get: (topic, wanted, maxBytes) => getAll(books, topic, wanted, maxBytes),
    registerInbox: (topic, nowMs) => registerInbox(books, topic, nowMs),
    isInbox: (topic) => isInbox(rows.topic.get(topic)),
    trim: (topic, upTo) => trim(books, topic, upTo),
    purge: retention.purge,
    usage: () => books.usage,
    newestMs: () => rows.newest.get()?.used_at ?? 0,
    savepoint: () => {
      const saved = books.usage;
      const [restoreIds, restoreNumbers] = [ids.savepoint(), numbers.savepoint()];
      return () => {
        books.usage = saved;
        restoreIds();
        restoreNumbers();
      };
    },
  };
}

interface Books {
  readonly rows: ReturnType<typeof prepare>;
  readonly ids: ArrivedIds;
  readonly numbers: TopicNumbers;
  readonly retention: TopicRetention;
  readonly limits: TopicLimits;
  usage: TopicUsage;
}

function charge(books: Books, topics: number, bytes: number): void {
  const { usage } = books;
  books.usage = { topics: usage.topics + topics, bytes: usage.bytes + bytes + topics * TOPIC_OVERHEAD_BYTES };
}

function createTopic(books: Books, topic: Topic, nowMs: number): TopicRow {
  const head = books.retention.firstNumber();
  const number = Number(books.rows.addTopic.run(topic, head, nowMs).lastInsertRowid);
  charge(books, 1, 0);
  return { number, inbox: 0, head, floor: 0, bytes: 0, used_at: nowMs };
}

/** Each topic's row is read and written once for all of the batch. */
function appendAll(books: Books, items: readonly LogItem[], nowMs: number): readonly LogAppendResult[] {
  const topics = new Map<string, TopicRow>();
  const changed = new Set<string>();
  const results = items.map((item): LogAppendResult => {
    if (item.envelope.length > ENVELOPE_MAX_BYTES) return { kind: "error", error: "too-large" };
    const there = storedSequence(books, item.id);
    if (there !== undefined) return { kind: "stored", sequence: there, duplicate: true };
    const key = keyOf(item.topic);
    const known = topics.get(key) ?? books.rows.topic.get(item.topic);
    if (isInbox(known) !== (item.kind === ENVELOPE_KIND.deposit)) return { kind: "error", error: "wrong-kind" };
    if (!hasRoom(books, known, item)) return { kind: "error", error: "quota" };
    const row = append(books, known ?? createTopic(books, item.topic, nowMs), item, nowMs);
    topics.set(key, row);
    changed.add(key);
    return { kind: "stored", sequence: row.head as Sequence, duplicate: false };
  });
  for (const key of changed) {
    const row = topics.get(key);
    if (row) books.rows.update.run(row.inbox, row.head, row.floor, row.bytes, nowMs, row.number);
  }
  return results;
}

/** A topic as the key of a map; one character a byte is the quickest text to make. */
function keyOf({ buffer, byteOffset, byteLength }: Topic): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}

function storedSequence({ ids, rows }: Books, id: EnvelopeId): Sequence | undefined {
  for (const arrival of ids.candidates(id)) {
    const envelope = rows.arrived.get(arrival);
    if (envelope?.id.equals(id)) return envelope.sequence as Sequence;
  }
  return undefined;
}

/** Stores the envelope; answers the topic's row as it is then. */
function append(books: Books, row: TopicRow, item: LogItem, nowMs: number): TopicRow {
  const cost = item.envelope.length + ENVELOPE_OVERHEAD_BYTES;
  const head = row.head + 1;
  const { lastInsertRowid } = books.rows.addEnvelope.run(row.number, head, nowMs, item.id, item.envelope);
  books.ids.add(item.id, Number(lastInsertRowid));
  books.numbers.add(row.number, head, Number(lastInsertRowid));
  charge(books, 0, cost);
  return { ...row, head, bytes: row.bytes + cost };
}

interface PageLimits {
  readonly after: number;
  readonly limit: number;
  readonly maxBytes: number;
}

function read({ rows, numbers, retention }: Books, topic: Topic, { after, limit, maxBytes }: PageLimits): LogPage {
  const row = rows.topic.get(topic);
  if (!row) return { items: [], head: retention.firstNumber() as Sequence };
  const items: { sequence: Sequence; envelope: Uint8Array }[] = [];
  let bytes = 0;
  let next = numbers.next(row.number, after);
  for (; next && items.length < limit; next = numbers.next(row.number, next.sequence)) {
    const { sequence, envelope } = next;
    bytes += envelope.length;
    if (items.length > 0 && bytes > maxBytes) break;
    items.push({ sequence: sequence as Sequence, envelope });
  }
  const page: LogPage = { items, head: row.head as Sequence };
  return after < row.floor ? { ...page, truncatedBefore: (row.floor + 1) as Sequence } : page;
}

function idsAfter(
  { rows, numbers, retention }: Books,
  topic: Topic,
  { after, limit }: { readonly after: number; readonly limit: number },
): LogIds {
  const row = rows.topic.get(topic);
  if (!row) return { items: [], head: retention.firstNumber() as Sequence, goneBefore: 0 as Sequence };
  const items = numbers.ids(row.number, after, limit).map(({ sequence, id }) => ({
    sequence: sequence as Sequence,
    id: new Uint8Array(id) as EnvelopeId,
  }));
  return { items, head: row.head as Sequence, goneBefore: (row.floor + 1) as Sequence };
}

function getAll(
  { rows, ids }: Books,
  topic: Topic,
  wanted: readonly EnvelopeId[],
  maxBytes: number,
): readonly Uint8Array[] {
  const row = rows.topic.get(topic);
  const found: Uint8Array[] = [];
  let bytes = 0;
  const candidates = (row ? wanted : []).flatMap((id) => ids.candidates(id).map((arrival) => ({ id, arrival })));
  for (const { id, arrival } of candidates.sort((one, other) => one.arrival - other.arrival)) {
    const there = rows.envelope.get(arrival, row?.number ?? 0);
    if (!there?.id.equals(id)) continue;
    bytes += there.envelope.length;
    if (found.length > 0 && bytes > maxBytes) break;
    found.push(there.envelope);
  }
  return found;
}

function registerInbox(books: Books, topic: Topic, nowMs: number): boolean {
  const { rows, usage, limits } = books;
  let row = rows.topic.get(topic);
  if (row && !isInbox(row)) return false;
  if (!row && usage.bytes + TOPIC_OVERHEAD_BYTES > limits.totalMaxBytes) {
    throw new Fault("storage/full", "the relay's total quota is used up: no inbox can be added");
  }
  row ??= createTopic(books, topic, nowMs);
  rows.update.run(1, row.head, row.floor, row.bytes, nowMs, row.number);
  return true;
}

function trim(books: Books, topic: Topic, upTo: number): void {
  const { rows, ids, numbers } = books;
  const row = rows.topic.get(topic);
  if (!row) return;
  let freed = 0;
  for (const { arrival, id, cost } of numbers.prefix(row.number, upTo)) {
    ids.remove(id, arrival);
    rows.erase.run(arrival);
    freed += cost;
  }
  numbers.removePrefix(row.number, upTo);
  rows.update.run(row.inbox, row.head, row.floor, row.bytes - freed, row.used_at, row.number);
  charge(books, 0, -freed);
}

function prepare(db: Sqlite.Database) {
  return {
    logId: db.prepare<[], { readonly value: Buffer }>("SELECT value FROM meta WHERE name = 'log-id'"),
    usage: db.prepare<[], TopicUsage>(
      `SELECT count(*) AS topics, coalesce(sum(bytes), 0) + count(*) * ${TOPIC_OVERHEAD_BYTES} AS bytes FROM topic`,
    ),
    newest: db.prepare<[], { readonly used_at: number | null }>("SELECT max(used_at) AS used_at FROM topic"),
    topic: db.prepare<[Uint8Array], TopicRow>(
      "SELECT number, inbox, head, floor, bytes, used_at FROM topic WHERE key = ?",
    ),
    addTopic: db.prepare<[Uint8Array, number, number]>(
      "INSERT INTO topic (key, inbox, head, floor, bytes, used_at) VALUES (?, 0, ?, 0, 0, ?)",
    ),
    update: db.prepare<[number, number, number, number, number, number]>(
      "UPDATE topic SET inbox = ?, head = ?, floor = ?, bytes = ?, used_at = ? WHERE number = ?",
    ),
    arrived: db.prepare<[number], { sequence: number; id: Buffer }>(
      "SELECT sequence, id FROM envelope WHERE arrival = ?",
    ),
    addEnvelope: db.prepare<[number, number, number, Uint8Array, Uint8Array]>(
      "INSERT INTO envelope (topic, sequence, arrived_at, id, envelope) VALUES (?, ?, ?, ?, ?)",
    ),
    envelope: db.prepare<[number, number], { id: Buffer; envelope: Buffer }>(
      "SELECT id, envelope FROM envelope WHERE arrival = ? AND topic = ?",
    ),
    erase: db.prepare<[number]>("DELETE FROM envelope WHERE arrival = ?"),
  };
}
