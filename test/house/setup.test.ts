import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "mocha";
import { ROOT } from "./biome-run.ts";

/** Runs an expression in a process that imported scripts/prepare.mjs as `prepare`; answers its value. */
function ask(expression: string): unknown {
  const code = `import * as prepare from "./scripts/prepare.mjs"; console.log(JSON.stringify(${expression}))`;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: ROOT, encoding: "utf8" });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

/** The last line and exit code of what `npm test` runs once the clone is prepared, on one file with `source`. */
function testRun(
  source: string,
  env: Readonly<Record<string, string>>,
): { readonly last: string; readonly exit: number } {
  const directory = mkdtempSync(join(tmpdir(), "hermes-setup-"));
  try {
    const file = join(directory, "sample.test.cjs");
    writeFileSync(file, source);
    const options = { cwd: ROOT, encoding: "utf8", env: { ...process.env, CI: "", ...env } } as const;
    const code = `import { runTests } from "./scripts/mocha-run.mjs"; process.exitCode = await runTests([process.argv[1]])`;
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", code, file], options);
    return { last: run.stdout.trim().split("\n").at(-1) ?? "", exit: run.status ?? -1 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe("Setting up a clone", () => {
  it("takes Node 20.19 and newer, and says so to others", () => {
    assert.equal(ask(`["20.19.0", "20.20.2", "22.0.0", "24.21.0"].map(prepare.checkNode).length`), 4);
    for (const old of ["18.20.1", "20.18.9"]) {
      assert.throws(
        () => ask(`prepare.checkNode("${old}")`),
        new RegExp(`needs Node 20\\.19 or newer; this is ${old}`),
      );
    }
  });

  it("bundles the web screen again only when something of it is younger than the bundle", () => {
    const root = mkdtempSync(join(tmpdir(), "hermes-setup-"));
    const isBundled = () => ask(`prepare.isBundled(prepare.BUNDLES.page, ${JSON.stringify(root)})`);
    const touch = (path: string, seconds: number) => utimesSync(join(root, path), seconds, seconds);
    try {
      for (const path of ["src/gui/web/styles", "src/client", "config", "dist/gui"])
        mkdirSync(join(root, path), { recursive: true });
      const parts = ["src/gui/web/main.tsx", "src/client/api.ts", "config/vite.config.mjs", "package-lock.json"];
      for (const path of parts) writeFileSync(join(root, path), "");
      assert.equal(isBundled(), false);
      writeFileSync(join(root, "dist/gui/index.html"), "");
      const all = [...parts, "src/gui/web/styles", "src/gui/web", "src/client"];
      for (const path of all) touch(path, 1_000);
      touch("dist/gui/index.html", 2_000);
      assert.equal(isBundled(), true);
      for (const path of all) {
        touch(path, 3_000);
        assert.equal(isBundled(), false, path);
        touch(path, 1_000);
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  });

  it("installs again only when a package is missing or another than the lock file says", () => {
    const lock = `{ packages: { "": {}, a: { integrity: "1" }, b: { integrity: "2", optional: true } } }`;
    const installed = (packages: string) => ask(`prepare.isInstalled(${lock}, { packages: ${packages} })`);
    assert.equal(installed(`{ a: { integrity: "1" }, b: { integrity: "2" } }`), true);
    assert.equal(installed(`{ a: { integrity: "1" } }`), true, "an optional package of another platform");
    assert.equal(installed(`{ a: { integrity: "0" } }`), false);
    assert.equal(installed("{}"), false);
  });
});

describe("A test run", () => {
  const source = `it("passes", () => {}); it.skip("waits", () => {});`;
  const failing = `${source} it("fails", () => { throw new Error("no"); });`;

  it("ends with the counts, and with the exit code that belongs to them", function () {
    this.timeout(60_000);
    assert.deepEqual(testRun(source, {}), { last: "1 passed, 0 failed, 1 skipped", exit: 0 });
    assert.deepEqual(testRun(failing, {}), { last: "1 passed, 1 failed, 1 skipped", exit: 1 });
  });

  it("counts a skipped test as a failure in CI", function () {
    this.timeout(60_000);
    assert.deepEqual(testRun(source, { CI: "true" }), { last: "1 passed, 1 failed", exit: 1 });
  });

  it("fails when its process dies before the summary", function () {
    this.timeout(60_000);
    const dying = `it("passes", () => {}); it("dies", () => process.exit(0));`;
    assert.deepEqual(testRun(dying, {}), { last: "1 passed, 1 failed", exit: 1 });
  });
});
