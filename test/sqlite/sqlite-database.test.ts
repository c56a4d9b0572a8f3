import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, it } from "mocha";
import { sqlitePackage } from "../../src/sqlite/sqlite-database.ts";
import { ROOT } from "../house/biome-run.ts";

describe("The database's module", () => {
  it("is the build that this version of Node can load", () => {
    assert.equal(sqlitePackage(9), "better-sqlite3-multiple-ciphers"); // Node 20
    assert.equal(sqlitePackage(10), "better-sqlite3-multiple-ciphers-13"); // Node 22 and 24
  });

  it("is loaded by one file, and by no other", () => {
    const files = ["src", "relay-node", "bench"].flatMap(sources);
    const naming = /^(?!import type ).*"better-sqlite3/m;
    const loading = files.filter((path) => naming.test(readFileSync(join(ROOT, path), "utf8")));
    assert.deepEqual(loading, ["src/sqlite/sqlite-database.ts"]);
  });

  // compiled for Node 24.21 version 12 aborts here: "Assertion failed: (env) != nullptr", in ~Statement
  it("survives that what it made is collected, and the end of threads and of the process with a database open", async function () {
    this.timeout(60_000);
    const file = fileURLToPath(new URL("./abandoning-process.mjs", import.meta.url));
    const args = ["--expose-gc", file, sqlitePackage(Number(process.versions["napi"]))];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    assert.equal(stdout, "collected\n");
  });
});

/** The TypeScript files of one of our folders; bench has packages of its own in it, tens of thousands of files. */
function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sources(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}
