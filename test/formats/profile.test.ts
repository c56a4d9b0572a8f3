import assert from "node:assert/strict";
import { chmod, cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readKeyFile } from "../../src/store/profile-directory.ts";
import { openProfileStore } from "../../src/store/profile-store.ts";
import { temporaryDirectory } from "../store/temporary-profile.ts";
import { SAVED, SAVED_DATA_KEY, SAVED_KEY_FILE } from "./profile-v1.ts";

describe("a profile saved by schema version 1", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
    // A clone has the modes of its user's umask.
    await cp(fileURLToPath(new URL("./profile-v1", import.meta.url)), directory, { recursive: true });
    await chmod(directory, 0o700);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("opens with everything in it and takes new commits", async () => {
    assert.deepEqual(await readKeyFile(directory), SAVED_KEY_FILE);
    const store = await openProfileStore({ directory, dataKey: SAVED_DATA_KEY });
    const group = SAVED.lines[0]?.group ?? "";
    assert.deepEqual(new Map(await store.scan("", { limit: 100 })), SAVED.records);
    assert.deepEqual(await store.history({ group, limit: 100 }), SAVED.lines);
    assert.deepEqual(await store.history({ group, limit: 100, search: "vilag" }), [SAVED.lines[1]]);
    assert.equal(await store.unread(group), 1);
    await store.commit({ ...SAVED, records: new Map([["new", Uint8Array.of(1)]]) });
    assert.deepEqual(await store.history({ group, limit: 100 }), SAVED.lines);
    await store.close();
  });
});
