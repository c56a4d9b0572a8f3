/**
 * The profile store of the client's port over an encrypted SQLite database.
 *
 * 1. A commit is one transaction, synced when it resolves: all of it is there after kill -9 or a power cut, or nothing.
 * 2. Erased and overwritten records leave the files: erasable-values.ts in the pages, write-ahead-log.ts for the log.
 * 3. Everything on disk is encrypted, temporary data never gets there.
 *
 * SQLite runs on the calling thread: a commit costs a sync anyway, and pages are found by index. One process opens a profile at
 * a time (profile-lock.ts).
 */
import { hash } from "node:crypto";
import type Database from "better-sqlite3-multiple-ciphers";
import type { Clock } from "../client/ports/clock.ts";
import type { ProfileChanges, ProfileStore } from "../client/ports/profile.ts";
import { envelopeId } from "../verify/envelope-check.ts";
import { kindOf, topicOf } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import { Topic } from "../wire/ids.ts";
import { conversationTable } from "./conversation-table.ts";
import { type EnvelopeLog, envelopeLog } from "./envelope-log.ts";
import { envelopeTable } from "./envelope-table.ts";
import type { EnvelopeLimits, EnvelopeTable, KeptEnvelope } from "./kept-envelopes.ts";
import { pageCopier } from "./page-copier.ts";
import { openProfileDatabase, type ProfileLocation } from "./profile-database.ts";
import { checkProfileDirectory } from "./profile-directory.ts";
import { recordTable } from "./record-table.ts";
import { storageFault } from "./storage-fault.ts";
import { keepLogShort } from "./write-ahead-log.ts";

/** What {@link openProfileStore} needs. */
export interface ProfileStoreOptions extends ProfileLocation {
  /** Timer for checkpoints; that of the process by default. */
  readonly after?: Clock["after"];
  /** Bounds of the envelopes that are kept; ENVELOPE_LIMITS by default. */
  readonly envelopeLimits?: EnvelopeLimits;
  /** Pages of a long write-ahead log are copied by a thread; true by default. */
  readonly hasThread?: boolean;
}

/** A profile's store and what it keeps of its groups' envelopes. */
export interface OpenProfileStore extends ProfileStore {
  readonly envelopes: EnvelopeLog;
}

/**
 * Opens the database that {@link createProfileDirectory} made, with its 32-byte data key; brings an older schema up to
 * date. Throws `storage/corrupt` (damaged, foreign or another key), `storage/too-new`, `storage/full`,
 * `storage/busy`, `storage/failed`, `usage/no-profile`, `usage/not-allowed`.
 */
export async function openProfileStore(options: ProfileStoreOptions): Promise<OpenProfileStore> {
  const location: ProfileLocation = options;
  await checkProfileDirectory(location.directory);
  const database = openProfileDatabase(location);
  try {
    return profileStore(database, options);
  } catch (error) {
    database.close();
    throw storageFault(error, location.directory);
  }
}

function profileStore(
  database: Database.Database,
  { directory, dataKey, after, envelopeLimits, hasThread = true }: ProfileStoreOptions,
): OpenProfileStore {
  const table = envelopeTable(database, envelopeLimits);
  const records = recordTable(database);
  const conversations = conversationTable(database);
  const log = keepLogShort(database, { after, copier: hasThread ? pageCopier({ directory, dataKey }) : undefined });
  // What a killed owner erased may still be in the log that it left.
  log.committed();
  const write = database.transaction((changes: ProfileChanges) => {
    records.write(changes.records);
    conversations.write(changes);
    return keepEnvelopes(table, changes.kept ?? []);
  });
  const guarded = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      throw storageFault(error, directory);
    }
  };
  const durably = (work: () => void) =>
    guarded(() => {
      work();
      log.committed();
    });
  const { log: envelopes, tell } = envelopeLog({ database, table, guarded, durably });
  return {
    envelopes,
    load: (keys) => guarded(() => records.load(keys)),
    scan: (prefix, options) => guarded(() => records.scan(prefix, options)),
    commit: async (changes) => {
      let fresh: readonly KeptEnvelope[] = [];
      await durably(() => {
        fresh = write.immediate(changes);
      });
      tell(fresh);
    },
    history: (query) => guarded(() => conversations.history(query)),
    line: (group, id) => guarded(() => conversations.line(group, id)),
    lineDepth: (group, id) => guarded(() => conversations.lineDepth(group, id)),
    unread: (group) => guarded(() => conversations.unread(group)),
    arrivals: (group, shown) => guarded(() => conversations.arrivals(group, shown)),
    markRead: (group, shown) => durably(() => conversations.markRead(group, shown)),
    close: () =>
      close(database, directory, log.stop).catch((error: unknown) => {
        throw storageFault(error, directory);
      }),
  };
}

/** Answers those that were not here before. */
function keepEnvelopes(table: EnvelopeTable, encoded: readonly Uint8Array[]): readonly KeptEnvelope[] {
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash("sha256", bytes, "buffer"));
  const items = encoded.map((envelope) => ({
    topic: Topic.from(topicOf(envelope).slice()),
    id: envelopeId(sha256, envelope),
    kind: kindOf(envelope),
    envelope,
  }));
  return table.keep(items, Date.now()).flatMap((stored, i) => {
    const item = items[i];
    const isFresh = stored.kind === "stored" && !stored.duplicate;
    return item && isFresh ? [{ topic: item.topic, sequence: stored.sequence, envelope: item.envelope }] : [];
  });
}

async function close(database: Database.Database, directory: string, emptyLog: () => Promise<void>): Promise<void> {
  try {
    await emptyLog();
  } catch (error) {
    const { code } = storageFault(error, directory);
    if (code === "internal/invariant") throw error;
    throw new Fault(
      code,
      `Everything is saved, but the disk did not let erased data be removed from ${directory}; free some space and start Hermes again.`,
      {
        cause: error,
      },
    );
  } finally {
    database.close();
  }
}
