import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { ROOT } from "./biome-run.ts";

interface LockedPackage {
  readonly version: string;
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as T;
}

/** True when `packages` has `name` where a package at `path` looks for it: beside itself, or further up. */
function isLocked(packages: Readonly<Record<string, LockedPackage>>, path: string, name: string): boolean {
  const beside = path === "" ? `node_modules/${name}` : `${path}/node_modules/${name}`;
  if (beside in packages) return true;
  return path !== "" && isLocked(packages, path.replace(/(^|\/)node_modules\/(@[^/]+\/)?[^/]+$/, ""), name);
}

describe("The lock file", () => {
  const { packages } = readJson<{ packages: Readonly<Record<string, LockedPackage>> }>("package-lock.json");
  const manifest = readJson<LockedPackage>("package.json");

  it("names every package of every platform, or npm ci refuses it on a fresh clone", () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).filter(
        (name) => !isLocked(packages, path, name),
      ),
    );
    assert.deepEqual(missing, []);
  });

  it("is in step with package.json, where every version is exact", () => {
    const wanted = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies };
    for (const [name, wish] of Object.entries(wanted)) {
      const version = wish.replace(/^npm:.*@/, ""); // one that goes by another name here
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} is pinned`);
      assert.equal(packages[`node_modules/${name}`]?.version, version, name);
    }
  });
});
