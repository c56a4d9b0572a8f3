import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { createSqliteDirectory } from "../../relay-node/sqlite-directory.ts";
import type { CallName } from "../../relay-node/store-calls.ts";
import type { StoreThread } from "../../relay-node/store-thread.ts";
import { Fault } from "../../src/wire/fault.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { directoryKeyOf, prekeyDirectoryContract, recordOf, slotOf } from "../contract/prekey-directory-contract.ts";
import { ROOMY, type TemporaryStore, temporaryStore } from "./store-directory.ts";

prekeyDirectoryContract("embedded database", async () => {
  const { store, reopen, dispose } = await temporaryStore();
  const reopened = async () => {
    await store.log.close();
    return (await reopen()).directory;
  };
  return { directory: store.directory, reopen: reopened, dispose };
});

describe("the relay's prekey directory", () => {
  const stores: TemporaryStore[] = [];

  async function open(...narrow: Parameters<typeof temporaryStore>): Promise<TemporaryStore> {
    const store = await temporaryStore(...narrow);
    stores.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of stores.splice(0)) await store.dispose();
  });

  it("hands out bundles without one-time prekeys while nothing can be erased, and publishes nothing", async () => {
    const bundle = { slot: slotOf(1), bundle: new Uint8Array(3), oneTime: undefined };
    const call = async (name: CallName): Promise<unknown> => {
      if (name === "peek") return [bundle];
      throw new Fault("storage/full", "no room");
    };
    const directory = createSqliteDirectory({ call } as unknown as StoreThread);
    assert.deepEqual(await directory.take(directoryKeyOf(1)), [bundle]);
    assert.deepEqual(await directory.publish(recordOf({})), { kind: "unavailable" });
  });

  it("erases slots that were not renewed within the retention, and no others", async () => {
    const opened = await open();
    const { directory, purge, usage } = opened.store;
    await directory.publish(recordOf({ ids: [1, 2] }));
    await purge(Date.now() + ROOMY.directoryRetentionMs - 60_000);
    assert.equal(await directory.count(directoryKeyOf(1), slotOf(1)), 2);
    await purge(Date.now() + ROOMY.directoryRetentionMs + 60_000);
    assert.deepEqual(await directory.take(directoryKeyOf(1)), []);
    assert.deepEqual((await usage()).directory, { slots: 0, bytes: 0 });
  });

  it("is full at its quota, goes on renewing, and counts what it gives away as free again", async () => {
    const opened = await open({ directoryMaxBytes: 3_000 });
    const { directory, usage } = opened.store;
    let slot = 1;
    while ((await directory.publish(recordOf({ account: slot, slot, ids: [1] }))).kind === "published") slot++;
    assert(slot > 5);
    const full = (await usage()).directory.bytes;
    assert(full <= 3_000 && full > 2_000, `${full} bytes`);
    assert.equal((await directory.publish(recordOf({ at: 2 }))).kind, "published");
    assert.equal((await usage()).directory.bytes, full);
    const renewed = await directory.publish(recordOf({ at: 3, ids: [1, 2, 3] }));
    assert.equal(renewed.kind, "published", "a bundle is renewed also where its new one-time prekeys have no room");
    const [slotNow] = await directory.peek(directoryKeyOf(1));
    assert.equal(toHex(slotNow?.bundle ?? new Uint8Array()), toHex(recordOf({ at: 3 }).bundle));
    const kept = (await usage()).directory.bytes;
    assert(kept <= 3_000);
    await directory.take(directoryKeyOf(1));
    assert.equal((await usage()).directory.bytes, kept - 32);
    await opened.store.log.close();
    assert.deepEqual((await (await opened.reopen()).usage()).directory.bytes, kept - 32);
  });
});
