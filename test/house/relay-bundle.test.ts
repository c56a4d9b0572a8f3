/** What the built relay is made of: the import rules hold for the sources, and this for the files that are run. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "mocha";
import { ROOT } from "./biome-run.ts";
import { DECRYPTS, namesIn } from "./import-graph.ts";

const PROGRAM = join(ROOT, "dist/program");

/** The files of dist/program that `entry` loads, however late. */
function filesBehind(entry: string): readonly string[] {
  const files = new Set([entry]);
  for (const file of files) {
    // with comments: what looks like the beginning of one may stand in a text
    const names = namesIn(readFileSync(join(PROGRAM, file), "utf8")).filter((name) => name.startsWith("./"));
    for (const name of names) if (existsSync(join(PROGRAM, name))) files.add(name.slice("./".length));
  }
  return [...files];
}

/** The modules that these files are made of, as paths from the root. */
function modulesIn(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => {
    const map = join(PROGRAM, `${file}.map`);
    if (!existsSync(map)) return []; // nothing of a source is in it
    const { sources } = JSON.parse(readFileSync(map, "utf8")) as { readonly sources: readonly string[] };
    return sources.map((source) => relative(ROOT, resolve(dirname(map), source)));
  });
}

const decrypting = (entry: string) => modulesIn(filesBehind(entry)).filter((path) => DECRYPTS.test(path));

describe("The built relay", () => {
  it("is made of what it needs, in both of its threads", () => {
    const modules = modulesIn(filesBehind("relay.js"));
    for (const path of ["relay-node/main.ts", "relay-node/topic-store.ts", "src/net/topic-service.ts"])
      assert.ok(modules.includes(path), path);
  });

  it("contains nothing that decrypts", () => {
    assert.deepEqual(decrypting("relay.js"), []);
  });

  it("would be told from one that does", () => {
    assert.ok(decrypting("hermes.js").length > 100);
  });
});
