/** Rows and statements of the topic logs. */

/** Bytes charged for an envelope beside its own: row, id and a half, two index entries. Else tiny ones would be free. */
export const ENVELOPE_OVERHEAD_BYTES = 160;
/** Bytes charged to the total for a topic's row and index entry, which stay while it is empty: topics are free to make. */
export const TOPIC_OVERHEAD_BYTES = 160;

/** A topic's row as read. */
export interface TopicRow {
  readonly number: number;
  /** 0 or 1. */
  readonly inbox: number;
  readonly head: number;
  readonly floor: number;
  readonly bytes: number;
  readonly used_at: number;
}

/** A row of the retention's scan. */
export interface OldEnvelope {
  readonly arrival: number;
  readonly topic: number;
  readonly sequence: number;
  readonly arrived_at: number;
  readonly cost: number;
}

const COST = `length(envelope) + ${ENVELOPE_OVERHEAD_BYTES}`;

/** The statements by name; topic-store.ts says what goes in and comes out. */
export const TOPIC_SQL = {
  usage: `SELECT count(*) AS topics, coalesce(sum(bytes), 0) + count(*) * ${TOPIC_OVERHEAD_BYTES} AS bytes FROM topic`,
  newest: "SELECT max(used_at) AS used_at FROM topic",
  meta: "SELECT value FROM meta WHERE name = ?",
  setMeta: "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)",
  topic: "SELECT number, inbox, head, floor, bytes, used_at FROM topic WHERE key = ?",
  addTopic: "INSERT INTO topic (key, inbox, head, floor, bytes, used_at) VALUES (?, 0, ?, 0, 0, ?)",
  update: "UPDATE topic SET inbox = ?, head = ?, floor = ?, bytes = ?, used_at = ? WHERE number = ?",
  arrived: "SELECT sequence, id FROM envelope WHERE arrival = ?",
  addEnvelope: "INSERT INTO envelope (topic, sequence, arrived_at, id, envelope) VALUES (?, ?, ?, ?, ?)",
  next: "SELECT sequence, envelope FROM envelope WHERE topic = ? AND sequence > ? ORDER BY sequence LIMIT 1",
  ids: "SELECT sequence, id FROM envelope WHERE topic = ? AND sequence > ? ORDER BY sequence LIMIT ?",
  envelope: "SELECT id, envelope FROM envelope WHERE arrival = ? AND topic = ?",
  prefixBytes: `SELECT sum(${COST}) AS bytes FROM envelope WHERE topic = ? AND sequence <= ?`,
  prefixIds: "SELECT arrival, id FROM envelope WHERE topic = ? AND sequence <= ?",
  erasePrefix: "DELETE FROM envelope WHERE topic = ? AND sequence <= ?",
  oldest: `SELECT arrival, topic, sequence, arrived_at, ${COST} AS cost FROM envelope ORDER BY arrival LIMIT ?`,
  expire: "UPDATE topic SET floor = ?, bytes = bytes - ? WHERE number = ?",
  eraseArrived: "DELETE FROM envelope WHERE arrival <= ?",
  idle: "SELECT number, head FROM topic WHERE bytes = 0 AND inbox = ? AND used_at < ? ORDER BY used_at LIMIT ?",
  eraseTopic: "DELETE FROM topic WHERE number = ?",
} as const;
