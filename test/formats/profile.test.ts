import assert from "node:assert/strict";
import { chmod, cp, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readKeyFile } from "../../src/store/profile-directory.ts";
import { openProfileStore } from "../../src/store/profile-store.ts";
import { temporaryDirectory } from "../store/temporary-profile.ts";
import { SAVED, SAVED_DATA_KEY, SAVED_KEY_FILE } from "./profile-v1.ts";
import { SAVED_ENVELOPES, SAVED_TOPIC } from "./profile-v2.ts";
import { SAVED_LINES_V3 } from "./profile-v3.ts";

describe("a saved profile", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => rm(directory, { recursive: true }));

  const copy = async (version: number): Promise<void> => {
    await cp(fileURLToPath(new URL(`./profile-v${version}`, import.meta.url)), directory, { recursive: true });
    await chmod(directory, 0o700); // a clone has the modes of its user's umask
  };

  const opensWhole = async (version: number): Promise<void> => {
    await copy(version);
    const store = await openProfileStore({ directory, dataKey: SAVED_DATA_KEY });
    const group = SAVED.lines[0]?.group ?? "";
    assert.deepEqual(new Map(await store.scan("", { limit: 100 })), SAVED.records);
    assert.deepEqual(await store.history({ group, limit: 100 }), SAVED_LINES_V3);
    assert.equal(await store.unread(group), 1);
    const { items } = await store.envelopes.read(SAVED_TOPIC, 0, { limit: 10, maxBytes: 10_000 });
    assert.deepEqual(
      items.map(({ envelope }) => envelope),
      SAVED_ENVELOPES,
    );
    await store.close();
  };

  for (const version of [3, 4])
    it(`of schema version ${version} opens with its envelopes, and tells on how many devices a line is`, () =>
      opensWhole(version));

  it("of schema version 2 opens with the envelopes that it keeps, too, and goes on numbering", async () => {
    await copy(2);
    const store = await openProfileStore({ directory, dataKey: SAVED_DATA_KEY });
    assert.deepEqual(new Map(await store.scan("", { limit: 100 })), SAVED.records);
    assert.deepEqual(await store.history({ group: SAVED.lines[0]?.group ?? "", limit: 100 }), SAVED.lines);
    const { logId, read } = store.envelopes;
    const { items } = await read(SAVED_TOPIC, 0, { limit: 10, maxBytes: 10_000 });
    assert.deepEqual(
      items.map(({ sequence, envelope }) => [sequence, envelope]),
      SAVED_ENVELOPES.map((envelope, i) => [i + 1, envelope]),
    );
    await store.commit({ ...SAVED, records: new Map(), lines: [], kept: SAVED_ENVELOPES });
    assert.equal((await read(SAVED_TOPIC, 0, { limit: 10, maxBytes: 10_000 })).head, 2);
    assert.equal(logId.length, 16);
    await store.close();
  });

  it("of schema version 1 opens with everything in it and takes new commits", async () => {
    await copy(1);
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
