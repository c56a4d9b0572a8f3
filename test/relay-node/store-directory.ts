/** Opens relay stores in directories of their own and removes them afterwards. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRelayStore, type RelayStore, type RelayStoreOptions } from "../../relay-node/relay-store.ts";

/** Roomy limits; tests narrow the one that they are about. */
export const ROOMY = {
  maxPages: 0,
  topicMaxBytes: 1e9,
  inboxMaxBytes: 1e9,
  totalMaxBytes: 1e9,
  queueMaxBytes: 1e9,
  directoryMaxBytes: 1e9,
  retentionMs: 30 * 86_400_000,
  directoryRetentionMs: 180 * 86_400_000,
} as const;

/** A new directory under the system's temporary one. */
export function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), "hermes-relay-"));
}

/** A store in a new directory. */
export interface TemporaryStore {
  readonly directory: string;
  readonly store: RelayStore;
  readonly reopen: () => Promise<RelayStore>;
  /** Closes whatever is open and removes the directory. */
  readonly dispose: () => Promise<void>;
}

/** @param narrow limits that differ from {@link ROOMY} */
export async function temporaryStore(narrow: Partial<RelayStoreOptions> = {}): Promise<TemporaryStore> {
  const directory = await temporaryDirectory();
  const stores: RelayStore[] = [];
  async function open(): Promise<RelayStore> {
    const store = await openRelayStore({ ...ROOMY, ...narrow, directory });
    stores.push(store);
    return store;
  }
  return {
    directory,
    store: await open(),
    reopen: open,
    dispose: async () => {
      for (const { log } of stores) await log.close();
      await rm(directory, { recursive: true });
    },
  };
}
