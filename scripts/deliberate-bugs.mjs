/**
 * `node scripts/deliberate-bugs.mjs [WORD…]`: puts each bug of bug-list.mjs into a temporary clone of the last commit and
 * runs the test that must fail by it; WORDs choose bugs by their names. Exit code 0 only when each is caught.
 *
 * A bug is caught when its test passes without it and fails with it, and what fails is no module that does not load. The working
 * tree is not touched.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUGS } from "./bug-list.mjs";
import { BUNDLES, prepare, ROOT, runMain, Unprepared } from "./prepare.mjs";

/** Longest run of one test (ms); one that hangs has noticed the bug, too. */
const TEST_MS = 1_800_000;

/** What a test, or a simulation's worker, says of a module that does not load. */
const UNLOADED = /SyntaxError|does not provide an export|Cannot find module|a worker ended with/;

function run(cwd, command, ...args) {
  return spawnSync(command, args, {
    cwd,
    env: { ...process.env, HERMES_SHRINK_TRIES: "0" }, // that a simulation fails is enough
    encoding: "utf8",
    timeout: TEST_MS,
    maxBuffer: 1 << 28,
    killSignal: "SIGKILL",
  });
}

/** A clone with our packages. */
function clone() {
  const directory = mkdtempSync(join(tmpdir(), "hermes-bugs-"));
  const made = run(tmpdir(), "git", "clone", "-q", ROOT, directory);
  if (made.status !== 0) throw new Unprepared(`git clone failed:\n${made.stderr}`);
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  return directory;
}

/** "passes", "fails: " and how, or why neither can be said. */
function outcomeOf(directory, { test, only, built }) {
  if (built) {
    const vite = ["node_modules/vite/bin/vite.js", "build", "--config", BUNDLES.program.config, "--logLevel", "warn"];
    const bundled = run(directory, process.execPath, ...vite);
    if (bundled.status !== 0) return `cannot be bundled: ${bundled.stderr.slice(0, 300)}`;
  }
  const choice = only === undefined ? [] : ["-g", only];
  const mocha = ["--import", "tsx", "node_modules/mocha/bin/mocha.js", "--exit", "--fail-zero", "--reporter", "json"];
  const { status, stdout } = run(directory, process.execPath, ...mocha, ...choice, test);
  if (status !== 0) return `fails: ${firstFailure(stdout)}`;
  return /"pending": 0,/.test(stdout) ? "passes" : "is skipped here";
}

/** What the first failing test says, so that one sees that it is about the bug. */
function firstFailure(report) {
  const [, text] = /"message": ("(?:[^"\\]|\\.)*")/.exec(report) ?? [];
  return text === undefined ? "it did not end by itself" : JSON.parse(text).replace(/\s+/g, " ").slice(0, 300);
}

/** The file with the bug, or undefined when it has no such place. */
function withBug(text, { from, to, every }) {
  const places = text.split(from);
  return places.length === 2 || (every && places.length > 2) ? places.join(to) : undefined;
}

function tryBug(directory, bug, sound) {
  const texts = new Map();
  const broken = new Map();
  for (const change of [bug, ...(bug.also ?? [])]) {
    const path = join(directory, change.file);
    if (!texts.has(path)) texts.set(path, readFileSync(path, "utf8"));
    const changed = withBug(broken.get(path) ?? texts.get(path), change);
    if (changed === undefined) return `NOT TRIED: ${change.file} has no such place any more`;
    broken.set(path, changed);
  }
  if (sound !== "passes") return `NOT TRIED: without it the test ${sound}`;
  for (const [path, text] of broken) writeFileSync(path, text);
  const outcome = outcomeOf(directory, bug);
  for (const [path, text] of texts) writeFileSync(path, text);
  if (UNLOADED.test(outcome)) return `NOT TRIED: the program does not load with it: the test ${outcome}`;
  return outcome.startsWith("fails") ? `caught, it ${outcome}` : `NOT CAUGHT: the test ${outcome}`;
}

await runMain(() => {
  const words = process.argv.slice(2);
  const bugs = BUGS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  prepare();
  const directory = clone();
  const sound = new Map();
  let missed = 0;
  try {
    for (const bug of bugs) {
      const key = `${bug.test} ${bug.only ?? ""}`;
      if (!sound.has(key)) sound.set(key, outcomeOf(directory, bug));
      const outcome = tryBug(directory, bug, sound.get(key));
      if (!outcome.startsWith("caught")) missed += 1;
      process.stdout.write(`${bug.name}\n    ${bug.test}: ${outcome}\n`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
  process.stdout.write(`\n${bugs.length} bugs, ${bugs.length - missed} caught\n`);
  return missed === 0 ? 0 : 1;
});
