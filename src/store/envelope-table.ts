/**
 * Envelopes of our groups in the profile database, numbered per topic: what a member serves to the others.
 *
 * 1. Writes happen inside a transaction of the caller's; what is kept is so in the commit of what it caused.
 * 2. An id is there once per topic. Numbers of a topic only grow.
 * 3. Retention by age and bytes drops from a topic's front and leaves the id, so that what was dropped is not fetched
 *    again from whoever still has it; ids go after another retention.
 *
 * Envelopes are ciphertext: that an epoch's keys are erased does not erase them, and they need no erasing.
 */
import type Database from "better-sqlite3-multiple-ciphers";
import { ENVELOPE_KIND } from "../wire/envelope.ts";
import { type EnvelopeId, LogId, type Sequence, type Topic } from "../wire/ids.ts";
import { ENVELOPE_MAX_BYTES } from "../wire/limits.ts";
import {
  ENVELOPE_LIMITS,
  type EnvelopeItem,
  type EnvelopeLimits,
  type EnvelopeStored,
  type EnvelopeTable,
} from "./kept-envelopes.ts";

/** Bytes that an envelope counts beside its own: row, id, three index entries. */
const OVERHEAD_BYTES = 160;

/** Part of a topic's bytes that only entries may use, so that messages cannot lock a group out of its own log. */
const ENTRY_RESERVE = 1 / 16;
/** Old ones that are dropped in a commit beside as many as are added: more go than come, and no commit gets long. */
const DROPPED_BESIDE = 16;

/** A topic as the tables have it. */
interface TopicRow {
  readonly number: number;
  readonly head: number;
  /** Numbers up to this one were dropped. */
  readonly floor: number;
  readonly bytes: number;
}

/** An envelope that may have to go. */
interface OldRow {
  readonly arrival: number;
  readonly topic: number;
  readonly sequence: number;
  readonly keptAtMs: number;
  readonly bytes: number;
}

/** Statements of the tables, exported for the test that explains their plans. */
export const ENVELOPE_SQL = {
  logId: "SELECT id FROM kept_log",
  usage: "SELECT count(*) AS topics, coalesce(sum(bytes), 0) AS bytes FROM kept_topic",
  topic: "SELECT number, head, floor, bytes FROM kept_topic WHERE key = ?",
  addTopic: "INSERT INTO kept_topic (key, head, floor, bytes) VALUES (?, 0, 0, 0)",
  grow: "UPDATE kept_topic SET head = ?, bytes = bytes + ? WHERE number = ?",
  shrink: "UPDATE kept_topic SET floor = max(floor, ?), bytes = bytes - ? WHERE number = ?",
  stored: "SELECT sequence FROM kept_envelope WHERE topic = ? AND id = ?",
  add: "INSERT INTO kept_envelope (topic, sequence, kept_at_ms, id, envelope) VALUES (?, ?, ?, ?, ?)",
  oldest: `SELECT arrival, topic, sequence, kept_at_ms AS keptAtMs, length(envelope) AS bytes FROM kept_envelope
    WHERE envelope IS NOT NULL ORDER BY arrival LIMIT 1`,
  oldestOf: `SELECT arrival, topic, sequence, kept_at_ms AS keptAtMs, length(envelope) AS bytes FROM kept_envelope
    WHERE topic = ? AND sequence > ? AND envelope IS NOT NULL ORDER BY sequence LIMIT 1`,
  drop: "UPDATE kept_envelope SET envelope = NULL WHERE arrival = ?",
  forget: `DELETE FROM kept_envelope WHERE arrival IN
    (SELECT arrival FROM kept_envelope ORDER BY arrival LIMIT ?)
    AND kept_at_ms < ? AND envelope IS NULL`,
  next: `SELECT sequence, envelope FROM kept_envelope WHERE topic = ? AND sequence > ? AND envelope IS NOT NULL
    ORDER BY sequence LIMIT 1`,
  ids: "SELECT sequence, id FROM kept_envelope WHERE topic = ? AND sequence > ? ORDER BY sequence LIMIT ?",
  get: "SELECT envelope FROM kept_envelope WHERE topic = ? AND sequence = ? AND envelope IS NOT NULL",
  prefixBytes: `SELECT coalesce(sum(length(envelope) + ${OVERHEAD_BYTES}), 0) AS bytes FROM kept_envelope
    WHERE topic = ? AND sequence <= ? AND envelope IS NOT NULL`,
  erase: "DELETE FROM kept_envelope WHERE topic = ? AND sequence <= ?",
} as const;

type Rows = ReturnType<typeof prepare>;

/** The tables of an open database. */
export function envelopeTable(database: Database.Database, limits: EnvelopeLimits = ENVELOPE_LIMITS): EnvelopeTable {
  const rows = prepare(database);
  const books = (): Books => ({ rows, limits, total: { bytes: rows.usage.get()?.bytes ?? 0 }, topics: new Map() });
  return {
    logId: LogId.from(new Uint8Array(rows.logId.get()?.id ?? [])),
    append: (item, nowMs) => {
      const one = books();
      const stored = store(one, item, nowMs, "refuse");
      saveTopics(one);
      return stored;
    },
    keep: (items, nowMs) => (items.length === 0 ? [] : keepAll(books(), items, nowMs)),
    read: pageReader(rows),
    ids: idReader(rows),
    get: envelopeReader(rows),
    trim: (topic, upTo) => {
      const row = rows.topic.get(topic);
      if (!row) return;
      rows.shrink.run(0, rows.prefixBytes.get(row.number, upTo)?.bytes ?? 0, row.number);
      rows.erase.run(row.number, upTo);
    },
    usage: () => rows.usage.get() ?? { topics: 0, bytes: 0 },
  };
}

interface Books {
  readonly rows: Rows;
  readonly limits: EnvelopeLimits;
  /** What all topics hold: one transaction's account, since it may be rolled back. */
  readonly total: { bytes: number };
  /** Rows of topics by their keys, one look and one change each: messages that come together are of few topics. */
  readonly topics: Map<string, Growing>;
}

interface Growing extends TopicRow {
  /** Bytes that were added, and not yet to the table. */
  readonly unsaved: number;
}

const keyOf = ({ buffer, byteOffset, byteLength }: Topic): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString("latin1");

function topicOf({ rows, topics }: Books, topic: Topic): Growing | undefined {
  const key = keyOf(topic);
  const known = topics.get(key);
  const row = known ? undefined : rows.topic.get(topic);
  if (row) topics.set(key, { ...row, unsaved: 0 });
  return known ?? topics.get(key);
}

function saveTopics({ rows, topics }: Books): void {
  for (const { number, head, unsaved } of topics.values()) if (unsaved > 0) rows.grow.run(head, unsaved, number);
  topics.clear();
}

function store(books: Books, item: EnvelopeItem, nowMs: number, ifFull: "refuse" | "drop-oldest"): EnvelopeStored {
  const { rows } = books;
  if (item.envelope.length > ENVELOPE_MAX_BYTES) return { kind: "error", error: "too-large" };
  if (item.kind === ENVELOPE_KIND.deposit) return { kind: "error", error: "wrong-kind" };
  const known = topicOf(books, item.topic);
  const there = known && rows.stored.get(known.number, item.id)?.sequence;
  if (there !== undefined) return { kind: "stored", sequence: there as Sequence, duplicate: true };
  const cost = item.envelope.length + OVERHEAD_BYTES;
  if (!makeRoom(books, known, { ...item, cost }, ifFull)) return { kind: "error", error: "quota" };
  const before = topicOf(books, item.topic) ?? addTopic(books, item.topic); // making room may have changed it
  const head = before.head + 1;
  rows.add.run(before.number, head, nowMs, item.id, item.envelope);
  const grown = { ...before, head, bytes: before.bytes + cost, unsaved: before.unsaved + cost };
  books.topics.set(keyOf(item.topic), grown);
  books.total.bytes += cost;
  return { kind: "stored", sequence: head as Sequence, duplicate: false };
}

function addTopic({ rows }: Books, topic: Topic): Growing {
  return { number: Number(rows.addTopic.run(topic).lastInsertRowid), head: 0, floor: 0, bytes: 0, unsaved: 0 };
}

function keepAll(books: Books, items: readonly EnvelopeItem[], nowMs: number): readonly EnvelopeStored[] {
  dropOld(books, nowMs, DROPPED_BESIDE + items.length);
  const stored = items.map((item) => store(books, item, nowMs, "drop-oldest"));
  saveTopics(books);
  return stored;
}

/** True when the item fits, now. */
function makeRoom(
  books: Books,
  topic: TopicRow | undefined,
  { kind, cost }: { readonly kind: number; readonly cost: number },
  ifFull: "refuse" | "drop-oldest",
): boolean {
  const { rows, limits, total } = books;
  const quota = kind === ENVELOPE_KIND.entry ? limits.topicMaxBytes : limits.topicMaxBytes * (1 - ENTRY_RESERVE);
  let over = Math.max(0, (topic?.bytes ?? 0) + cost - quota);
  while (topic && over > 0 && ifFull === "drop-oldest") {
    const dropped = drop(books, rows.oldestOf.get(topic.number, topic.floor));
    if (dropped === 0) break;
    over -= dropped;
  }
  const isTooMuch = (): boolean => total.bytes + cost > limits.totalMaxBytes;
  while (isTooMuch() && ifFull === "drop-oldest") if (drop(books, rows.oldest.get()) === 0) break;
  return over <= 0 && !isTooMuch();
}

function dropOld(books: Books, nowMs: number, most: number): void {
  const { rows, limits } = books;
  for (let i = 0; i < most; i++) {
    const oldest = rows.oldest.get();
    if (!oldest || oldest.keptAtMs >= nowMs - limits.retentionMs) break;
    drop(books, oldest);
  }
  rows.forget.run(most, nowMs - 2 * limits.retentionMs);
}

/** Bytes that this freed. */
function drop(books: Books, row: OldRow | undefined): number {
  if (!row) return 0;
  saveTopics(books); // what it frees may be one's of these
  const { rows, total } = books;
  rows.drop.run(row.arrival);
  rows.shrink.run(row.sequence, row.bytes + OVERHEAD_BYTES, row.topic);
  total.bytes -= row.bytes + OVERHEAD_BYTES;
  return row.bytes + OVERHEAD_BYTES;
}

function pageReader(rows: Rows): EnvelopeTable["read"] {
  return (topic, after, { limit, maxBytes }) => {
    const row = rows.topic.get(topic);
    if (!row) return { items: [], head: 0 as Sequence };
    const items: { readonly sequence: Sequence; readonly envelope: Uint8Array }[] = [];
    let bytes = 0;
    let next = rows.next.get(row.number, after);
    for (; next && items.length < limit; next = rows.next.get(row.number, next.sequence)) {
      const { sequence, envelope } = next;
      bytes += envelope.length;
      if (items.length > 0 && bytes > maxBytes) break;
      items.push({ sequence: sequence as Sequence, envelope: new Uint8Array(envelope) });
    }
    const page = { items, head: row.head as Sequence };
    return after < row.floor ? { ...page, truncatedBefore: (row.floor + 1) as Sequence } : page;
  };
}

function idReader(rows: Rows): EnvelopeTable["ids"] {
  return (topic, after, limit) => {
    const row = rows.topic.get(topic);
    const found = row ? rows.ids.all(row.number, after, limit) : [];
    return {
      items: found.map(({ sequence, id }) => ({
        sequence: sequence as Sequence,
        id: new Uint8Array(id) as EnvelopeId,
      })),
      head: (row?.head ?? 0) as Sequence,
      goneBefore: 0 as Sequence, // ids outlive their envelopes
    };
  };
}

function envelopeReader(rows: Rows): EnvelopeTable["get"] {
  return (topic, ids, maxBytes) => {
    const number = rows.topic.get(topic)?.number;
    if (number === undefined) return [];
    const sequences = ids.flatMap((id) => rows.stored.get(number, id)?.sequence ?? []);
    const found: Uint8Array[] = [];
    let bytes = 0;
    for (const sequence of sequences.sort((one, other) => one - other)) {
      const envelope = rows.get.get(number, sequence)?.envelope;
      bytes += envelope?.length ?? 0;
      if (found.length > 0 && bytes > maxBytes) break;
      if (envelope) found.push(new Uint8Array(envelope));
    }
    return found;
  };
}

function prepare(db: Database.Database) {
  return {
    logId: db.prepare<[], { id: Buffer }>(ENVELOPE_SQL.logId),
    usage: db.prepare<[], { topics: number; bytes: number }>(ENVELOPE_SQL.usage),
    topic: db.prepare<[Uint8Array], TopicRow>(ENVELOPE_SQL.topic),
    addTopic: db.prepare<[Uint8Array]>(ENVELOPE_SQL.addTopic),
    grow: db.prepare<[number, number, number]>(ENVELOPE_SQL.grow),
    shrink: db.prepare<[number, number, number]>(ENVELOPE_SQL.shrink),
    stored: db.prepare<[number, Uint8Array], { sequence: number }>(ENVELOPE_SQL.stored),
    add: db.prepare<[number, number, number, Uint8Array, Uint8Array]>(ENVELOPE_SQL.add),
    oldest: db.prepare<[], OldRow>(ENVELOPE_SQL.oldest),
    oldestOf: db.prepare<[number, number], OldRow>(ENVELOPE_SQL.oldestOf),
    drop: db.prepare<[number]>(ENVELOPE_SQL.drop),
    forget: db.prepare<[number, number]>(ENVELOPE_SQL.forget),
    next: db.prepare<[number, number], { sequence: number; envelope: Buffer }>(ENVELOPE_SQL.next),
    ids: db.prepare<[number, number, number], { sequence: number; id: Buffer }>(ENVELOPE_SQL.ids),
    get: db.prepare<[number, number], { envelope: Buffer }>(ENVELOPE_SQL.get),
    prefixBytes: db.prepare<[number, number], { bytes: number }>(ENVELOPE_SQL.prefixBytes),
    erase: db.prepare<[number, number]>(ENVELOPE_SQL.erase),
  };
}
