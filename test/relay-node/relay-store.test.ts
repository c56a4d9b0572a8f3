import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, it } from "mocha";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import { openDatabase } from "../../relay-node/store-schema.ts";
import type { TopicLog } from "../../src/net/topic-log.ts";
import { openSqlite } from "../../src/sqlite/sqlite-database.ts";
import { isFault } from "../../src/wire/fault.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { directoryKeyOf, slotOf } from "../contract/prekey-directory-contract.ts";
import { itemOf, sequenceOf, topicOf } from "../contract/topic-log-contract.ts";
import { ROOMY, type TemporaryStore, temporaryStore } from "./store-directory.ts";

const DAY_MS = 86_400_000;
const START = 0 as Sequence;
const WHOLE = { limit: 10_000, maxBytes: 64_000_000 } as const;

async function fillUntilRefused(log: TopicLog): Promise<{ readonly error: string; readonly stored: number }> {
  for (let n = 1; ; n++) {
    const [result] = await log.append([itemOf(topicOf(1), n, { size: 20_000 })]);
    if (result?.kind === "error") return { error: result.error, stored: n - 1 };
  }
}

describe("the relay's store", () => {
  const opened: TemporaryStore[] = [];

  async function open(...narrow: Parameters<typeof temporaryStore>): Promise<TemporaryStore> {
    const store = await temporaryStore(...narrow);
    opened.push(store);
    return store;
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.dispose();
  });

  describe("when the disk is full", () => {
    it("answers unavailable, loses nothing, reads on, and stores again as soon as there is room", async () => {
      const { store, reopen } = await open({ maxPages: 200 });
      const { error, stored } = await fillUntilRefused(store.log);
      assert.equal(error, "unavailable");
      assert.equal(store.log.health().writable, false);
      const page = await store.log.read(topicOf(1), START, WHOLE);
      assert.equal(page.items.length, stored);
      assert.equal((await fillUntilRefused(store.log)).error, "unavailable");
      await store.log.trim(topicOf(1), page.head);
      const [next] = await store.log.append([itemOf(topicOf(1), 9_999, { size: 20_000 })]);
      assert(sequenceOf(next) > page.head);
      assert.equal(store.log.health().writable, true);
      const { bytes } = (await store.usage()).log;
      await store.log.close();
      assert.equal((await (await reopen()).usage()).log.bytes, bytes, "failed transactions were not counted");
    });

    it("stores what fits of batches that wait together, and counts nothing else", async () => {
      const { store, reopen } = await open({ maxPages: 200 });
      const large = Array.from({ length: 200 }, (_, n) => itemOf(topicOf(1), n, { size: 20_000 }));
      const small = Array.from({ length: 20 }, (_, n) => itemOf(topicOf(2), n));
      const appends = [...small.slice(0, 10).map((each) => [each]), large, ...small.slice(10).map((each) => [each])];
      const results = await Promise.all(appends.map((items) => store.log.append(items)));
      const errors = results[10]?.map((result) => result.kind === "error" && result.error);
      assert.deepEqual(new Set(errors), new Set(["unavailable"]));
      for (const [first, ...more] of results.toSpliced(10, 1))
        assert.deepEqual([sequenceOf(first) > 0, more], [true, []]);
      assert.deepEqual((await store.log.read(topicOf(1), START, WHOLE)).items, []);
      const { bytes } = (await store.usage()).log;
      await store.log.close();
      assert.equal((await (await reopen()).usage()).log.bytes, bytes);
    });
  });

  describe("when the disk is slow", () => {
    it("answers busy beyond the bytes that may wait, and never acknowledges early", async () => {
      const { store } = await open({ queueMaxBytes: 5_000 });
      const answers = await Promise.all(
        [1, 2, 3, 4].map((n) => store.log.append([itemOf(topicOf(1), n, { size: 2_000 })])),
      );
      const kinds = answers.flat().map((result) => (result.kind === "error" ? result.error : result.kind));
      assert.deepEqual(kinds, ["stored", "stored", "busy", "busy"]);
      assert.equal((await store.log.read(topicOf(1), START, WHOLE)).items.length, 2);
      sequenceOf((await store.log.append([itemOf(topicOf(1), 3, { size: 2_000 })]))[0]);
    });
  });

  describe("retention", () => {
    it("erases what is too old, says so to readers who missed it, and goes on numbering", async () => {
      const { store } = await open();
      const results = await store.log.append(Array.from({ length: 600 }, (_, n) => itemOf(topicOf(n % 2), n)));
      await store.purge(Date.now() + 29 * DAY_MS);
      assert.equal((await store.log.read(topicOf(0), START, WHOLE)).items.length, 300);
      await store.purge(Date.now() + 31 * DAY_MS);
      const last = sequenceOf(results[598]);
      const page = await store.log.read(topicOf(0), START, WHOLE);
      assert.deepEqual(page, { items: [], head: last, truncatedBefore: last + 1 });
      assert.equal((await store.log.read(topicOf(0), last, WHOLE)).truncatedBefore, undefined);
      assert(sequenceOf((await store.log.append([itemOf(topicOf(0), 1_000)]))[0]) > last);
    });

    it("forgets a topic that stays empty, and gives none of its numbers to whoever uses it again", async () => {
      const { store } = await open();
      const results = await store.log.append(Array.from({ length: 10 }, (_, n) => itemOf(topicOf(1), n)));
      await store.log.registerInbox(topicOf(2));
      await store.purge(Date.now() + 62 * DAY_MS);
      assert.equal((await store.usage()).log.topics, 1, "the inbox is kept for its owner");
      const head = (await store.log.read(topicOf(1), START, WHOLE)).head;
      assert(head >= sequenceOf(results[9]));
      assert(sequenceOf((await store.log.append([itemOf(topicOf(1), 1)]))[0]) > sequenceOf(results[9]));
      await store.purge(Date.now() + 500 * DAY_MS);
      assert.equal(await store.log.isInbox(topicOf(2)), false);
    });
  });

  describe("its file", () => {
    it("belongs to one store at a time", async () => {
      const { directory, store, reopen } = await open();
      await assert.rejects(openRelayStore({ ...ROOMY, directory }), (error) => isFault(error, "storage/busy"));
      await store.log.close();
      await (await reopen()).log.close();
    });

    it("is opened with a full sync of each commit, the second time, too", async () => {
      const { directory, store } = await open();
      await store.log.close();
      const db = openDatabase({ directory, maxPages: 0 });
      const [mode, synchronous] = ["journal_mode", "synchronous"].map((name) => db.pragma(name, { simple: true }));
      db.close();
      assert.deepEqual([mode, synchronous], ["wal", 2]);
    });

    it("is refused and left as it is when a newer version wrote it", async () => {
      const { directory, store } = await open();
      await store.log.close();
      const file = join(directory, "relay.db");
      const db = openSqlite(file);
      db.pragma("user_version = 1000");
      db.close();
      const before = await readFile(file);
      await assert.rejects(openRelayStore({ ...ROOMY, directory }), (error) => isFault(error, "storage/too-new"));
      assert(before.equals(await readFile(file)));
    });

    it("is refused when it is another program's or no database at all", async () => {
      const { directory, store } = await open();
      await store.log.close();
      const db = openSqlite(join(directory, "relay.db"));
      db.pragma("application_id = 1");
      db.close();
      await assert.rejects(openRelayStore({ ...ROOMY, directory }), (error) => isFault(error, "storage/corrupt"));
    });
  });

  it("answers unavailable, or a storage fault, after it was closed", async () => {
    const { store } = await open();
    await store.log.close();
    assert.deepEqual(await store.log.append([itemOf(topicOf(1), 1)]), [{ kind: "error", error: "unavailable" }]);
    await assert.rejects(store.log.read(topicOf(1), START, WHOLE), (error) => isFault(error, "storage/failed"));
    await assert.rejects(store.directory.count(directoryKeyOf(1), slotOf(1)), (error) =>
      isFault(error, "storage/failed"),
    );
    assert.equal(await store.ended, undefined);
  });
});
