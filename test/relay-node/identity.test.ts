import assert from "node:assert/strict";
import { readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { exportIdentity, importIdentity, KEY_FILE, loadIdentity } from "../../relay-node/identity.ts";
import { isFault } from "../../src/wire/fault.ts";
import { temporaryDirectory } from "./store-directory.ts";

describe("the relay's key", () => {
  let directory = "";

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => rm(directory, { recursive: true }));

  it("is made once, for the owner's eyes only, and stays", async () => {
    const seed = await loadIdentity(directory);
    assert.equal(seed.length, 32);
    assert.deepEqual(await loadIdentity(directory), seed);
    assert.equal((await stat(join(directory, KEY_FILE))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(directory), [KEY_FILE]);
  });

  it("is not exported from where no relay has run, and nothing is made there", async () => {
    const nowhere = join(directory, "nowhere");
    await assert.rejects(exportIdentity(nowhere), { code: "storage/failed", message: /is not there: .*--data/ });
    assert.deepEqual(await readdir(directory), []);
  });

  it("is imported once, says so when it is there already, and never takes another one's place", async () => {
    const line = `hermes-relay-key-1 ${"ab".repeat(32)}\n`;
    assert.deepEqual(
      [await importIdentity(directory, line), await importIdentity(directory, line)],
      ["written", "kept"],
    );
    assert.equal(await exportIdentity(directory), line);
    const other = line.replaceAll("ab", "cd");
    await assert.rejects(importIdentity(directory, other), { code: "storage/failed", message: /another key/ });
  });

  it("differs from relay to relay", async () => {
    const first = await loadIdentity(directory);
    await rm(join(directory, KEY_FILE));
    assert.notDeepEqual(await loadIdentity(directory), first);
  });

  it("is made whole after a crash in the middle of making it", async () => {
    await writeFile(join(directory, `${KEY_FILE}.new`), "hermes-relay-key-1 0123");
    assert.equal((await loadIdentity(directory)).length, 32);
  });

  it("is never replaced when it is damaged", async () => {
    for (const text of ["", "hermes-relay-key-1 0123\n", `hermes-relay-key-2 ${"00".repeat(32)}\n`]) {
      await writeFile(join(directory, KEY_FILE), text);
      await assert.rejects(loadIdentity(directory), (error) => isFault(error, "storage/corrupt"));
    }
  });
});
