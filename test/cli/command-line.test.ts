import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { fault, run } from "./surroundings.ts";

const GROUP = { id: "ab".repeat(32), name: "Home" };

describe("A command line", () => {
  it("has help for each command, with an example", async () => {
    for (const { name, operands } of COMMANDS) {
      if (operands === "everything") continue;
      const { exit, stdout } = await run([...name.split(" "), "--help"]);
      assert.equal(exit, 0, name);
      assert.match(
        stdout,
        new RegExp(`^Usage: hermes ${name} [\\s\\S]*Examples?:\n {2}(.*\\| )?(hermes|npm start)`),
        name,
      );
    }
  });

  it("lists every command", async () => {
    const { stdout } = await run(["--help"]);
    for (const { name } of COMMANDS) assert.ok(stdout.includes(`\n  ${name} `), name);
  });

  it("has help about commands, families of commands and topics by name", async () => {
    const { stdout: overview } = await run(["--help"]);
    assert.equal((await run(["help"])).stdout, overview);
    for (const name of ["send", "group invite"]) {
      const about = async (argv: readonly string[]) => (await run(argv)).stdout;
      assert.equal(await about(["help", ...name.split(" ")]), await about([...name.split(" "), "--help"]));
    }
    assert.match((await run(["help", "group"])).stdout, /group create NAME[\s\S]*group join LINK/);
    for (const topic of ["passphrases", "relays", "scripting", "exit-codes"]) {
      const { exit, stdout } = await run(["help", topic]);
      assert.deepEqual([exit, overview.includes(topic), stdout.length > 500], [0, true, true], topic);
      assert.ok(
        stdout.split("\n").every((line) => line.length <= 120),
        topic,
      );
    }
    assert.equal((await run(["help", "relay"])).stdout, "--help");
  });

  it("helps also where the settings are broken", async () => {
    for (const argv of [["help"], ["--help"], ["help", "send"], ["send", "--help"], ["completion", "bash"]]) {
      assert.equal((await run(argv, { env: { HERMES_CONFIG: "/nowhere" } })).exit, 0, argv.join(" "));
    }
  });

  for (const [argv, sentence] of [
    [["sned"], /^hermes: there is no command "sned"; did you mean hermes send\?/],
    [["group", "crate"], /hermes group crate is no command; did you mean hermes group create\?/],
    [
      ["group"],
      /hermes group is no command; there are create, list, info, invite, invites, revoke, join, add, remove, role, leave, rekey, rename, settings, relays\./,
    ],
    [[], /^hermes: name a command; hermes --help lists them/],
    [["send"], /G is missing/],
    [["history", "Home", "--limit", "0"], /--limit must be/],
    [["history", "Home", "--search", " "], /--search has no words/],
    [["help", "sned"], /did you mean hermes help send\?/],
  ] as const) {
    it(`answers a mistake in one sentence: hermes ${argv.join(" ")}`, async () => {
      const { exit, stdout, stderr, calls } = await run(argv);
      assert.equal(exit, 2);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split("\n").length, 1);
      assert.deepEqual(calls, []);
    });
  }

  it("answers an option that a command does not know with exit code 2, as an object with --json", async () => {
    for (const { name, operands } of COMMANDS) {
      if (operands === "everything") continue;
      const { exit, stdout, stderr, calls } = await run([...name.split(" "), "--sparkle", "--json"]);
      assert.deepEqual([name, exit, stderr, calls], [name, 2, "", []]);
      assert.match(stdout, /^\{"error":\{"code":"usage\/bad-argument","message":".*--sparkle.*"\}\}\n$/);
    }
  });

  it("reports faults with their code on standard output with --json", async () => {
    const answers = { status: fault("storage/full", "The disk is full.") };
    const { exit, stdout, stderr } = await run(["status", "--json"], { answers });
    assert.equal(exit, 1);
    assert.deepEqual(JSON.parse(stdout), { error: { code: "storage/full", message: "The disk is full." } });
    assert.equal(stderr, "");
  });

  it("closes the profile when a call fails", async () => {
    assert.equal((await run(["status"], { answers: { status: fault("storage/full", "Full.") } })).closed, 1);
  });

  it("keeps back what an unexpected error says, unless asked", async () => {
    const answers = { status: new Error("key 12345") };
    const { exit, stdout, stderr } = await run(["status", "--json"], { answers });
    assert.equal(exit, 1);
    assert.equal(JSON.parse(stdout).error.code, "internal/invariant");
    assert.ok(!`${stdout}${stderr}`.includes("12345"));
    const debug = await run(["status"], { answers, env: { HERMES_DEBUG: "1" } });
    assert.match(debug.stderr, /key 12345/);
  });

  it("says what may help where a process of an older build gave an answer that lacks something", async () => {
    const { exit, stderr } = await run(["status"], { answers: { status: {} as never } });
    assert.equal(exit, 1);
    assert.match(stderr, /if Hermes was updated .* end that one and try again/);
  });

  it("takes options before the command too, and a group called like a command", async () => {
    const answers = { history: { messages: [] } };
    const { exit, calls, choices } = await run(["--profile", "/elsewhere", "history", "send"], { answers });
    assert.equal(exit, 0);
    assert.deepEqual(calls, [{ method: "history", params: { group: "send" } }]);
    assert.equal(choices[0]?.directory, "/elsewhere");
  });

  it("finds the profile by option, then environment, then the system's place", async () => {
    const answers = { status: { relays: [], peers: [], members: [], outbox: 0, primitives: "noble" } };
    const directory = async (argv: readonly string[], env: Record<string, string>) =>
      (await run(["status", ...argv], { answers, env })).choices[0]?.directory;
    assert.equal(await directory(["--profile", "/a"], { HERMES_PROFILE: "/b" }), "/a");
    assert.equal(await directory([], { HERMES_PROFILE: "/b" }), "/b");
    assert.equal(await directory([], {}), "/default");
  });

  it("hands everything after relay on", async () => {
    const { exit, stdout } = await run(["relay", "--data", "x", "--wrong"]);
    assert.equal(exit, 7);
    assert.equal(stdout, "--data x --wrong");
  });
});

describe("Results with --json", () => {
  const message = (id: string) => ({
    id,
    from: { account: "aa", name: "Ana" },
    sentAt: "2026-01-01T00:00:00.000Z",
    kind: "text" as const,
    text: "hi\nthere",
    depth: 1,
  });

  it("are one message a line in a history", async () => {
    const answers = { history: { messages: [message("1"), message("2")] } };
    const { stdout } = await run(["history", "Home", "--limit", "2", "--search", "hi", "--json"], { answers });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines, [{ message: message("1") }, { message: message("2") }]);
  });

  it("are one group a line in a list, and nothing where there is none", async () => {
    const group = { ...GROUP, members: 2, unread: 1 };
    const listed = await run(["group", "list", "--json"], { answers: { "group-list": { groups: [group] } } });
    assert.deepEqual(JSON.parse(listed.stdout), { group });
    const none = await run(["group", "list", "--json"], { answers: { "group-list": { groups: [] } } });
    assert.equal(none.stdout, "");
  });

  it("are those of the client elsewhere", async () => {
    const sent = { message: { id: "1" }, state: "on-relay" as const };
    assert.deepEqual(
      JSON.parse((await run(["send", "Home", "hi", "--json"], { answers: { send: sent } })).stdout),
      sent,
    );
  });

  it("name account, fingerprint, device, name and recovery words of a new profile", async () => {
    const { stdout, choices } = await run([
      "init",
      "--name",
      "Ana",
      "--relay",
      "/ip4/a",
      "--relay",
      "/ip4/b",
      "--json",
    ]);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ["account", "fingerprint", "device", "name", "recovery"]);
    assert.deepEqual(choices[0]?.relays, ["/ip4/a", "/ip4/b"]);
  });
});

describe("hermes send", () => {
  const answers = { send: { message: { id: "1" }, state: "queued" as const } };

  it("sends standard input without its last newline", async () => {
    const { calls } = await run(["send", "Home"], { answers, stdin: "two\nlines\n" });
    assert.deepEqual(calls, [{ method: "send", params: { group: "Home", text: "two\nlines" } }]);
  });

  it("waits as long as it is told, or not at all", async () => {
    const params = async (...options: readonly string[]) =>
      (await run(["send", "Home", "hi", ...options], { answers })).calls[0]?.params;
    assert.deepEqual(await params("--wait", "2.5"), { group: "Home", text: "hi", waitMs: 2_500 });
    assert.deepEqual(await params("--no-wait"), { group: "Home", text: "hi", waitMs: 0 });
  });

  for (const [what, stdin, code, exit] of [
    ["nothing", "", "usage/bad-argument", 2],
    ["bytes that are not UTF-8", Buffer.from([0x68, 0xff]), "usage/bad-argument", 2],
    ["more than a MiB", Buffer.alloc(1_048_577, "a"), "usage/too-long", 2],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const done = await run(["send", "Home", "--json"], { answers, stdin });
      assert.equal(JSON.parse(done.stdout).error.code, code);
      assert.equal(done.exit, exit);
      assert.deepEqual(done.calls, []);
    });
  }
});

describe("hermes history", () => {
  const text = (id: string) => ({
    id,
    from: { account: "aa", name: "Ana" },
    sentAt: "2026-01-01T00:00:00.000Z",
    kind: "text" as const,
    text: "hi",
    depth: 1,
  });
  const page = (count: number) => ({
    answers: { history: { messages: Array.from({ length: count }, (_, i) => text(`id-${i}`)) } },
  });

  it("says how to see older ones where there may be some, and only to people", async () => {
    assert.match((await run(["history", "Home", "--limit", "3"], page(3))).stderr, /--before id-0\n$/);
    assert.match((await run(["history", "Home"], page(50))).stderr, /--before id-0\n$/);
    assert.equal((await run(["history", "Home"], page(49))).stderr, "");
    assert.equal((await run(["history", "Home", "--limit", "3", "--json"], page(3))).stderr, "");
  });

  it("shows the whole id of each message where it is asked for", async () => {
    const { stdout } = await run(["history", "Home", "--ids"], page(2));
    assert.match(stdout, /^id-0 {2}\S+ \S+ {2}Ana: hi\nid-1 {2}.*\n$/);
  });

  it("asks for the page before a message, and for words", async () => {
    const { calls } = await run(["history", "Home", "--before", "ab", "--search", "load average"], page(1));
    assert.deepEqual(calls[0]?.params, { group: "Home", before: "ab", search: "load average" });
  });
});

describe("hermes sync", () => {
  it("fails when not everything came through, and says what is left", async () => {
    const answers = { sync: { complete: false, received: 1, outbox: 2, undelivered: 0 } };
    const { exit, stdout } = await run(["sync", "--json"], { answers });
    assert.equal(exit, 1);
    assert.deepEqual(JSON.parse(stdout), answers.sync);
  });
});
