import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { openRelayStore } from "../../relay-node/relay-store.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { itemOf, sequenceOf, topicOf } from "../contract/topic-log-contract.ts";
import { createSmallDisk, type SmallDisk } from "../e2e/scene/small-disk.ts";
import { ROOMY, temporaryDirectory } from "./store-directory.ts";

const DISK_BYTES = 64 * 1_048_576;
const DAY_MS = 86_400_000;
const WHOLE = { limit: 1e6, maxBytes: 1e9 } as const;

describe("the relay's store on a disk that is really full", () => {
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

  it("refuses, serves what it has, starts again, and goes on by retention alone", async function () {
    this.timeout(30_000);
    const directory = join(disk.directory, "data");
    await mkdir(directory);
    const store = await openRelayStore({ ...ROOMY, directory });
    for (let n = 0; n < 10; n++) {
      await store.log.append(Array.from({ length: 50 }, (_, i) => itemOf(topicOf(2), 50 * n + i, { size: 20_000 })));
    }
    await store.purge(); // which makes the reserve
    let stored = 0;
    for (let refusedInARow = 0; refusedInARow < 3; ) {
      const [result] = await store.log.append([itemOf(topicOf(1), stored, { size: 20_000 })]);
      if (result?.kind === "stored") stored += 1;
      refusedInARow = result?.kind === "error" ? refusedInARow + 1 : 0;
      if (result?.kind === "error") assert.equal(result.error, "unavailable");
    }
    assert.equal(store.log.health().writable, false);
    await disk.fill();
    assert.equal((await store.log.read(topicOf(1), 0 as Sequence, WHOLE)).items.length, stored);
    await store.log.close();

    const again = await openRelayStore({ ...ROOMY, directory });
    assert.equal((await again.log.read(topicOf(1), 0 as Sequence, WHOLE)).items.length, stored);
    await again.purge(Date.now() + 31 * DAY_MS);
    const [next] = await again.log.append([itemOf(topicOf(1), stored, { size: 20_000 })]);
    assert.equal(sequenceOf(next), stored + 1);
    assert.equal(again.log.health().writable, true);
    await again.log.close();
  });
});
