import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { openScene, type Scene } from "./scene/scene.ts";

const START = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/** What it promises, in the order in which it shows it. */
const PROMISED = [
  /^Three people and a relay, each a process of its own/,
  /relay +started at \/ip4\/127\.0\.0\.1\/tcp\/\d+/,
  /all +made accounts/,
  /made the group .* and an invite link/,
  /joined by the link/,
  /Ana +“.*” +→ Ben and Cleo/,
  /Ben +“.*” +→ Ana and Cleo/,
  /Cleo +“.*” +→ Ana and Ben/,
  /Cleo +goes away/,
  /Cleo +is back and has caught up/,
  /relay +killed \(SIGKILL\)/,
  /Ana +“Does anybody hear me\?” +→ Ben and Cleo, \d+ ms, without a relay/,
  /relay +started again/,
  /relay +its \d+ files \(\d+ KiB\) hold no text, no name, no account, no group name/,
  /relay +a control string planted into its database was found/,
  /^All of it went as promised\.$/,
] as const;

describe("npm start without a terminal", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  function demonstration() {
    const env = { PATH: process.env["PATH"], HOME: scene.directory, TMPDIR: scene.directory };
    const child = spawn(process.execPath, [START], { env, stdio: ["ignore", "pipe", "pipe"] });
    const lines: string[] = [];
    const said = createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    return { child, lines, said, ended: once(child, "close").then(([code]) => ({ code, stderr })) };
  }

  /** Command lines of processes that work in this scene's directory. */
  async function leftRunning(): Promise<readonly string[]> {
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    return texts.filter((text) => text.includes(scene.directory));
  }

  it("shows in order what it promises, exits with 0 and leaves nothing behind", async () => {
    const { lines, ended } = demonstration();
    const { code, stderr } = await ended;
    assert.equal(code, 0, `${lines.join("\n")}\n${stderr}`);
    let at = 0;
    for (const promise of PROMISED) {
      const found = lines.findIndex((line, i) => i >= at && promise.test(line));
      assert(found >= 0, `${promise} is not shown after line ${at} of\n${lines.join("\n")}`);
      at = found + 1;
    }
    assert.deepEqual(await readdir(scene.directory), []);
  });

  it("ends on Ctrl-C in the middle, with all of its processes, and leaves nothing behind", async function () {
    if (process.platform !== "linux") this.skip(); // there is no /proc elsewhere
    const { child, lines, said, ended } = demonstration();
    while (!lines.some((line) => PROMISED[4].test(line))) await once(said, "line");
    assert.notDeepEqual(await leftRunning(), [], "the way to find its processes does not find them");
    child.kill("SIGINT");
    assert.equal((await ended).code, 130);
    assert.deepEqual(await leftRunning(), []);
    assert.deepEqual(await readdir(scene.directory), []);
  });
});
