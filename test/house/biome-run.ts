/** Runs the repository's own lint configuration over files that exist only in a temporary directory. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** One error that Biome reported. */
export interface LintError {
  /** Path relative to the linted directory. */
  readonly file: string;
  /** `lint/style/noRestrictedImports`, `plugin`, … */
  readonly rule: string;
  readonly message: string;
}

/** What the repository's rules say about `files` (path -> content). */
export function lint(files: Readonly<Record<string, string>>): readonly LintError[] {
  const directory = mkdtempSync(join(tmpdir(), "hermes-lint-"));
  try {
    cpSync(join(ROOT, "biome.json"), join(directory, "biome.json"));
    cpSync(join(ROOT, "scripts/lint"), join(directory, "scripts/lint"), { recursive: true });
    writeFileSync(join(directory, ".gitignore"), "node_modules/\n");
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), content);
    }
    return runBiome(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function runBiome(directory: string): readonly LintError[] {
  const biome = join(ROOT, "node_modules/@biomejs/biome/bin/biome");
  const args = [biome, "lint", ".", "--reporter=github", "--max-diagnostics=none", "--error-on-warnings"];
  const run = spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8" });
  const errors = [...run.stdout.matchAll(/^::\w+ title=([^,]*),file=([^,]*),.*?::(.*)$/gm)].map(
    ([, rule = "", file = "", message = ""]) => ({
      rule,
      file: relative(directory, resolve(directory, file)),
      message,
    }),
  );
  if ((run.status === 0) !== (errors.length === 0)) throw new Error(`Biome failed: ${run.stdout}${run.stderr}`);
  return errors;
}
