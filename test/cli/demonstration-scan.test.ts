import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { plant, scanFiles } from "../../src/cli/demonstration-scan.ts";
import { openSqlite } from "../../src/sqlite/sqlite-database.ts";

const ACCOUNT = "0123456789abcdef".repeat(4);

describe("The search of the demonstration", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-scan-"));
    await mkdir(join(directory, "deeper"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("finds a text in any file, at any depth, between other bytes", async () => {
    const content = Buffer.concat([Buffer.of(0, 255), Buffer.from("the secret ☕ is"), Buffer.of(0)]);
    await writeFile(join(directory, "deeper", "file"), content);
    const { found, files, bytes } = await scanFiles(directory, ["secret ☕", "other"]);
    assert.deepEqual(
      found.map(({ needle }) => needle),
      ["secret ☕"],
    );
    assert.deepEqual({ files, bytes }, { files: 1, bytes: content.length });
  });

  it("finds an account as hex and as bytes", async () => {
    await writeFile(join(directory, "bytes"), Buffer.from(ACCOUNT, "hex"));
    await writeFile(join(directory, "hex"), ACCOUNT);
    assert.equal((await scanFiles(directory, [ACCOUNT])).found.length, 2);
  });

  it("finds what was planted into a database", async () => {
    const database = openSqlite(join(directory, "relay.db"));
    database.exec("CREATE TABLE t (x)");
    database.close();
    assert.equal((await scanFiles(directory, ["planted text"])).found.length, 0);
    await plant(directory, "planted text");
    assert.equal((await scanFiles(directory, ["planted text"])).found.length, 1);
  });
});
