import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { passphrasesFrom } from "../../src/cli/passphrase.ts";
import { ask, Interrupted, type Terminal } from "../../src/cli/terminal.ts";

/** A terminal that types `keys` as soon as it is listened to; what comes back by unshift is typed next. */
function typing(...chunks: readonly (string | Uint8Array)[]) {
  const keys = chunks.map((chunk): Uint8Array => Buffer.from(chunk as string));
  const emitter = new EventEmitter();
  const modes: boolean[] = [];
  const shown: string[] = [];
  const type = () => {
    while (emitter.listenerCount("data") > 0 && keys.length > 0) emitter.emit("data", keys.shift());
  };
  const input = {
    setRawMode: (on: boolean) => modes.push(on),
    on: emitter.on.bind(emitter),
    off: emitter.off.bind(emitter),
    resume: () => queueMicrotask(type),
    pause: () => undefined,
    unshift: (chunk: Uint8Array) => keys.unshift(chunk),
  };
  const terminal = { input, write: (text: string) => shown.push(text) } as unknown as Terminal;
  return { terminal, modes, shown: () => shown.join("") };
}

describe("A question at a terminal", () => {
  it("hides what is typed, and restores the terminal", async () => {
    const { terminal, modes, shown } = typing("secret\r");
    assert.equal(await ask(terminal, "Passphrase: ", "hidden"), "secret");
    assert.equal(shown(), "Passphrase: \n");
    assert.deepEqual(modes, [true, false]);
  });

  it("shows what is typed when it may be seen", async () => {
    const { terminal, shown } = typing("Anna", "\x7f", "\r");
    assert.equal(await ask(terminal, "Name: ", "visible"), "Ann");
    assert.ok(shown().startsWith("Name: Anna\b \b"));
  });

  it("takes back letters and whole lines", async () => {
    assert.equal(await ask(typing("wrong\x15ri\x7f\x7fright\r").terminal, "", "hidden"), "right");
  });

  it("puts letters together that come in pieces", async () => {
    const bytes = Buffer.from("pä\r");
    const { terminal } = typing(bytes.subarray(0, 2), bytes.subarray(2));
    assert.equal(await ask(terminal, "", "hidden"), "pä");
  });

  it("leaves what was typed ahead for the next one", async () => {
    const { terminal } = typing("first\rsecond\r");
    assert.equal(await ask(terminal, "", "hidden"), "first");
    assert.equal(await ask(terminal, "", "hidden"), "second");
  });

  for (const [name, key] of [
    ["Ctrl-C", "ab\x03"],
    ["Ctrl-D on an empty line", "\x04"],
  ] as const) {
    it(`ends at ${name} with the terminal restored`, async () => {
      const { terminal, modes } = typing(key);
      await assert.rejects(ask(terminal, "", "hidden"), Interrupted);
      assert.deepEqual(modes, [true, false]);
    });
  }
});

describe("A passphrase", () => {
  let directory = "";
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-passphrase-"));
  });
  after(() => rm(directory, { recursive: true }));

  const none = { env: {}, file: undefined, terminal: undefined };
  const file = async (content: string | Uint8Array) => {
    const path = join(directory, "passphrase");
    await writeFile(path, content);
    return path;
  };

  it("comes from the environment", async () => {
    assert.equal(await passphrasesFrom({ ...none, env: { HERMES_PASSPHRASE: "a b " } }).known(), "a b ");
  });

  it("comes from the first line of a file, before the environment", async () => {
    const env = { HERMES_PASSPHRASE: "other" };
    for (const content of ["from file", "from file\n", "from file\r\nsecond line"]) {
      assert.equal(await passphrasesFrom({ ...none, env, file: await file(content) }).known(), "from file");
    }
  });

  it("is spoken against when it is new and easily found, and taken all the same", async () => {
    const said: string[] = [];
    const of = (text: string) => ({
      ...none,
      env: { HERMES_PASSPHRASE: text },
      note: (each: string) => said.push(each),
    });
    for (const text of ["short", "12345678901234", "aaaaaaaaaaaa"]) {
      assert.equal(await passphrasesFrom(of(text)).chosen(), text);
      assert.match(said.pop() ?? "", /^That passphrase is (shorter than 10 characters|easy to guess)/);
    }
    await passphrasesFrom(of("short")).known();
    await passphrasesFrom(of("four words nobody combines")).chosen();
    assert.deepEqual(said, []);
  });

  it("comes from the terminal, and is typed twice when it is new", async () => {
    assert.equal(await passphrasesFrom({ ...none, terminal: typing("x\r").terminal }).known(), "x");
    const { terminal, shown } = typing("\ra\rb\rc\rc\r");
    assert.equal(await passphrasesFrom({ ...none, terminal }).chosen(), "c");
    assert.match(shown(), /cannot be empty[\s\S]*not the same/);
  });

  it("that was just chosen is not asked for again", async () => {
    const passphrases = passphrasesFrom({ ...none, terminal: typing("c\rc\r").terminal });
    await passphrases.chosen();
    assert.equal(await passphrases.known(), "c");
  });

  it("is never empty", async () => {
    for (const origin of [
      { ...none, env: { HERMES_PASSPHRASE: "" } },
      { ...none, file: await file("\n") },
      { ...none, terminal: typing("\r").terminal },
    ]) {
      await assert.rejects(passphrasesFrom(origin).known(), { code: "usage/wrong-passphrase", message: /empty/ });
    }
  });

  it("that nobody can give is refused with the three ways", async () => {
    const three = /HERMES_PASSPHRASE.*--passphrase-file.*terminal/;
    await assert.rejects(passphrasesFrom(none).known(), { code: "usage/wrong-passphrase", message: three });
    assert.equal(await passphrasesFrom(none).supplied(), undefined);
  });

  it("file that is missing, huge or not UTF-8 is refused by name, without its contents", async () => {
    for (const path of [join(directory, "none"), await file("secret".repeat(2000))]) {
      await assert.rejects(passphrasesFrom({ ...none, file: path }).known(), { code: "config/unreadable" });
    }
    const bytes = await file(Uint8Array.of(0x61, 0xff));
    await assert.rejects(passphrasesFrom({ ...none, file: bytes }).known(), { message: /not text in UTF-8/ });
  });
});
