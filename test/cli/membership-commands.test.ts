import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { Terminal } from "../../src/cli/terminal.ts";
import { fault, run } from "./surroundings.ts";

const GROUP = { id: "ff".repeat(32), name: "hikes" };
const BEN = { account: "bb".repeat(32), name: "Ben" };
const DONE = { group: GROUP, state: "on-relay" as const };

/** Somebody at a terminal who types these lines, one for each question. */
function typist(...lines: readonly string[]): { readonly terminal: Terminal; readonly shown: string[] } {
  const shown: string[] = [];
  const answers = [...lines];
  const listeners = new Set<(chunk: Buffer) => void>();
  const input = {
    setRawMode: () => input,
    on: (event: string, listener: (chunk: Buffer) => void) => {
      if (event !== "data") return input;
      listeners.add(listener);
      queueMicrotask(() => listener(Buffer.from(`${answers.shift() ?? "\x03"}\r`)));
      return input;
    },
    off: (_: string, listener: (chunk: Buffer) => void) => {
      listeners.delete(listener);
      return input;
    },
    resume: () => input,
    pause: () => input,
    unshift: () => undefined,
  };
  return { terminal: { input: input as unknown as Terminal["input"], write: (text) => shown.push(text) }, shown };
}

describe("Commands that change a group", () => {
  for (const [argv, method, params, answer] of [
    [["remove", "hikes", "Ben"], "group-remove", { member: "Ben" }, { ...DONE, member: BEN }],
    [
      ["role", "hikes", "Ben", "admin"],
      "group-role",
      { member: "Ben", role: "admin" },
      { ...DONE, member: { ...BEN, role: "admin" } },
    ],
    [["leave", "hikes", "--hand-over", "Ben"], "group-leave", { handOver: "Ben" }, DONE],
    [["rekey", "hikes", "--wait", "3"], "group-rekey", { waitMs: 3_000 }, { ...DONE, epoch: { id: "aa", number: 4 } }],
    [["rename", "hikes", "walks"], "group-rename", { name: "walks" }, DONE],
    [["revoke", "hikes", "3fa9"], "group-revoke", { invite: "3fa9" }, { ...DONE, invite: { id: "3fa9" } }],
  ] as const)
    it(`hermes group ${argv.join(" ")} asks the client for just that`, async () => {
      const done = await run(["group", ...argv, "--json"], { answers: { [method]: answer } });
      assert.deepEqual(done.calls, [{ method, params: { group: "hikes", ...params } }], done.stderr);
      assert.deepEqual(JSON.parse(done.stdout), answer);
    });

  it("takes ranks that there are, and no others", async () => {
    const { exit, calls } = await run(["group", "role", "hikes", "Ben", "king"]);
    assert.deepEqual([exit, calls], [2, []]);
  });

  it("asks at a terminal before a group is handed over, and not with --yes", async () => {
    const answers = { "group-role": { ...DONE, member: { ...BEN, role: "owner" } } };
    const argv = ["group", "role", "hikes", "Ben", "owner"];
    const no = await run(argv, { answers, terminal: typist("no").terminal });
    assert.deepEqual([no.exit, no.calls], [1, []]);
    const yes = await run(argv, { answers, terminal: typist("yes").terminal });
    assert.deepEqual([yes.exit, yes.calls.length], [0, 1]);
    const sure = await run([...argv, "--yes"], { answers, terminal: typist().terminal });
    assert.deepEqual([sure.exit, sure.calls.length], [0, 1]);
  });

  it("suggests to an owner who could take the group over", async () => {
    const member = { devices: 1, verified: false };
    const members = [
      { ...member, account: "aa", name: "Ana", role: "owner" as const },
      { ...member, account: "cc", name: "Cem", role: "member" as const },
      { ...member, ...BEN, role: "admin" as const },
    ];
    const leave = async (group: string, admin: string) =>
      await run(["group", "leave", group], {
        answers: {
          "group-leave": fault("usage/not-allowed", "you own this group"),
          "group-cancel": fault("usage/not-found", "nobody is asked there"),
          whoami: { account: "aa", fingerprint: "", device: "", name: "Ana", contact: "" },
          "group-info": {
            group: GROUP,
            members: members.map((each) => (each.role === "admin" ? { ...each, name: admin } : each)),
            epoch: { id: "", number: 1 },
          },
        },
      });
    const { exit, stderr } = await leave("hikes", "Ben");
    assert.equal(exit, 1);
    assert.match(stderr, /hermes group leave hikes --hand-over Ben/);
    const hostile = await leave("Sunday hikes", "Ben'; rm -r $(pwd)"); // a line that is copied runs nothing of a name
    assert.ok(hostile.stderr.includes("hermes group leave 'Sunday hikes' --hand-over 'Ben'\\''; rm -r $(pwd)'"));
  });
});

describe("hermes group settings", () => {
  let directory: string;
  let file: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-cli-"));
    file = join(directory, "password");
    await writeFile(file, "open sesame\nmore\n");
  });
  after(() => rm(directory, { recursive: true }));

  const settings = { name: "hikes", password: true, inviters: "admin" as const, rekey: { days: 7, messages: 1000 } };
  const answers = { "group-settings": { ...DONE, settings } };

  it("changes what is given, and shows what holds", async () => {
    const { calls, stdout } = await run(["group", "settings", "hikes", "--rekey-days", "3", "--inviters", "member"], {
      answers,
    });
    assert.deepEqual(calls[0]?.params, { group: "hikes", inviters: "member", rekeyDays: 3 });
    assert.match(stdout, /after 7 days or 1000 messages/);
  });

  it("takes a room password from a file, the environment or twice from a terminal, and none from the arguments", async () => {
    const passwordOf = async (argv: readonly string[], more: Parameters<typeof run>[1] = {}) =>
      (await run(["group", "settings", "hikes", ...argv], { answers, ...more })).calls[0]?.params;
    assert.deepEqual(await passwordOf(["--password-file", file]), { group: "hikes", password: "open sesame" });
    const env = { HERMES_ROOM_PASSWORD: "from outside" };
    assert.deepEqual(await passwordOf(["--password"], { env }), { group: "hikes", password: "from outside" });
    assert.deepEqual(await passwordOf([], { env }), { group: "hikes" }, "only when it is asked for");
    const { terminal } = typist("typed", "mistyped", "typed", "typed");
    assert.deepEqual(await passwordOf(["--password"], { terminal }), { group: "hikes", password: "typed" });
    assert.deepEqual(await passwordOf(["--no-password"]), { group: "hikes", password: null });
    assert.equal((await run(["group", "settings", "hikes", "--password", "--no-password"])).exit, 2);
    assert.equal((await run(["group", "settings", "hikes", "--password"])).exit, 2);
    assert.equal((await run(["group", "settings", "hikes", "--password=argument"])).exit, 2);
  });
});

describe("hermes group join", () => {
  it("asks for the room password at a terminal, as often as the group listens", async () => {
    const wrong = fault("usage/wrong-passphrase", "wrong room password, 4 tries left: ask whoever sent the link");
    const { terminal, shown } = typist("one", "two", "three", "four", "five");
    const { calls, exit } = await run(["group", "join", "hermes://join/x"], {
      answers: { "group-join": wrong },
      terminal,
    });
    assert.equal(exit, 1);
    const passwords = calls.map(({ params }) => (params as { password?: string }).password);
    assert.deepEqual(passwords, [undefined, "one", "two", "three", "four", "five"]);
    assert(shown.some((text) => text.includes("4 tries left")));
  });

  it("does not ask when one was given, or nobody is there", async () => {
    const wrong = fault("usage/wrong-passphrase", "wrong room password");
    const answers = { "group-join": wrong };
    const env = { HERMES_ROOM_PASSWORD: "given" };
    const given = await run(["group", "join", "x"], { answers, env, terminal: typist("typed").terminal });
    assert.deepEqual([given.exit, given.calls.length], [1, 1]);
    assert.equal((await run(["group", "join", "x"], { answers })).calls.length, 1);
  });
});

describe("hermes account delete", () => {
  const answers = {
    whoami: { account: "aa", fingerprint: "", device: "", name: "Ana", contact: "" },
    "account-leave": { groups: [{ group: GROUP, handedTo: BEN }], sent: false, withdrawn: true },
  };

  it("wipes the profile after the name was typed, and says what could not be done", async () => {
    const { erased, calls, stdout } = await run(["account", "delete", "--profile", "/p"], {
      answers,
      terminal: typist("Ana").terminal,
    });
    assert.deepEqual([erased, calls.at(-1)?.params], [["/p"], {}]);
    assert.match(stdout, /left hikes, which is Ben's now/);
    assert.match(stdout, /others may still see you as a member/);
  });

  it("does nothing when something else is typed, or when nobody is there to ask", async () => {
    const typed = await run(["account", "delete"], { answers, terminal: typist("Anna").terminal });
    assert.deepEqual([typed.exit, typed.erased, typed.calls.map(({ method }) => method)], [1, [], ["whoami"]]);
    const alone = await run(["account", "delete"], { answers });
    assert.deepEqual([alone.exit, alone.erased, alone.calls], [2, [], []]);
  });

  it("keeps the profile when the groups cannot be left", async () => {
    const { exit, erased } = await run(["account", "delete", "--yes"], {
      answers: { ...answers, "account-leave": fault("usage/not-allowed", "you own groups in which others are") },
    });
    assert.deepEqual([exit, erased], [1, []]);
  });
});
