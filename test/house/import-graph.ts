/**
 * The import graph as it is at run time: what loading one module loads, however deep.
 *
 * 1. `import type` and `export type` are erased and lead nowhere; every other form is followed, also
 *    `import { type T } from`, which stays as an import for its side effects (verbatimModuleSyntax).
 * 2. `import()` and `new URL("./x", import.meta.url)` (worker threads) count as imports.
 * 3. The lint plugin scripts/lint/plain-imports.grit refuses the forms that this file could not read.
 */
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { ROOT } from "./biome-run.ts";

const FORMS = [
  /^\s*import\s+(?!type\b)(?:[^"';]*?\bfrom\s*)?["']([^"']+)["']/gm,
  /^\s*export\s+(?!type\b)(?:\*|\*\s+as\s+\w+|\{[^}]*\})\s*from\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']/g,
  /\bnew URL\(\s*["']([^"']+)["']\s*,\s*import\.meta\.url/g,
];

/** Folders of which nothing may be in a relay. */
export const DECRYPTS = /^src\/(crypto|crypto-native|protocol|client|store|cli|gui)\//;

/** The module names that `source` loads when it runs. */
export function runtimeImports(source: string): readonly string[] {
  return namesIn(source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, ""));
}

/** The same, and those that stand in comments. */
export function namesIn(code: string): readonly string[] {
  return FORMS.flatMap((form) => [...code.matchAll(form)].map(([, name = ""]) => name));
}

/** Every module of ours reachable from `entry` (path from the root) -> the chain of paths that leads there. */
export function reachable(
  entry: string,
  read: (path: string) => string = readSource,
): ReadonlyMap<string, readonly string[]> {
  const chains = new Map<string, readonly string[]>([[entry, [entry]]]);
  for (const [path, chain] of chains) {
    for (const name of runtimeImports(read(path))) {
      if (!name.startsWith(".")) continue;
      const target = normalize(join(dirname(path), name)).replace(/\.js$/, ".ts");
      if (!chains.has(target)) chains.set(target, [...chain, target]);
    }
  }
  return chains;
}

function readSource(path: string): string {
  return /\.ts$/.test(path) ? readFileSync(join(ROOT, path), "utf8") : "";
}
