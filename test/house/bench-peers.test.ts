import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { ROOT } from "./biome-run.ts";
import { reachable, runtimeImports } from "./import-graph.ts";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly packages?: Readonly<Record<string, { readonly version?: string }>>;
}

const readJson = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path), "utf8")) as Manifest;

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => /\.(ts|mjs)$/.test(path) && !path.includes("node_modules"))
    .map((path) => join(folder, path));
}

describe("What the benchmarks compare with", () => {
  const peers = Object.entries(readJson("bench/package.json").dependencies ?? {});

  it("is no package of the program or of its tests: libsignal is AGPL", () => {
    const { dependencies, devDependencies } = readJson("package.json");
    const ours = { ...dependencies, ...devDependencies };
    const locked = readJson("package-lock.json").packages ?? {};
    for (const [name] of peers) {
      assert.ok(!(name in ours), `${name} is in package.json`);
      assert.ok(!(`node_modules/${name}` in locked), `${name} is in package-lock.json`);
    }
  });

  it("is named by no source of the program, and no benchmark is loaded by it", () => {
    for (const path of [...sources("src"), ...sources("relay-node"), ...sources("scripts")]) {
      const names = runtimeImports(readFileSync(join(ROOT, path), "utf8"));
      const bad = names.filter((name) => name.includes("bench/") || peers.some(([peer]) => name.startsWith(peer)));
      assert.deepEqual(bad, [], path);
    }
    for (const main of ["src/cli/main.ts", "relay-node/main.ts"])
      for (const path of reachable(main).keys()) assert.ok(!path.startsWith("bench/"), path);
  });

  it("is pinned, with a lock file of its own", () => {
    const locked = readJson("bench/package-lock.json").packages ?? {};
    for (const [name, version] of peers) {
      assert.match(version, /^\d+\.\d+\.\d+$/, name);
      assert.equal(locked[`node_modules/${name}`]?.version, version, name);
    }
  });
});
