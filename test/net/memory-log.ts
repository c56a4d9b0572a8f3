/** A topic log and a prekey directory in memory, as simple as their ports allow. */
import type { PrekeyDirectory } from "../../src/net/prekey-directory.ts";
import type { LogAppendResult, LogItem, TopicLog } from "../../src/net/topic-log.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { LogId, type Sequence } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";

type Stored = LogItem & { readonly sequence: Sequence };

/** Answers of one class, for tests that need a log that says no. */
export type LogMood = "working" | "busy" | "broken";

export interface MemoryLog extends TopicLog {
  mood: LogMood;
  readonly items: (topic: Uint8Array) => readonly Stored[];
  /** Numbers below `before` are gone. */
  readonly truncate: (topic: Uint8Array, before: number) => void;
}

export function memoryLog(idByte = 1): MemoryLog {
  const topics = new Map<string, { head: number; gone: number; items: Stored[] }>();
  const inboxes = new Set<string>();
  const of = (topic: Uint8Array) => {
    const found = topics.get(toHex(topic)) ?? { head: 0, gone: 0, items: [] };
    topics.set(toHex(topic), found);
    return found;
  };
  const appendOne = (item: LogItem): LogAppendResult => {
    const topic = of(item.topic);
    const known = topic.items.find((each) => toHex(each.id) === toHex(item.id));
    if (known !== undefined) return { kind: "stored", sequence: known.sequence, duplicate: true };
    if (inboxes.has(toHex(item.topic)) !== (item.kind === ENVELOPE_KIND.deposit)) {
      return { kind: "error", error: "wrong-kind" };
    }
    topic.head += 1;
    const sequence = topic.head as Sequence;
    topic.items.push({ ...item, envelope: item.envelope.slice(), sequence });
    return { kind: "stored", sequence, duplicate: false };
  };
  const log: MemoryLog = {
    mood: "working",
    logId: LogId.from(new Uint8Array(16).fill(idByte)),
    items: (topic) => of(topic).items,
    truncate: (topic, before) => {
      const found = of(topic);
      found.gone = before;
      found.items = found.items.filter((each) => each.sequence >= before);
    },
    append: async (items) => {
      if (log.mood === "broken") throw new Error("no disk");
      if (log.mood === "busy") return items.map(() => ({ kind: "error", error: "busy" }));
      return items.map(appendOne);
    },
    read: async (topic, after, { limit, maxBytes }) => {
      if (log.mood === "broken") throw new Error("no disk");
      const { items, head, gone } = of(topic);
      const page: Stored[] = [];
      let bytes = 0;
      for (const item of items) {
        if (item.sequence <= after) continue;
        bytes += item.envelope.length;
        if (page.length === limit || (page.length > 0 && bytes > maxBytes)) break;
        page.push(item);
      }
      const truncated = gone > after + 1 ? { truncatedBefore: gone as Sequence } : {};
      return { items: page, head: head as Sequence, ...truncated };
    },
    ids: async (topic, after, limit) => {
      const { items, head, gone } = of(topic);
      const found = items.filter(({ sequence }) => sequence > after).slice(0, limit);
      return { items: found, head: head as Sequence, goneBefore: gone as Sequence };
    },
    get: async (topic, ids, maxBytes) => {
      const wanted = new Set(ids.map(toHex));
      let bytes = 0;
      return of(topic).items.flatMap(({ id, envelope }, i) => {
        if (!wanted.has(toHex(id))) return [];
        bytes += envelope.length;
        return i === 0 || bytes <= maxBytes ? [envelope] : [];
      });
    },
    registerInbox: async (topic) => {
      if (inboxes.has(toHex(topic))) return true;
      if (of(topic).head > 0) return false;
      inboxes.add(toHex(topic));
      return true;
    },
    isInbox: async (topic) => inboxes.has(toHex(topic)),
    trim: async (topic, upTo) => {
      const found = of(topic);
      found.items = found.items.filter((each) => each.sequence > upTo);
    },
    health: () => ({ writable: true, lagMs: 0, durability: "synced" }),
    close: async () => undefined,
  };
  return log;
}

export function memoryDirectory(): PrekeyDirectory {
  const records = new Map<string, DirectoryRecord>();
  const of = (directoryKey: Uint8Array): readonly DirectoryRecord[] =>
    [...records.values()].filter((record) => toHex(record.directoryKey) === toHex(directoryKey));
  return {
    publish: async (record) => {
      const key = toHex(record.slot);
      if ((records.get(key)?.publishedAt ?? -1) >= record.publishedAt) return { kind: "stale" };
      records.set(key, record);
      return { kind: "published", left: record.oneTime.length };
    },
    take: async (directoryKey) =>
      of(directoryKey).map((record) => {
        const [oneTime, ...rest] = record.oneTime;
        records.set(toHex(record.slot), { ...record, oneTime: rest });
        return { slot: record.slot, bundle: record.bundle, oneTime };
      }),
    peek: async (directoryKey) => of(directoryKey).map(({ slot, bundle }) => ({ slot, bundle, oneTime: undefined })),
    count: async (_directoryKey, slot) => records.get(toHex(slot))?.oneTime.length ?? 0,
  };
}
