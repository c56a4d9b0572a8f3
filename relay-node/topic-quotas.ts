/** What the topic logs may hold. */
import type { LogItem } from "../src/net/topic-log.ts";
import { ENVELOPE_KIND } from "../src/wire/envelope.ts";
import { ENVELOPE_OVERHEAD_BYTES, TOPIC_OVERHEAD_BYTES, type TopicRow } from "./topic-rows.ts";

/** Part of a topic's quota kept for membership entries, so that messages cannot lock a group out of its own log. */
const ENTRY_RESERVE = 1 / 16;

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

/** Whether it fits into its topic and the whole. */
export function hasRoom(
  { limits, usage }: { readonly limits: TopicLimits; readonly usage: TopicUsage },
  row: TopicRow | undefined,
  item: LogItem,
): boolean {
  const cost = item.envelope.length + ENVELOPE_OVERHEAD_BYTES;
  const newTopic = row === undefined ? TOPIC_OVERHEAD_BYTES : 0;
  if (usage.bytes + cost + newTopic > limits.totalMaxBytes) return false;
  return (row?.bytes ?? 0) + cost <= quotaOf(row, item, limits);
}

function quotaOf(row: TopicRow | undefined, item: LogItem, limits: TopicLimits): number {
  if (isInbox(row)) return limits.inboxMaxBytes;
  return item.kind === ENVELOPE_KIND.entry ? limits.topicMaxBytes : limits.topicMaxBytes * (1 - ENTRY_RESERVE);
}

/** Whether a topic is an inbox, as far as is known. */
export function isInbox(row: TopicRow | undefined): boolean {
  return row?.inbox === 1;
}
