import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "mocha";
import { type LintError, lint, ROOT } from "./biome-run.ts";

/** The import rule, and the plugin that keeps imports readable for it. */
const RULES = ["lint/style/noRestrictedImports", "plugin"];
const FOLDERS = "wire verify crypto crypto-native protocol client sqlite store net cli gui relay-node".split(" ");

/** ARCHITECTURE.md, "The house": which folders each folder may import. */
const MAY_IMPORT: Readonly<Record<string, string>> = {
  wire: "wire",
  verify: "wire verify",
  crypto: "wire verify crypto",
  "crypto-native": "wire verify crypto crypto-native",
  protocol: "wire verify crypto protocol",
  client: "wire verify crypto protocol client",
  sqlite: "sqlite",
  store: "wire verify sqlite store",
  net: "wire verify net",
  cli: "client sqlite cli gui",
  gui: "client sqlite cli gui",
  "relay-node": "wire verify sqlite net relay-node",
};

const CORE = ["wire", "verify", "crypto", "protocol", "client"];

function folderPath(folder: string): string {
  return folder === "relay-node" ? "relay-node" : `src/${folder}`;
}

function modulePath(from: string, to: string, depth: 1 | 2): string {
  const up = "../".repeat(depth);
  if (from === to) return depth === 1 ? "./own.ts" : "../own.ts";
  if (from === "relay-node") return `${up}src/${to}/module.ts`;
  return to === "relay-node" ? `${up}../relay-node/module.ts` : `${up}${to}/module.ts`;
}

/** A file in `from` for each folder that it might import, and one a folder deeper. */
function crossImports(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const from of FOLDERS) {
    for (const to of FOLDERS) {
      files[`${folderPath(from)}/to-${to}.ts`] = `import "${modulePath(from, to, 1)}";\n`;
      files[`${folderPath(from)}/deeper/to-${to}.ts`] = `import "${modulePath(from, to, 2)}";\n`;
    }
  }
  return files;
}

const FORMS: Readonly<Record<string, string>> = {
  named: `import { open } from "../src/crypto/sealing.ts";\nopen();\n`,
  "type-only": `import type { Key } from "../src/crypto/keys.ts";\nexport const key: Key = 1;\n`,
  "side-effect": `import "../src/crypto/sealing.ts";\n`,
  "re-export": `export { open } from "../src/crypto/sealing.ts";\n`,
  "dynamic-import": `export const sealing = await import("../src/crypto/sealing.ts");\n`,
  "computed-import": "export const load = (name: string) => import(`../src/$" + "{name}/sealing.ts`);\n",
  "concatenated-import": `export const load = (name: string) => import("../src/" + name);\n`,
  "template-import": "export const sealing = await import(`../src/crypto/sealing.ts`);\n",
  require: `export const sealing = require("../src/crypto/sealing.ts");\n`,
  "import-type": `export type Key = import("../src/crypto/keys.ts").Key;\n`,
  "import-require": `import sealing = require("../src/crypto/sealing.ts");\nsealing();\n`,
  "dotted-path": `import "./../src/crypto/sealing.ts";\n`,
  "winding-path": `import "./deeper/../../src/wire/../crypto/sealing.ts";\n`,
  "directory-import": `import "../src/crypto";\n`,
};

function packageImports(): Record<string, string> {
  const files: Record<string, string> = {};
  for (const folder of FOLDERS) {
    files[`${folderPath(folder)}/uses-node.ts`] = `import "node:fs";\n`;
    files[`${folderPath(folder)}/uses-node-subpath.ts`] = `import "node:fs/promises";\n`;
    files[`${folderPath(folder)}/uses-libp2p.ts`] = `import "libp2p";\n`;
    files[`${folderPath(folder)}/uses-libp2p-crypto.ts`] = `import "@libp2p/crypto/keys";\n`;
    files[`${folderPath(folder)}/uses-noble.ts`] = `import "@noble/hashes/sha2.js";\n`;
  }
  return files;
}

const EXCEPTIONS: Readonly<Record<string, string>> = {
  "src/store/port.ts": `import type { P } from "../client/ports/profile.ts";\nexport type Q = P;\n`,
  "src/net/port.ts": `import type { P } from "../client/ports/profile.ts";\nexport type Q = P;\n`,
  "src/store/other.ts": `import type { P } from "../client/session.ts";\nexport type Q = P;\n`,
  "src/net/other.ts": `import type { P } from "../client/session.ts";\nexport type Q = P;\n`,
  "src/cli/main.ts": `import "../store/p.ts";\nimport "../net/n.ts";\nimport "../crypto/c.ts";\nimport "../../relay-node/main.ts";\n`,
  "src/cli/compose-profile.ts": `import "../store/p.ts";\nimport "../net/n.ts";\n`,
  "src/sqlite/faults.ts": `import "../wire/fault.ts";\n`,
  "src/sqlite/bytes.ts": `import "../wire/codec.ts";\n`,
  "src/cli/commands/faults.ts": `import "../../wire/fault.ts";\nimport "../../wire/near-words.ts";\n`,
  "src/cli/commands/bytes.ts": `import "../../wire/codec.ts";\n`,
  "src/gui/web/conversation.tsx": `import "../../client/view/view-model.ts";\nimport type { P } from "../../client/api.ts";\nimport "react";\nimport "./link/hermes.ts";\nexport const p: P = 1;\n`,
  "src/gui/web/keys.tsx": `import "../../client/client.ts";\n`,
  "src/gui/web/faults.ts": `import "../../wire/fault.ts";\n`,
  "src/gui/web/link/files.ts": `import "node:fs";\n`,
  "src/gui/web/server.ts": `import "hono/tiny";\n`,
  "src/gui/main.ts": `import "../protocol/membership.ts";\n`,
  "src/cli/deeper/main.ts": `import "libp2p";\n`,
  "scripts/start.mjs": `import "./prepare.mjs";\nimport "node:fs/promises";\nimport "node:os";\n`,
  "scripts/wrong.mjs": `import "tsx";\n`,
  "src/wire/to-tests.ts": `import "../../test/wire/fixture.ts";\n`,
};

describe("The import rules", () => {
  let errors: readonly LintError[] = [];
  const refused = (path: string) => errors.some((error) => error.file === path && RULES.includes(error.rule));

  before(function () {
    this.timeout(30_000);
    const forms = Object.entries(FORMS).map(([form, source]) => [`relay-node/form-${form}.ts`, source]);
    errors = lint({ ...crossImports(), ...packageImports(), ...EXCEPTIONS, ...Object.fromEntries(forms) });
  });

  for (const from of FOLDERS) {
    it(`let ${from} import ${MAY_IMPORT[from]} and nothing else of ours, from any depth`, () => {
      const allowed = new Set((MAY_IMPORT[from] ?? "").split(" "));
      for (const to of FOLDERS) {
        assert.equal(refused(`${folderPath(from)}/to-${to}.ts`), !allowed.has(to), `${from} -> ${to}`);
        assert.equal(refused(`${folderPath(from)}/deeper/to-${to}.ts`), !allowed.has(to), `deeper ${from} -> ${to}`);
      }
    });
  }

  for (const form of Object.keys(FORMS)) {
    it(`see a relay reaching for crypto by ${form}`, () => assert.ok(refused(`relay-node/form-${form}.ts`)));
  }

  it("keep node: and libp2p out of everything that must run in a browser or from a seed", () => {
    for (const folder of CORE) {
      for (const name of ["uses-node", "uses-node-subpath", "uses-libp2p", "uses-libp2p-crypto"]) {
        assert.ok(refused(`src/${folder}/${name}.ts`), `${folder} ${name}`);
      }
    }
  });

  it("let verify and crypto use noble, and no other core folder", () => {
    assert.deepEqual(
      CORE.filter((folder) => !refused(`src/${folder}/uses-noble.ts`)),
      ["verify", "crypto"],
    );
  });

  it("keep libp2p behind net", () => {
    const users = FOLDERS.filter((folder) => !refused(`${folderPath(folder)}/uses-libp2p.ts`));
    assert.deepEqual(users, ["crypto-native", "net", "relay-node"]);
  });

  it("make the exceptions that ARCHITECTURE.md names, and no others", () => {
    const legal = Object.keys(EXCEPTIONS).filter((path) => !refused(path));
    assert.deepEqual(legal, [
      "src/store/port.ts",
      "src/net/port.ts",
      "src/cli/main.ts",
      "src/cli/compose-profile.ts",
      "src/sqlite/faults.ts",
      "src/cli/commands/faults.ts",
      "src/gui/web/conversation.tsx",
      "scripts/start.mjs",
    ]);
  });

  it("each say why, and each fire", () => {
    const seen = new Set(errors.map((error) => error.message));
    const silent = configuredMessages().filter((message) => !seen.has(message));
    assert.deepEqual(silent, []);
  });

  it("cover every folder there is", () => {
    const folders = readdirSync(join(ROOT, "src"));
    assert.deepEqual(
      folders.filter((folder) => !FOLDERS.includes(folder)),
      [],
    );
    assert.ok(existsSync(join(ROOT, "relay-node")));
  });
});

/** Every message of an import rule in biome.json. */
function configuredMessages(): readonly string[] {
  const config = readFileSync(join(ROOT, "biome.json"), "utf8");
  return [...config.matchAll(/"message": "((?:[^"\\]|\\.)*)"/g)].map(([, message = ""]) => JSON.parse(`"${message}"`));
}
