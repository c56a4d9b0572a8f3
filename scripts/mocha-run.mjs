/**
 * Runs mocha over the tests, about as many files at once as there are cores, the long ones first.
 *
 * 1. The last line is `N passed, N failed` (`, N skipped` if any); the exit code is 0 only when nothing failed.
 * 2. With CI set, a skipped or an exclusive test is a failure.
 * 3. A run that never ends after its summary, or ends before it, is a failure.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { runNode } from "./child.mjs";
import { ROOT } from "./prepare.mjs";

/** The longest: it computes and never waits, so it runs beside those that do, from the start. */
const LONGEST = "sim/mixed.test.ts";
/** Folders of test/ whose tests start processes or take long: before all others, the last first, so that no core is left with a long one alone. */
const LONG = ["relay-node", "twin", "sim", "e2e"];
/** Test files at once: two more than there are cores, since most of them wait for processes of their own now and then. */
const FILES_AT_ONCE = Math.min(availableParallelism() + 2, 4);
/** How long open sockets and timers may keep the test process alive after its summary. */
const LINGER_MS = 10_000;

function rank(path) {
  const parts = relative(join(ROOT, "test"), path).split(/[\\/]/);
  return parts.join("/") === LONGEST ? LONG.length : LONG.indexOf(parts[0]);
}

function testFiles(directory) {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .map((path) => join(directory, path))
    .sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
}

/** Arguments that are paths choose the tests; all others are mocha's (`-g test` is a word, not the folder). */
function chooseFiles(args) {
  const paths = args.filter((arg, i) => existsSync(arg) && !args[i - 1]?.startsWith("-"));
  const files = paths.flatMap((path) => (statSync(path).isDirectory() ? testFiles(path) : [path]));
  const options = args.filter((arg) => !paths.includes(arg));
  return { options, files: paths.length > 0 ? files : testFiles(join(ROOT, "test")) };
}

/**
 * Runs mocha over the tests that `args` choose; answers the counts that its reporter sent, with what it could not know
 * itself. `env` is the environment of the tests.
 */
export async function runMocha(args, env = process.env) {
  const { options, files } = chooseFiles(args);
  const strict = ["--fail-zero", ...(process.env.CI ? ["--forbid-pending", "--forbid-only"] : [])];
  const mocha = ["--import", "tsx", join(ROOT, "node_modules/mocha/bin/mocha.js")];
  const reporter = ["--reporter", join(ROOT, "scripts/reporter/counting-spec.mjs")];
  let counts = { passed: 0, failed: 0, skipped: 0, ended: false };
  const onMessage = (message, child) => {
    counts = message;
    if (counts.ended) setTimeout(() => endLingering(child), LINGER_MS).unref();
  };
  const atOnce = files.length > 1 ? ["--parallel", "--jobs", String(FILES_AT_ONCE)] : [];
  const exit = await runNode([...mocha, ...reporter, ...strict, ...atOnce, ...options, ...files], { onMessage, env });
  if (!counts.ended) process.stderr.write("hermes: the test process ended before its summary\n");
  const broken = !counts.ended || (exit !== 0 && counts.failed === 0);
  return { ...counts, failed: counts.failed + (broken ? 1 : 0) };
}

function endLingering(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.stderr.write(
    `hermes: a test left something open: the process still ran ${LINGER_MS / 1000} s after its summary\n`,
  );
  child.kill("SIGKILL");
}

/** Runs the tests that `args` choose, prints the last line and answers the exit code. */
export async function runTests(args) {
  const { passed, failed, skipped } = await runMocha(args);
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`);
  return failed === 0 ? 0 : 1;
}
