/**
 * What the profile keeps of its groups' envelopes, as a topic log: the port of src/net/topic-log.ts, which a topic
 * service serves from. It takes no inboxes: mail waits on relays.
 *
 * test/contract/topic-log-contract.ts runs it. Envelopes come in with the commits of the profile ({@link EnvelopeLog.watch}
 * tells of those), or by `append`.
 */
import type Database from "better-sqlite3-multiple-ciphers";
import type { EnvelopeId, LogId, Sequence, Topic } from "../wire/ids.ts";
import type {
  EnvelopeIds,
  EnvelopeItem,
  EnvelopePage,
  EnvelopeStored,
  EnvelopeTable,
  KeptEnvelope,
} from "./kept-envelopes.ts";

/** As TopicLog of src/net, which this folder does not know. */
export interface EnvelopeLog {
  readonly logId: LogId;
  readonly append: (items: readonly EnvelopeItem[]) => Promise<readonly EnvelopeStored[]>;
  readonly read: (...query: Parameters<EnvelopeTable["read"]>) => Promise<EnvelopePage>;
  readonly ids: (topic: Topic, after: Sequence, limit: number) => Promise<EnvelopeIds>;
  readonly get: (topic: Topic, ids: readonly EnvelopeId[], maxBytes: number) => Promise<readonly Uint8Array[]>;
  /** False always. */
  readonly registerInbox: (topic: Topic) => Promise<boolean>;
  readonly isInbox: (topic: Topic) => Promise<boolean>;
  readonly trim: (topic: Topic, upTo: Sequence) => Promise<void>;
  readonly health: () => { readonly writable: boolean; readonly lagMs: number; readonly durability: "synced" };
  readonly usage: () => { readonly topics: number; readonly bytes: number };
  /** Tells, after each commit of the profile, which envelopes are new here. Answers how to stop. */
  readonly watch: (told: Watcher) => () => void;
  /** Does nothing: the profile is closed as a whole. */
  readonly close: () => Promise<void>;
}

type Watcher = (fresh: readonly KeptEnvelope[]) => void;

/** What the log needs of its profile. */
export interface EnvelopeLogParts {
  readonly database: Database.Database;
  readonly table: EnvelopeTable;
  /** Runs work on the database; its errors become storage faults. */
  readonly guarded: <T>(work: () => T) => Promise<T>;
  /** The same for work that writes. */
  readonly durably: (work: () => void) => Promise<void>;
}

/** The log, and the way to tell its watchers. */
export function envelopeLog({ database, table, guarded, durably }: EnvelopeLogParts): {
  readonly log: EnvelopeLog;
  readonly tell: Watcher;
} {
  const watchers = new Set<Watcher>();
  const tell: Watcher = (fresh) => {
    if (fresh.length > 0) for (const told of watchers) told(fresh);
  };
  const appendAll = database.transaction((items: readonly EnvelopeItem[]) =>
    items.map((item) => table.append(item, Date.now())),
  );
  const log: EnvelopeLog = {
    logId: table.logId,
    append: async (items) => {
      let results: readonly EnvelopeStored[] = [];
      await durably(() => {
        results = appendAll.immediate(items);
      });
      return results;
    },
    read: (...query) => guarded(() => table.read(...query)),
    ids: (topic, after, limit) => guarded(() => table.ids(topic, after, limit)),
    get: (topic, ids, maxBytes) => guarded(() => table.get(topic, ids, maxBytes)),
    registerInbox: async () => false,
    isInbox: async () => false,
    trim: (topic, upTo) => durably(() => table.trim(topic, upTo)),
    health: () => ({ writable: true, lagMs: 0, durability: "synced" }),
    usage: () => table.usage(),
    watch: (told) => {
      watchers.add(told);
      return () => watchers.delete(told);
    },
    close: async () => undefined,
  };
  return { log, tell };
}
