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
import {
  ENVELOPE_OVERHEAD_BYTES,
  type OldEnvelope,
  TOPIC_OVERHEAD_BYTES,
  TOPIC_SQL,
  type TopicRow,
} from "./topic-rows.ts";

/** Part of a topic's quota kept for membership entries, so that messages cannot lock a group out of its own log. */
const ENTRY_RESERVE = 1 / 16;
/** An empty topic's row is kept for two retentions after its last use, to tell late readers that they missed something. */
const EMPTY_TOPIC_RETENTIONS = 2;
/** An empty inbox that nobody opened or wrote to is forgotten after this: its owner is taken to be gone. */
const INBOX_FORGOTTEN_AFTER_MS = 365 * 86_400_000;
/** Rows erased in one transaction (at most 16 MiB), so that appends do not wait long. */
const PURGE_CHUNK = 250;

/** Quotas in bytes and retention in ms. */
export interface TopicLimits {
  readonly topicMaxBytes: number;
  readonly inboxMaxBytes: number;
  readonly totalMaxBytes: number;
  readonly retentionMs: number;
}

/** What the store holds. */
export interface TopicUsage {
  readonly topics: number;
  /** Charged bytes, overheads included. */
  readonly bytes: number;
}

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
  const ids = openArrivedIds(db);
  const books: Books = { rows, ids, limits, usage: rows.usage.get() ?? { topics: 0, bytes: 0 } };
  return {
    logId: LogId.from(new Uint8Array(rows.meta.get("log-id")?.value ?? [])),
    append: (items, nowMs) => appendAll(books, items, nowMs),
    read: (topic, after, limits) => read(rows, topic, { after, ...limits }),
    ids: (topic, after, limit) => idsAfter(rows, topic, { after, limit }),
    get: (topic, wanted, maxBytes) => getAll(books, topic, wanted, maxBytes),
    registerInbox: (topic, nowMs) => registerInbox(books, topic, nowMs),
    isInbox: (topic) => isInbox(rows.topic.get(topic)),
    trim: (topic, upTo) => trim(books, topic, upTo),
    purge: (nowMs) => [expire(books, nowMs), forget(books, nowMs)].includes(true),
    usage: () => books.usage,
    newestMs: () => rows.newest.get()?.used_at ?? 0,
    savepoint: () => {
      const saved = books.usage;
      const restoreIds = ids.savepoint();
      return () => {
        books.usage = saved;
        restoreIds();
      };
    },
  };
}

interface Books {
  readonly rows: ReturnType<typeof prepare>;
  readonly ids: ArrivedIds;
  readonly limits: TopicLimits;
  usage: TopicUsage;
}

function charge(books: Books, topics: number, bytes: number): void {
  const { usage } = books;
  books.usage = { topics: usage.topics + topics, bytes: usage.bytes + bytes + topics * TOPIC_OVERHEAD_BYTES };
}

function firstNumber(rows: Books["rows"]): number {
  return Number(rows.meta.get("first-number")?.value ?? 0);
}

function createTopic(books: Books, topic: Topic, nowMs: number): TopicRow {
  const head = firstNumber(books.rows);
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
  charge(books, 0, cost);
  return { ...row, head, bytes: row.bytes + cost };
}

function hasRoom({ limits, usage }: Books, row: TopicRow | undefined, item: LogItem): boolean {
  const cost = item.envelope.length + ENVELOPE_OVERHEAD_BYTES;
  const newTopic = row === undefined ? TOPIC_OVERHEAD_BYTES : 0;
  if (usage.bytes + cost + newTopic > limits.totalMaxBytes) return false;
  return (row?.bytes ?? 0) + cost <= quotaOf(row, item, limits);
}

function quotaOf(row: TopicRow | undefined, item: LogItem, limits: TopicLimits): number {
  if (isInbox(row)) return limits.inboxMaxBytes;
  return item.kind === ENVELOPE_KIND.entry ? limits.topicMaxBytes : limits.topicMaxBytes * (1 - ENTRY_RESERVE);
}

interface PageLimits {
  readonly after: number;
  readonly limit: number;
  readonly maxBytes: number;
}

function read(rows: Books["rows"], topic: Topic, { after, limit, maxBytes }: PageLimits): LogPage {
  const row = rows.topic.get(topic);
  if (!row) return { items: [], head: firstNumber(rows) as Sequence };
  const items: { sequence: Sequence; envelope: Uint8Array }[] = [];
  let bytes = 0;
  let next = rows.next.get(row.number, after);
  for (; next && items.length < limit; next = rows.next.get(row.number, next.sequence)) {
    const { sequence, envelope } = next;
    bytes += envelope.length;
    if (items.length > 0 && bytes > maxBytes) break;
    items.push({ sequence: sequence as Sequence, envelope });
  }
  const page: LogPage = { items, head: row.head as Sequence };
  return after < row.floor ? { ...page, truncatedBefore: (row.floor + 1) as Sequence } : page;
}

function idsAfter(
  rows: Books["rows"],
  topic: Topic,
  { after, limit }: { readonly after: number; readonly limit: number },
): LogIds {
  const row = rows.topic.get(topic);
  if (!row) return { items: [], head: firstNumber(rows) as Sequence, goneBefore: 0 as Sequence };
  const items = rows.ids.all(row.number, after, limit).map(({ sequence, id }) => ({
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
  for (const id of row ? wanted : []) {
    for (const arrival of ids.candidates(id)) {
      const there = rows.envelope.get(arrival, row?.number ?? 0);
      if (!there?.id.equals(id)) continue;
      bytes += there.envelope.length;
      if (found.length > 0 && bytes > maxBytes) return found;
      found.push(there.envelope);
    }
  }
  return found;
}

function isInbox(row: TopicRow | undefined): boolean {
  return row?.inbox === 1;
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
  const { rows } = books;
  const row = rows.topic.get(topic);
  if (!row) return;
  const freed = rows.prefixBytes.get(row.number, upTo)?.bytes ?? 0;
  for (const { arrival, id } of rows.prefixIds.all(row.number, upTo)) books.ids.remove(id, arrival);
  rows.erasePrefix.run(row.number, upTo);
  rows.update.run(row.inbox, row.head, row.floor, row.bytes - freed, row.used_at, row.number);
  charge(books, 0, -freed);
}

/** Erases a chunk of the envelopes that are too old; answers whether there may be more. */
function expire(books: Books, nowMs: number): boolean {
  const { rows, limits } = books;
  const oldest = rows.oldest.all(PURGE_CHUNK);
  const young = oldest.findIndex((row) => row.arrived_at >= nowMs - limits.retentionMs);
  const expired = young < 0 ? oldest : oldest.slice(0, young);
  for (const row of expired) {
    rows.expire.run(row.sequence, row.cost, row.topic);
    charge(books, 0, -row.cost);
  }
  const last = expired.at(-1);
  if (last) {
    rows.eraseArrived.run(last.arrival);
    books.ids.forgetBefore(last.arrival + 1);
  }
  return expired.length === PURGE_CHUNK;
}

/** Erases a chunk of the topics that have been empty and idle for long; answers whether there may be more. */
function forget(books: Books, nowMs: number): boolean {
  const { rows, limits } = books;
  const kept = limits.retentionMs * EMPTY_TOPIC_RETENTIONS;
  const gone = [
    ...rows.idle.all(0, nowMs - kept, PURGE_CHUNK),
    ...rows.idle.all(1, nowMs - Math.max(kept, INBOX_FORGOTTEN_AFTER_MS), PURGE_CHUNK),
  ];
  if (gone.length === 0) return false;
  const first = gone.reduce((most, row) => Math.max(most, row.head), firstNumber(rows));
  rows.setMeta.run("first-number", Buffer.from(String(first)));
  for (const row of gone) rows.eraseTopic.run(row.number);
  charge(books, -gone.length, 0);
  return gone.length >= PURGE_CHUNK;
}

function prepare(db: Sqlite.Database) {
  return {
    usage: db.prepare<[], TopicUsage>(TOPIC_SQL.usage),
    meta: db.prepare<[string], { readonly value: Buffer }>(TOPIC_SQL.meta),
    newest: db.prepare<[], { readonly used_at: number | null }>(TOPIC_SQL.newest),
    setMeta: db.prepare<[string, Uint8Array]>(TOPIC_SQL.setMeta),
    topic: db.prepare<[Uint8Array], TopicRow>(TOPIC_SQL.topic),
    addTopic: db.prepare<[Uint8Array, number, number]>(TOPIC_SQL.addTopic),
    update: db.prepare<[number, number, number, number, number, number]>(TOPIC_SQL.update),
    arrived: db.prepare<[number], { sequence: number; id: Buffer }>(TOPIC_SQL.arrived),
    prefixIds: db.prepare<[number, number], { arrival: number; id: Buffer }>(TOPIC_SQL.prefixIds),
    addEnvelope: db.prepare<[number, number, number, Uint8Array, Uint8Array]>(TOPIC_SQL.addEnvelope),
    next: db.prepare<[number, number], { sequence: number; envelope: Buffer }>(TOPIC_SQL.next),
    ids: db.prepare<[number, number, number], { sequence: number; id: Buffer }>(TOPIC_SQL.ids),
    envelope: db.prepare<[number, number], { id: Buffer; envelope: Buffer }>(TOPIC_SQL.envelope),
    prefixBytes: db.prepare<[number, number], { bytes: number | null }>(TOPIC_SQL.prefixBytes),
    erasePrefix: db.prepare<[number, number]>(TOPIC_SQL.erasePrefix),
    oldest: db.prepare<[number], OldEnvelope>(TOPIC_SQL.oldest),
    expire: db.prepare<[number, number, number]>(TOPIC_SQL.expire),
    eraseArrived: db.prepare<[number]>(TOPIC_SQL.eraseArrived),
    idle: db.prepare<[number, number, number], { number: number; head: number }>(TOPIC_SQL.idle),
    eraseTopic: db.prepare<[number]>(TOPIC_SQL.eraseTopic),
  };
}
