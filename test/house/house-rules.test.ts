import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "mocha";
import { lint, ROOT } from "./biome-run.ts";

/** What the linter must refuse in src, beside imports: rule -> offending file. */
const OFFENCES: Readonly<Record<string, string>> = {
  "lint/style/noEnum": "export enum Kind {\n  Text,\n}\n",
  "lint/style/noNonNullAssertion": "export const first = (list: readonly string[]): string => list[0]!;\n",
  "lint/style/noDefaultExport": "export default 1;\n",
  "lint/suspicious/noExplicitAny": "export const value: any = 1;\n",
  "lint/suspicious/noTsIgnore": '// @ts-ignore\nexport const value: number = "1";\n',
  "lint/performance/noBarrelFile": 'export { one } from "./one.ts";\nexport { two } from "./two.ts";\n',
  "lint/performance/noReExportAll": 'export * from "./one.ts";\n',
  "lint/complexity/useMaxParams":
    "export const sum = (a: number, b: number, c: number, d: number, e: number): number => a + b + c + d + e;\n",
  "lint/complexity/noExcessiveLinesPerFunction": `export function long(out: number[]): void {\n${"  out.push(1);\n".repeat(60)}}\n`,
};

const VAGUE_NAMES = ["utils", "util", "helpers", "helper", "types", "manager", "common", "misc", "index"];

/** Paths, relative to the root, of all sources under `folders`. */
function sources(...folders: readonly string[]): readonly string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts"))
      .map((path) => join(folder, path)),
  );
}

function offenders(pattern: RegExp, ...folders: readonly string[]): readonly string[] {
  return sources(...folders).filter((path) => pattern.test(readFileSync(join(ROOT, path), "utf8")));
}

describe("The house", () => {
  it("has a lint rule against each form that it does not want", () => {
    const files = Object.entries(OFFENCES).map(([rule, source]) => [`src/store/${ruleFile(rule)}`, source]);
    const errors = lint(Object.fromEntries(files));
    for (const rule of Object.keys(OFFENCES)) {
      const fired = errors.some((error) => error.rule === rule && error.file === `src/store/${ruleFile(rule)}`);
      assert.ok(fired, `${rule} did not fire`);
    }
  });

  it("has a lint rule against words in the components of the web screen", () => {
    const source = "export const Greeting = () => <p>Good morning</p>;\n";
    const rules = lint({ "src/gui/web/parts/greeting.tsx": source }).map(({ rule }) => rule);
    assert.deepEqual(rules, ["lint/style/noJsxLiterals"]);
  });

  it("lets well-formed code pass", () => {
    assert.deepEqual(lint({ "src/store/journal.ts": "export const ROWS_MAX = 10;\n" }), []);
  });

  it("silences no type error", () => {
    assert.deepEqual(offenders(/@ts-(ignore|nocheck|expect-error)\b(?!\|)/, "src", "relay-node"), []);
  });

  it("begins no fault's sentence with a capital letter: the program's name stands before it", () => {
    const capital = /(?:mistake\(|new Fault\(\s*"[a-z]+\/[a-z-]+",)\s*["`][A-Z](?:[a-z]| )/;
    assert.match('mistake("Name a command")', capital);
    assert.deepEqual(offenders(capital, "src", "relay-node"), []);
  });

  it("names no command of the terminal in what the client says: the web screen shows that, too", () => {
    const naming = offenders(/["'`]\S.*\bhermes [a-z]+(?! \(src)[^/]*["'`]/, "src/client", "src/protocol");
    assert.deepEqual(
      naming.filter((path) => path !== "src/client/warnings.ts"), // the screen has its own for those (people-words.ts)
      [],
    );
  });

  it("names a file after a noun of the field", () => {
    const vague = sources("src", "relay-node", "test").filter((path) => VAGUE_NAMES.includes(basename(path, ".ts")));
    assert.deepEqual(vague, []);
  });
});

/** `lint/style/noEnum` -> `no-enum.ts`. */
function ruleFile(rule: string): string {
  return `${basename(rule).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}.ts`;
}
