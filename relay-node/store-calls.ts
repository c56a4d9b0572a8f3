/** What the relay's main thread and its store's worker say to each other. */
import type { FaultCode } from "../src/wire/fault.ts";
import type { DirectoryKey, LogId, SlotKey, Topic } from "../src/wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../src/wire/prekey-frames.ts";
import type { DirectoryLimits, DirectoryUsage, Published } from "./directory-store.ts";
import type { DatabaseOptions } from "./store-schema.ts";
import type { TopicLimits, TopicUsage } from "./topic-quotas.ts";
import type { TopicStore } from "./topic-store.ts";

/** Where the database is and what it may hold. */
export interface StoreOptions extends DatabaseOptions, TopicLimits, DirectoryLimits {}

/** What the store holds, in rows and charged bytes. */
export interface StoreUsage {
  readonly log: TopicUsage;
  readonly directory: DirectoryUsage;
}

/** The worker's operations. */
export interface StoreCalls extends Pick<TopicStore, "read" | "ids" | "get" | "isInbox" | "trim"> {
  /** Items and results as packed-items.ts has them. */
  readonly append: (packed: Uint8Array<ArrayBuffer>) => Float64Array<ArrayBuffer>;
  readonly registerInbox: (topic: Topic) => boolean;
  readonly publish: (record: DirectoryRecord) => Published;
  readonly take: (directoryKey: DirectoryKey) => readonly TakenPrekeys[];
  readonly peek: (directoryKey: DirectoryKey) => readonly TakenPrekeys[];
  readonly count: (directoryKey: DirectoryKey, slot: SlotKey) => number;
  /** Answers whether there may be more to erase. Without a time: now. */
  readonly purge: (nowMs?: number) => boolean;
  readonly usage: () => StoreUsage;
  /** Answers after everything queued before it; nothing may follow. */
  readonly close: () => void;
}
export type CallName = keyof StoreCalls;

/** Those that change the database: all that wait share one transaction. */
export const WRITES: ReadonlySet<CallName> = new Set<CallName>([
  "append",
  "registerInbox",
  "trim",
  "publish",
  "take",
  "purge",
]);

/** One call on its way to the worker. */
export interface StoreRequest {
  readonly id: number;
  readonly name: CallName;
  readonly args: readonly unknown[];
}

/** Its answer. */
export type StoreReply =
  | { readonly kind: "value"; readonly id: number; readonly value: unknown }
  | { readonly kind: "fault"; readonly id: number; readonly code: FaultCode; readonly message: string };

/** The worker's first words. */
export type StoreGreeting =
  | { readonly kind: "open"; readonly logId: LogId }
  | { readonly kind: "refused"; readonly code: FaultCode; readonly message: string };
