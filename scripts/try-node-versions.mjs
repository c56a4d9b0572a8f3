/**
 * `node scripts/try-node-versions.mjs [VERSION…] [-- TEST…]`: what runs on which Node. For each version (20.19, 22 and 24
 * unless named): Node from npm's `node` package and a clone of the last commit in a temporary directory, the build of the
 * database that it runs, then the tests (single modules and some processes unless named). Ends with a line for each version.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { prepare, ROOT, runMain, Unprepared } from "./prepare.mjs";

const VERSIONS = ["20.19", "22", "24"];
const TESTS = [
  ...["wire", "verify", "crypto", "crypto-native", "protocol", "client", "store", "net", "cli", "formats", "sim"],
  ...["relay-node/main.test.ts", "relay-node/sqlite-log.test.ts", "relay-node/serving.test.ts"],
  ...["e2e/commands.test.ts", "e2e/conversation.test.ts", "e2e/failures.test.ts", "e2e/demonstration.test.ts"],
].map((path) => `test/${path}`);

function run(command, args, options) {
  const result = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 28, ...options });
  if (result.status !== 0)
    throw new Unprepared(`${command} ${args.join(" ")} failed:\n${result.stdout}${result.stderr}`);
  return result.stdout.trim();
}

/** Path of a Node of this version, fetched into `directory`. */
function fetchNode(directory, version) {
  run("npm", ["install", "--prefix", directory, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`]);
  const node = join(directory, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");
  if (!existsSync(node)) throw new Unprepared(`npm's node@${version} has no program for this machine`);
  return node;
}

/** Where the package keeps the headers that a native module is compiled with. */
function headersOf(directory) {
  const name = `node-${process.platform}-${process.arch}`;
  const places = [`node_modules/node/node_modules/${name}`, `node_modules/${name}`];
  return places.map((place) => join(directory, place)).find((place) => existsSync(join(place, "include/node")));
}

/** A clone with a copy of our packages, which may be built anew there: never a link to ours, which others use. */
function cloneInto(directory) {
  const clone = join(directory, "hermes");
  run("git", ["clone", "-q", ROOT, clone]);
  cpSync(realpathSync(join(ROOT, "node_modules")), join(clone, "node_modules"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  return clone;
}

function tryVersion(version, tests) {
  const directory = mkdtempSync(join(tmpdir(), "hermes-node-"));
  try {
    const node = fetchNode(directory, version);
    const headers = headersOf(directory);
    const env = {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH}`,
      ...(headers && { npm_config_nodedir: headers }),
    };
    const cwd = cloneInto(directory);
    const full = run(node, ["--version"]);
    process.stdout.write(`\nNode ${full}\n`);
    const { status, stdout } = spawnSync(node, ["scripts/test.mjs", ...tests], {
      cwd,
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) process.stdout.write(stdout);
    return { line: `Node ${full}: ${stdout.trimEnd().split("\n").at(-1)}`, failed: status !== 0 };
  } catch (error) {
    if (!(error instanceof Unprepared)) throw error;
    return { line: `Node ${version}: ${error.message}`, failed: true };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await runMain(() => {
  const args = process.argv.slice(2);
  const split = args.includes("--") ? args.indexOf("--") : args.length;
  const [versions, tests] = [args.slice(0, split), args.slice(split + 1)];
  prepare();
  const outcomes = (versions.length > 0 ? versions : VERSIONS).map((version) =>
    tryVersion(version, tests.length > 0 ? tests : TESTS),
  );
  process.stdout.write(`\n${outcomes.map(({ line }) => line).join("\n")}\n`);
  return outcomes.some(({ failed }) => failed) ? 1 : 0;
});
