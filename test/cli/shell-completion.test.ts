import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import { COMMANDS, COMMON_OPTIONS } from "../../src/cli/command-table.ts";
import { run } from "./surroundings.ts";

const script = async (shell: string): Promise<string> => (await run(["completion", shell])).stdout;

/** Loads the script $1 and completes the words that follow it; the last one is where the cursor stands. */
const COMPLETE = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hermes; printf '%s\\n' "\${COMPREPLY[@]}"`;

describe("The completion for bash", () => {
  let directory = "";
  let path = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-completion-"));
    path = join(directory, "hermes.bash");
    await writeFile(path, await script("bash"));
    await writeFile(join(directory, "my words.txt"), "");
  });
  after(() => rm(directory, { recursive: true }));

  const complete = async (...typed: readonly string[]): Promise<readonly string[]> => {
    const args = ["--norc", "-c", COMPLETE, "bash", path, "hermes", ...typed];
    const { stdout, stderr } = await promisify(execFile)("bash", args, { cwd: directory });
    assert.equal(stderr, "");
    return stdout.split("\n").filter((line) => line !== "");
  };

  it("is a script that bash can read", async () => {
    await promisify(execFile)("bash", ["-n", path]);
  });

  it("offers every command by its words", async () => {
    const firsts = await complete("");
    for (const { name } of COMMANDS) {
      const [first = "", second] = name.split(" ");
      assert.ok(firsts.includes(first), name);
      if (second !== undefined) assert.ok((await complete(first, "")).includes(second), name);
    }
  });

  it("offers the options of the command, and of no other", async () => {
    for (const { name, options, operands } of COMMANDS) {
      if (operands === "everything") continue;
      const expected = Object.keys({ ...options, ...COMMON_OPTIONS }).map((each) => `--${each}`);
      assert.deepEqual([...(await complete(...name.split(" "), "--"))].sort(), expected.sort(), name);
    }
  });

  it("offers words and files as values, and leaves the rest to whoever types", async () => {
    assert.deepEqual(await complete("gr"), ["group"]);
    assert.deepEqual(await complete("--pro"), ["--profile"]);
    assert.deepEqual(await complete("--profile", "/x", "group", "in"), ["info", "invite", "invites"]);
    assert.deepEqual(await complete("group", "add", "Home", "x", "--role", "a"), ["admin"]);
    assert.deepEqual(await complete("passphrase", "--new-passphrase-file", "my"), ["my words.txt"]);
    assert.deepEqual(await complete("send", "--wait", ""), []);
    assert.deepEqual(await complete("send", "Home", ""), []);
    assert.deepEqual(await complete("completion", "z"), ["zsh"]);
    assert.ok((await complete("help", "")).includes("exit-codes"));
  });
});

describe("The completion for", () => {
  for (const shell of ["zsh", "fish"]) {
    it(`${shell} knows every command and every option`, async () => {
      const text = await script(shell);
      for (const { name, options } of COMMANDS) {
        for (const word of [...name.split(" "), ...Object.keys(options)]) assert.ok(text.includes(word), word);
      }
    });
  }

  it("an unknown shell is a mistake", async () => {
    const { exit, stderr } = await run(["completion", "powershell"]);
    assert.equal(exit, 2);
    assert.match(stderr, /bash, zsh, fish/);
  });
});
