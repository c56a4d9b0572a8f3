import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, it } from "mocha";
import { findChromium, INSTALL } from "../../../scripts/chromium.mjs";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const INSTALL_ONCE =
  'const { installChromium } = await import("./scripts/chromium.mjs"); installChromium((said) => console.log(said));';
const isRoot = process.getuid?.() === 0;

describe("The browser that tests drive", function () {
  this.timeout(30_000);
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-path-"));
    await symlink(process.execPath, join(directory, "node"));
    await symlink("/bin/sh", join(directory, "sh"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  const program = async (name: string, script: string): Promise<void> => {
    await writeFile(join(directory, name), script);
    await chmod(join(directory, name), 0o755);
  };
  /** Node on a machine that has only what lies in our directory. */
  const node = (...args: readonly string[]) => {
    const env = { PATH: directory, HOME: directory, TMPDIR: directory };
    return spawnSync(process.execPath, [...args], { cwd: ROOT, env, encoding: "utf8" });
  };

  it("is not found where none is, and its tests are skipped by a name that says what to type", () => {
    assert.equal(findChromium({ PATH: directory }), undefined);
    const mocha = ["--import", "tsx", join(ROOT, "node_modules/mocha/bin/mocha.js")];
    const run = node(...mocha, join(ROOT, "test/e2e/gui/everyday.test.ts"));
    assert.ok(run.stdout.includes(`Everyday things on the web screen (skipped: no browser; ${INSTALL})`), run.stdout);
    assert.match(run.stdout, /0 passing[\s\S]*\d+ pending/);
    assert.equal(run.status, 0, run.stdout + run.stderr);
  });

  it("is installed once, by root, where there is apt", async () => {
    assert.equal(node("--input-type=module", "-e", INSTALL_ONCE).stdout, "");
    const browser = join(directory, "chromium");
    const installs = `case "$*" in *install*chromium) : > ${browser}; /bin/chmod +x ${browser} ;; esac`;
    await program("apt-get", `#!/bin/sh\n${installs}\n`);
    const first = node("--input-type=module", "-e", INSTALL_ONCE);
    assert.equal(first.stdout.includes("installing Chromium"), isRoot, first.stderr);
    assert.equal(existsSync(browser), isRoot);
    assert.equal(node("--input-type=module", "-e", INSTALL_ONCE).stdout, "");
  });

  it("is the one that HERMES_CHROMIUM names, else the first of its usual names", async () => {
    await program("google-chrome", "#!/bin/sh\n");
    await program("chromium", "#!/bin/sh\n");
    assert.equal(findChromium({ PATH: directory }), join(directory, "chromium"));
    assert.equal(findChromium({ PATH: directory, HERMES_CHROMIUM: "/opt/other" }), "/opt/other");
  });
});
