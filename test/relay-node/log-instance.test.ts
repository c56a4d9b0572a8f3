import assert from "node:assert/strict";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import type { LogItem } from "../../src/net/topic-log.ts";
import { itemOf, topicOf } from "../contract/topic-log-contract.ts";
import { ROOMY, temporaryDirectory } from "./store-directory.ts";

describe("the log id of a relay", () => {
  let directory = "";
  const database = (): string => join(directory, "relay.db");
  const instance = (): string => join(directory, "relay.instance");

  /** Opens the store, appends, closes it; answers its log id. */
  async function session(items: readonly LogItem[] = []): Promise<string> {
    const { log } = await openRelayStore({ ...ROOMY, directory });
    await log.append(items);
    await log.close();
    return Buffer.from(log.logId).toString("hex");
  }

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => rm(directory, { recursive: true }));

  it("stays the same from start to start", async () => {
    assert.equal(new Set([await session(), await session(), await session()]).size, 1);
  });

  it("changes when an older copy of the database is put back, in place or as a new file, and then stays", async () => {
    const first = await session([itemOf(topicOf(1), 1)]);
    const copy = await readFile(database());
    assert.equal(await session([itemOf(topicOf(1), 2)]), first);
    await writeFile(database(), copy); // the same file, older contents
    const second = await session();
    assert.notEqual(second, first);
    assert.equal(await session(), second);
    await copyFile(database(), join(directory, "backup.db"));
    await rm(database());
    await copyFile(join(directory, "backup.db"), database()); // another file, the newest contents
    const third = await session();
    assert.notEqual(third, second);
    assert.equal(await session(), third);
  });

  it("changes when the operator says so by removing the file, and stays after a crash while names changed", async () => {
    const first = await session();
    const before = await readFile(instance(), "utf8");
    await writeFile(instance(), `${before.trim()} ${"00".repeat(16)}\n`);
    assert.equal(await session(), first);
    await rm(instance());
    assert.notEqual(await session(), first);
  });
});
