/**
 * Makes a fresh clone runnable: checks Node, installs the packages of the lock file, checks that the native
 * database module loads, builds. Quiet when there is nothing to do, so start and test call it every time.
 *
 * Only node: imports: this runs before npm install.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, statSync, utimesSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installCommand, installTools, missingTools } from "./toolchain.mjs";

/** The repository's root. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Oldest Node that has what we use (loading ES modules with require, in libp2p's tools). */
const NODE_LEAST = [20, 19];
/** The build of the database's module that this Node runs, as in src/sqlite: ready-made, or compiled (or fetched) by {@link checkNative}. */
const IS_READY_MADE = Number(process.versions.napi) >= 10;
const NATIVE = IS_READY_MADE ? "better-sqlite3-multiple-ciphers-13" : "better-sqlite3-multiple-ciphers";
const OPEN_DATABASE = `new (require(${JSON.stringify(NATIVE)}))(":memory:").close()`;

/** A sentence for whoever runs us, instead of a stack. */
export class Unprepared extends Error {}

const say = (sentence) => process.stderr.write(`hermes: ${sentence}\n`);

/** Throws {@link Unprepared} on a Node that is too old. */
export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > NODE_LEAST[0] || (major === NODE_LEAST[0] && minor >= NODE_LEAST[1])) return;
  throw new Unprepared(
    `Hermes needs Node ${NODE_LEAST.join(".")} or newer; this is ${version}. See https://nodejs.org`,
  );
}

/** True when every package of `lock` is in `installed` with the same contents. Both are parsed lock files. */
export function isInstalled(lock, installed) {
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed.packages[path];
    return found === undefined ? wanted.optional === true : found.integrity === wanted.integrity;
  });
}

function readJson(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Runs npm quietly: its output is kept, and shown by whoever finds that it failed. */
function npm(...args) {
  const own = process.env.npm_execpath?.endsWith(".js") ? process.env.npm_execpath : undefined;
  const options = { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28 };
  const all = [...args, "--no-audit", "--no-fund", "--loglevel=error"];
  const run = own
    ? spawnSync(process.execPath, [own, ...all], options)
    : spawnSync("npm", all, { ...options, shell: process.platform === "win32" });
  return { ok: run.status === 0, output: `${run.stdout ?? ""}${run.stderr ?? ""}${run.error?.message ?? ""}` };
}

/** Runs an npm step that may compile; when tools are missing, installs them if it can and tries once more. */
function compilingNpm(...args) {
  const first = npm(...args);
  if (first.ok) return;
  const missing = missingTools();
  if (missing.length > 0 && !installTools(say)) {
    throw new Unprepared(
      `no ready-made ${NATIVE} fits this machine, and compiling it needs ${missing.join(", ")}.\n` +
        `Type this, then repeat the command:\n\n    ${installCommand()}\n`,
    );
  }
  const second = missing.length > 0 ? npm(...args) : first;
  if (!second.ok) throw new Unprepared(`npm ${args.join(" ")} failed:\n${second.output}`);
}

/** Runs an npm command that only fetches: what has to be compiled is {@link checkNative}'s, where this Node needs it. */
function fetchingNpm(...args) {
  const run = npm(...args, "--ignore-scripts");
  if (!run.ok) throw new Unprepared(`npm ${args.join(" ")} failed:\n${run.output}`);
}

/** Installs what the lock file says, unless it is there. An older installation is brought up to date in place. */
function installPackages() {
  const installed = readJson(join(ROOT, "node_modules/.package-lock.json"));
  if (installed !== undefined && isInstalled(readJson(join(ROOT, "package-lock.json")), installed)) return;
  say("installing packages, about a minute, once…");
  if (installed === undefined) fetchingNpm("ci");
  else fetchingNpm("install", "--no-save");
}

function nativeLoads() {
  return spawnSync(process.execPath, ["-e", OPEN_DATABASE], { cwd: ROOT }).status === 0;
}

/** The native module may be built for another Node, or not yet; or npm left it out, since another Node ran it: then gets it. */
function checkNative() {
  if (nativeLoads()) return;
  if (IS_READY_MADE) fetchingNpm("install", "--no-save");
  else {
    say("compiling the database for this Node, about two minutes, once…");
    compilingNpm("rebuild", NATIVE);
  }
  if (nativeLoads()) return;
  const { stderr } = spawnSync(process.execPath, ["-e", OPEN_DATABASE], { cwd: ROOT, encoding: "utf8" });
  throw new Unprepared(`${NATIVE} does not load on Node ${process.versions.node}:\n${stderr}`);
}

/** Checks the types of everything, and compiles what bench runs; tsc -b decides itself what is newer (0.5 s when nothing is). */
function build() {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [tsc, "-b"], { cwd: ROOT, encoding: "utf8" });
  if (run.status !== 0) throw new Unprepared(`the build failed:\n${run.stdout}${run.stderr}`);
}

/** What is bundled: by which settings, of which parts (files and directories), and a file of it that says when it was made. */
export const BUNDLES = {
  program: {
    config: "config/vite.program.config.mjs",
    parts: ["src", "relay-node"],
    made: "dist/program/hermes.js",
  },
  page: {
    config: "config/vite.config.mjs",
    parts: ["src/gui/web", "src/client"],
    made: "dist/gui/index.html",
  },
};

/** When a file, or the youngest thing in a directory, was changed (ms). Directories count: a file may be gone. */
function changedMs(path) {
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => changedMs(join(path, name))));
}

/** True when no part of the bundle was changed since it was made. */
export function isBundled({ config, parts, made }, root = ROOT) {
  if (!existsSync(join(root, made))) return false;
  const all = [...parts, config, "package-lock.json"].map((path) => changedMs(join(root, path)));
  return Math.max(...all) < changedMs(join(root, made));
}

/** How long parts of an older bundle stay (ms): a program that runs may load them yet. */
const OLD_PARTS_MS = 86_400_000;

/** Removes parts that have had no place in a bundle for long. */
function clearUp(directory) {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (Date.now() - statSync(path).mtimeMs > OLD_PARTS_MS) rmSync(path, { recursive: true });
  }
}

/** Bundles what has changed since the last time (one or two seconds each). */
function bundle(each) {
  if (isBundled(each)) return;
  const startedMs = Date.now();
  const vite = join(ROOT, "node_modules/vite/bin/vite.js");
  const args = [vite, "build", "--config", join(ROOT, each.config), "--logLevel", "warn"];
  const run = spawnSync(process.execPath, args, { cwd: ROOT, encoding: "utf8" });
  if (run.status !== 0) throw new Unprepared(`the build by ${each.config} failed:\n${run.stdout}${run.stderr}`);
  clearUp(dirname(join(ROOT, each.made)));
  // What changes while it is built is built the next time.
  utimesSync(join(ROOT, each.made), new Date(), startedMs / 1_000);
}

/** Everything that running the program needs. Throws {@link Unprepared}. */
export function prepareProgram() {
  checkNode();
  installPackages();
  checkNative();
  if (!existsSync(join(ROOT, "dist"))) say("building, some seconds…");
  bundle(BUNDLES.program);
  bundle(BUNDLES.page);
}

/** The same, and what tests and benchmarks need: all types checked, everything compiled. */
export function prepare() {
  prepareProgram();
  build();
}

/** Runs `main`, whose result is the exit code; {@link Unprepared} becomes its sentence and exit code 1. */
export async function runMain(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Unprepared)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  await runMain(() => prepare());
}
