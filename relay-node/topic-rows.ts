/** Rows of the topic logs, and what they are charged. */

/** Bytes charged for an envelope beside its own: row, id and a half, a number. Else tiny ones would be free. */
export const ENVELOPE_OVERHEAD_BYTES = 160;
/** SQL for what an envelope is charged. */
export const COST_SQL = `length(envelope) + ${ENVELOPE_OVERHEAD_BYTES}`;

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
