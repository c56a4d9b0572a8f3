/**
 * What is too old in the topic logs goes, a chunk at a time: envelopes, then rows of topics that stay empty.
 *
 * Invariant: when a row goes, its head raises the number at which every later topic starts, so no number is given twice.
 */
import type Sqlite from "better-sqlite3-multiple-ciphers";
import type { ArrivedIds } from "./arrived-ids.ts";
import type { TopicNumbers } from "./topic-numbers.ts";
import { COST_SQL, type OldEnvelope } from "./topic-rows.ts";

/** An empty topic's row is kept for two retentions after its last use, to tell late readers that they missed something. */
const EMPTY_TOPIC_RETENTIONS = 2;
/** An empty inbox that nobody opened or wrote to is forgotten after this: its owner is taken to be gone. */
const INBOX_FORGOTTEN_AFTER_MS = 365 * 86_400_000;
/** Rows erased in one transaction (at most 16 MiB), so that appends do not wait long. */
const PURGE_CHUNK = 250;

/** What retention changes beside its rows. */
export interface RetentionBooks {
  readonly ids: Pick<ArrivedIds, "forgetBefore">;
  readonly numbers: Pick<TopicNumbers, "remove">;
  readonly limits: { readonly retentionMs: number };
  /** Counts topics and bytes less. */
  readonly charge: (topics: number, bytes: number) => void;
}

/** Retention over an open database. Writes happen inside a transaction of the caller's. */
export interface TopicRetention {
  /** Erases up to a chunk of what is too old; answers whether there may be more. */
  readonly purge: (nowMs: number) => boolean;
  /** Where a topic starts that is not known, or no more. */
  readonly firstNumber: () => number;
}

/** @param db open and migrated, see store-schema.ts */
export function topicRetention(db: Sqlite.Database, books: RetentionBooks): TopicRetention {
  const rows = prepare(db);
  return {
    purge: (nowMs) => [expire(rows, books, nowMs), forget(rows, books, nowMs)].includes(true),
    firstNumber: () => firstNumber(rows),
  };
}

type Rows = ReturnType<typeof prepare>;

function firstNumber(rows: Rows): number {
  return Number(rows.first.get()?.value ?? 0);
}

function expire(rows: Rows, { ids, numbers, limits, charge }: RetentionBooks, nowMs: number): boolean {
  const oldest = rows.oldest.all(PURGE_CHUNK);
  const young = oldest.findIndex((row) => row.arrived_at >= nowMs - limits.retentionMs);
  const expired = young < 0 ? oldest : oldest.slice(0, young);
  for (const row of expired) {
    rows.expire.run(row.sequence, row.cost, row.topic);
    numbers.remove(row.topic, row.sequence);
    charge(0, -row.cost);
  }
  const last = expired.at(-1);
  if (last) {
    rows.eraseArrived.run(last.arrival);
    ids.forgetBefore(last.arrival + 1);
  }
  return expired.length === PURGE_CHUNK;
}

/** Of the topics that have been empty and idle for long. */
function forget(rows: Rows, { limits, charge }: RetentionBooks, nowMs: number): boolean {
  const kept = limits.retentionMs * EMPTY_TOPIC_RETENTIONS;
  const gone = [
    ...rows.idle.all(0, nowMs - kept, PURGE_CHUNK),
    ...rows.idle.all(1, nowMs - Math.max(kept, INBOX_FORGOTTEN_AFTER_MS), PURGE_CHUNK),
  ];
  if (gone.length === 0) return false;
  const first = gone.reduce((most, row) => Math.max(most, row.head), firstNumber(rows));
  rows.setFirst.run(Buffer.from(String(first)));
  for (const row of gone) rows.eraseTopic.run(row.number);
  charge(-gone.length, 0);
  return gone.length >= PURGE_CHUNK;
}

function prepare(db: Sqlite.Database) {
  return {
    first: db.prepare<[], { readonly value: Buffer }>("SELECT value FROM meta WHERE name = 'first-number'"),
    setFirst: db.prepare<[Uint8Array]>("INSERT OR REPLACE INTO meta (name, value) VALUES ('first-number', ?)"),
    oldest: db.prepare<[number], OldEnvelope>(
      `SELECT arrival, topic, sequence, arrived_at, ${COST_SQL} AS cost FROM envelope ORDER BY arrival LIMIT ?`,
    ),
    expire: db.prepare<[number, number, number]>("UPDATE topic SET floor = ?, bytes = bytes - ? WHERE number = ?"),
    eraseArrived: db.prepare<[number]>("DELETE FROM envelope WHERE arrival <= ?"),
    idle: db.prepare<[number, number, number], { number: number; head: number }>(
      "SELECT number, head FROM topic WHERE bytes = 0 AND inbox = ? AND used_at < ? ORDER BY used_at LIMIT ?",
    ),
    eraseTopic: db.prepare<[number]>("DELETE FROM topic WHERE number = ?"),
  };
}
