import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { after, before, describe, it } from "mocha";
import type { Terminal } from "../../src/cli/terminal.ts";
import { run } from "./surroundings.ts";

const ME = { account: "aa", fingerprint: "1", device: "bb", name: "Ana", contact: "hermes://contact/x" };
const WORDS = `${"able ".repeat(23)}baker`;

describe("hermes passphrase", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-new-passphrase-"));
  });
  after(() => rm(directory, { recursive: true }));

  it("takes the old and the new one from the environment, or from files", async () => {
    const fromEnv = await run(["passphrase", "--json"], {
      env: { HERMES_PASSPHRASE: "old", HERMES_NEW_PASSPHRASE: "new" },
    });
    assert.deepEqual([fromEnv.exit, fromEnv.passphrases], [0, ["old", "new"]]);
    assert.deepEqual(JSON.parse(fromEnv.stdout), { changed: true });
    const [old, fresh] = [join(directory, "old"), join(directory, "new")];
    await writeFile(old, "old in a file\n");
    await writeFile(fresh, "new in a file\nsecond line");
    const fromFiles = await run(["passphrase", "--passphrase-file", old, "--new-passphrase-file", fresh]);
    assert.deepEqual(fromFiles.passphrases, ["old in a file", "new in a file"]);
  });

  for (const [what, env] of [
    ["no new passphrase", { HERMES_PASSPHRASE: "old" }],
    ["an empty new passphrase", { HERMES_PASSPHRASE: "old", HERMES_NEW_PASSPHRASE: "" }],
    ["no old passphrase", { HERMES_NEW_PASSPHRASE: "new" }],
  ] as const) {
    it(`changes nothing for ${what}`, async () => {
      const { exit, stdout } = await run(["passphrase", "--json"], { env });
      assert.equal(exit, 1);
      assert.equal(JSON.parse(stdout).error.code, "usage/wrong-passphrase");
    });
  }
});

describe("hermes recovery", () => {
  it("shows the words, after the passphrase", async () => {
    const { stdout, passphrases, calls } = await run(["recovery", "show", "--json"], {
      env: { HERMES_PASSPHRASE: "mine" },
    });
    assert.deepEqual(JSON.parse(stdout), { recovery: "able baker" });
    assert.deepEqual([passphrases, calls], [["mine"], []]);
    assert.equal((await run(["recovery", "show"])).exit, 1);
  });

  for (const [what, reading, object, sentence] of [
    ["the right words", { kind: "account", account: "aa" }, { matches: true }, /^These are the recovery words/],
    [
      "another account's words",
      { kind: "account", account: "cc" },
      { matches: false, reason: "other-account" },
      /another account/,
    ],
    [
      "a word that does not exist",
      { kind: "unknown-word", position: 7 },
      { matches: false, reason: "unknown-word", position: 7 },
      /Word 7/,
    ],
    [
      "too few words",
      { kind: "wrong-count", count: 23 },
      { matches: false, reason: "wrong-count", count: 23 },
      /there are 23/,
    ],
    [
      "a mistaken word",
      { kind: "wrong-checksum" },
      { matches: false, reason: "wrong-checksum" },
      /mistaken for another/,
    ],
  ] as const) {
    it(`says of ${what} what they are, and never the words`, async () => {
      const options = { answers: { whoami: ME }, stdin: WORDS, reading: () => reading };
      const done = await run(["recovery", "check", "--json"], options);
      assert.deepEqual(JSON.parse(done.stdout), object);
      assert.equal(done.exit, object.matches ? 0 : 1);
      const shown = await run(["recovery", "check"], options);
      assert.match(shown.stdout, sentence);
      assert.ok(!/able|baker/.test(`${done.stdout}${done.stderr}${shown.stdout}${shown.stderr}`));
    });
  }

  it("reads the words from standard input as they are", async () => {
    let read = "";
    const reading = (text: string) => {
      read = text;
      return { kind: "wrong-checksum" } as const;
    };
    await run(["recovery", "check"], { answers: { whoami: ME }, stdin: `${WORDS}\n`, reading });
    assert.equal(read, WORDS);
  });
});

describe("hermes recovery restore", () => {
  it("hands over words, name, account and relays, and shows what came back", async () => {
    const args = ["recovery", "restore", "--relay", "one", "--relay", "two", "--name", "Ann", "--account", "aa"];
    const done = await run([...args, "--wait", "2", "--json"], { stdin: WORDS, exists: false });
    assert.deepEqual(done.restored, [{ words: WORDS, name: "Ann", account: "aa", waitMs: 2_000 }]);
    assert.deepEqual(done.choices[0]?.relays, ["one", "two"]);
    assert.equal(JSON.parse(done.stdout).name, "Ann");
  });

  it("asks for no words where there is a profile already", async () => {
    const done = await run(["recovery", "restore", "--json"], { stdin: WORDS });
    assert.equal(JSON.parse(done.stdout).error.code, "usage/profile-exists");
    assert.deepEqual(done.restored, []);
  });

  it("says what is lost, and what to do about the other device", async () => {
    const { stdout } = await run(["recovery", "restore", "--relay", "one"], { stdin: WORDS, exists: false });
    assert.match(stdout, /What was written before cannot be read here/);
    assert.match(stdout, /hermes devices unlink/);
  });
});

describe("recovery words that are typed", () => {
  /** Somebody who types these lines, whatever is asked. */
  function typing(lines: readonly string[]) {
    const input = Object.assign(new PassThrough(), { setRawMode: () => undefined });
    const shown: string[] = [];
    input.write(lines.map((line) => `${line}\r`).join(""));
    return { terminal: { input, write: (text: string) => shown.push(text) } as unknown as Terminal, shown };
  }

  it("are taken one by one or many at once; one that is none is told with its place and what was perhaps meant", async () => {
    const { terminal, shown } = typing(["able about", "abuot", "ABOVE zzzzzz", "able ".repeat(21)]);
    const done = await run(["recovery", "restore", "--relay", "one"], { terminal, exists: false });
    assert.deepEqual(
      done.restored.map(({ words }) => words),
      [`able about above ${"able ".repeat(21)}`.trim()],
    );
    const text = shown.join("");
    assert.match(text, /Word 3: no recovery word is written like that\. Perhaps about/);
    assert.match(text, /Word 4: no recovery word is written like that\. Type it again/);
    assert(!`${done.stdout}${done.stderr}`.includes("abuot"));
  });
});
