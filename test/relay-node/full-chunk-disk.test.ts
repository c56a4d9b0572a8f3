import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { type ChunkFiles, openChunkFiles } from "../../relay-node/chunk-files.ts";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import type { ChunkId } from "../../src/wire/ids.ts";
import { itemOf, sequenceOf, topicOf } from "../contract/topic-log-contract.ts";
import { createSmallDisk, type SmallDisk } from "../e2e/scene/small-disk.ts";
import { type TestFile, testFile } from "../net/chunk-parties.ts";
import { topicKey } from "../net/topic-keys.ts";
import { ROOMY, temporaryDirectory } from "./store-directory.ts";

const DISK_BYTES = 48 * 1_048_576;
const KEEP_FREE_BYTES = 24 * 1_048_576;
const ROOM = { totalMaxBytes: 1e9, fileMaxBytes: 1e9, retentionMs: 1e9 } as const;

describe("chunks on a disk that is really full", function () {
  this.timeout(30_000);
  let home = "";
  let disk: SmallDisk;

  before(async function () {
    home = await temporaryDirectory();
    disk = await createSmallDisk(join(home, "disk"), DISK_BYTES);
    if (disk.needsRestart) this.skip(); // mounting is not allowed here
  });

  after(async () => {
    disk.close();
    await rm(home, { recursive: true });
  });

  const file = testFile(topicKey(1), { count: 4 * 48, bytes: 262_160 });

  /** Puts one after the other until one is refused; those that were taken. */
  async function fill(files: ChunkFiles, { topic, ids, read }: TestFile): Promise<readonly ChunkId[]> {
    const taken: ChunkId[] = [];
    for (const id of ids) {
      const outcome = await files.put(topic, id, (await read(id)) ?? new Uint8Array());
      if (outcome === "unavailable") return taken;
      taken.push(id);
    }
    return assert.fail("a small disk took everything");
  }

  it("are refused before messages are, which go on being stored, and come in again after a release", async () => {
    const directory = join(disk.directory, "polite");
    await mkdir(directory);
    const log = (await openRelayStore({ ...ROOMY, directory })).log;
    const files = await openChunkFiles({ directory, ...ROOM, keepFreeBytes: KEEP_FREE_BYTES });
    assert((await fill(files, file)).length > 20);
    for (let n = 0; n < 20; n++) {
      const [result] = await log.append([itemOf(topicOf(1), n, { size: 20_000 })]);
      assert.equal(sequenceOf(result), n + 1);
    }
    await files.release(file.topic);
    assert((await fill(files, file)).length > 20);
    await files.release(file.topic);
    await Promise.all([log.close(), files.close()]);
    await rm(directory, { recursive: true });
  });

  it("are refused to the last byte, and those that were taken are there, before and after a new start", async () => {
    const directory = join(disk.directory, "full");
    await mkdir(directory);
    const files = await openChunkFiles({ directory, ...ROOM, keepFreeBytes: 0 });
    const taken = await fill(files, file);
    const again = await openChunkFiles({ directory, ...ROOM, keepFreeBytes: 0 });
    for (const each of [files, again]) {
      assert.deepEqual(
        await each.has(file.topic, taken),
        taken.map(() => true),
      );
      for (const id of taken) assert((await each.read(file.topic, id)) !== undefined);
    }
    assert.deepEqual(again.usage(), files.usage());
    await files.close(); // what it had open would keep its room
    await again.purge(Date.now() + 2 * ROOM.retentionMs);
    assert.deepEqual(again.usage(), { files: 0, bytes: 0 });
    assert.equal((await fill(again, file)).length, taken.length);
    await again.close();
  });
});
