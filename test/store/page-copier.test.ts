import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { pageCopier } from "../../src/store/page-copier.ts";
import { openProfileDatabase } from "../../src/store/profile-database.ts";
import { DATA_KEY, type TemporaryProfile, temporaryProfile } from "./temporary-profile.ts";

describe("the thread that copies pages of the write-ahead log", () => {
  let profile: TemporaryProfile;
  let copy: TemporaryProfile;
  beforeEach(async () => {
    [profile, copy] = [await temporaryProfile(), await temporaryProfile()];
    await (await profile.open()).close();
  });
  afterEach(() => Promise.all([profile.remove(), copy.remove()]));

  /** Groups in the database file, without the log. */
  const groupsInFile = async () => {
    await copyFile(join(profile.directory, "profile.db"), join(copy.directory, "profile.db"));
    const database = openProfileDatabase({ directory: copy.directory, dataKey: DATA_KEY });
    const rows = database.prepare<[], { group_id: string }>("SELECT group_id FROM conversation ORDER BY number").all();
    database.close();
    return rows.map(({ group_id }) => group_id);
  };

  it("brings them to the database while its owner writes on, also after a rest", async () => {
    const location = { directory: profile.directory, dataKey: DATA_KEY };
    const database = openProfileDatabase(location);
    const copier = pageCopier(location);
    const add = (group: string) => database.prepare("INSERT INTO conversation (group_id) VALUES (?)").run(group);
    add("one");
    assert.deepEqual(await groupsInFile(), []);
    await copier.copy();
    add("two");
    assert.deepEqual(await groupsInFile(), ["one"]);
    await copier.rest();
    await copier.copy();
    assert.deepEqual(await groupsInFile(), ["one", "two"]);
    await copier.close();
    database.close();
  });

  it("leaves them where they are when it cannot open the database, and holds nobody up", async () => {
    const copier = pageCopier({ directory: profile.directory, dataKey: new Uint8Array(32) });
    await copier.copy();
    await copier.copy();
    await copier.close();
    assert.deepEqual(await groupsInFile(), []);
  });
});
