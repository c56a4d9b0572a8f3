import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "mocha";
import { DATABASE_FILE, MIGRATIONS } from "../../relay-node/store-schema.ts";
import { openSqlite } from "../../src/sqlite/sqlite-database.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { itemOf, sequenceOf, topicOf } from "../contract/topic-log-contract.ts";
import { temporaryStore } from "./store-directory.ts";

const WHOLE = { limit: 10_000, maxBytes: 64_000_000 } as const;
const APPLICATION_ID = 0x48526c79;

/** A database as an earlier schema left it: one topic, ten envelopes, the first three gone by retention. */
function writeSchema(path: string, version: number): void {
  const db = openSqlite(path);
  for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma(`user_version = ${version}`);
  db.prepare("INSERT INTO meta (name, value) VALUES ('log-id', ?)").run(new Uint8Array(16).fill(7));
  const topic = db.prepare("INSERT INTO topic (key, inbox, head, floor, bytes, used_at) VALUES (?, 0, 10, 3, ?, ?)");
  topic.run(topicOf(1), 7 * 260, Date.now());
  const add = db.prepare("INSERT INTO envelope (topic, sequence, arrived_at, id, envelope) VALUES (1, ?, ?, ?, ?)");
  for (let sequence = 4; sequence <= 10; sequence++) {
    const { id, envelope } = itemOf(topicOf(1), sequence);
    add.run(sequence, Date.now(), id, envelope);
  }
  if (version === 2) db.exec("INSERT INTO arrived_id SELECT 0, substr(id, 1, 16), arrival FROM envelope");
  db.close();
}

for (const version of [1, 2, 3, 4])
  describe(`a relay's database of schema ${version}`, () => {
    it("is taken over with its log id, its envelopes, its numbers and its knowledge of duplicates", async () => {
      const { directory, store: fresh, reopen, dispose } = await temporaryStore();
      await fresh.log.close();
      const path = join(directory, DATABASE_FILE);
      await rm(path);
      writeSchema(path, version);
      const { log } = await reopen();
      assert.deepEqual(log.logId, new Uint8Array(16).fill(7));
      const { items, head, truncatedBefore } = await log.read(topicOf(1), 0 as Sequence, WHOLE);
      assert.deepEqual([items.map(({ sequence }) => sequence), head, truncatedBefore], [[4, 5, 6, 7, 8, 9, 10], 10, 4]);
      const [known, fresh11] = await log.append([itemOf(topicOf(1), 5), itemOf(topicOf(1), 11)]);
      assert.deepEqual(known, { kind: "stored", sequence: 5, duplicate: true });
      assert.equal(sequenceOf(fresh11), 11);
      await log.trim(topicOf(1), 9 as Sequence);
      const rest = await log.read(topicOf(1), 0 as Sequence, WHOLE);
      assert.deepEqual(
        rest.items.map(({ sequence }) => sequence),
        [10, 11],
      );
      await dispose();
    });
  });
