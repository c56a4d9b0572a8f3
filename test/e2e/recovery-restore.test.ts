/** Coming back with the recovery words and a relay: what can go wrong, each in one sentence, and nothing is left behind. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { after, before, describe, it } from "mocha";
import type { RestoredProfile } from "../../src/cli/session.ts";
import type { DeviceView } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("recovery restore", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relay: string;
  let words: string;
  let account: string;

  before(async () => {
    scene = await openScene();
    relay = (await scene.relay()).address;
    const ana = scene.stranger("ana");
    const made = await ana.ask<{ recovery: string; account: string }>("init", "--name", "Ana", "--relay", relay);
    words = made.recovery;
    account = made.account;
  });
  after(() => scene.end());

  const isEmpty = async ({ profile }: Person) => !existsSync(profile) || (await readdir(profile)).length === 0;

  for (const [what, args, input, code, sentence] of [
    ["too few words", [], () => "able about", "usage/not-allowed", /^nothing was made\. .*there are 2;/],
    [
      "a word that is none",
      [],
      () => words.replace(/^\S+/, "hermes"),
      "usage/not-allowed",
      /^nothing was made\. Word 1 is none/,
    ],
    ["no relay", ["--no-relay"], () => words, "usage/bad-argument", /--relay MULTIADDR/],
    ["another account", ["--account", "00000000"], () => words, "usage/not-allowed", /not of the one that was named/],
    [
      "a relay that is no address",
      ["--relay", "nowhere"],
      () => words,
      "usage/bad-argument",
      /a relay's address looks like/,
    ],
  ] as const)
    it(`with ${what} makes nothing and says so`, async () => {
      const person = scene.stranger("new");
      const to = args[0] === "--no-relay" ? [] : args.includes("--relay" as never) ? args : [...args, "--relay", relay];
      const refused = await person.refused(["recovery", "restore", ...to], input());
      assert.equal(refused.code, code);
      assert.match(refused.message, sentence);
      const entered = input().split(" ").slice(0, 2).join(" ");
      assert(!refused.message.includes(entered));
      assert(await isEmpty(person));
    });

  it("from a relay that never heard of the account, or that is down, makes nothing and says so", async () => {
    const stranger = await scene.relay();
    const person = scene.stranger("new");
    const nothing = await person.refused(["recovery", "restore", "--relay", stranger.address], words);
    assert.equal(nothing.code, "usage/not-found");
    assert.match(nothing.message, /has nothing of this account/);
    await stranger.stop();
    const down = await person.refused(["recovery", "restore", "--relay", stranger.address], words);
    assert.equal(down.code, "network/unreachable");
    assert(await isEmpty(person));
  });

  it("makes a new device of the same account and name, which the words open again", async () => {
    const person = scene.stranger("new");
    const { code, objects, stdout } = await person.run(
      ["recovery", "restore", "--relay", relay, "--account", account.slice(0, 8)],
      `${words.toUpperCase()}\n`,
    );
    assert.equal(code, 0, stdout);
    const [back] = objects as readonly RestoredProfile[];
    assert.deepEqual([back?.account, back?.name, back?.groups], [account, "Ana", []]);
    assert.deepEqual(await person.ask("recovery", "show"), { recovery: words });
    const devices = await person.askAll<{ readonly device: DeviceView }>("devices", "list");
    assert.deepEqual(devices.map(({ device }) => device.current).sort(), [false, true]);
    const again = await person.refused(["recovery", "restore", "--relay", relay], words);
    assert.equal(again.code, "usage/profile-exists");
  });

  it("in two places at once makes two devices, which learn of each other; in one place one of them", async () => {
    const [one, other] = [scene.stranger("one"), scene.stranger("other")];
    const restoring = [one, other].map((each) => each.run(["recovery", "restore", "--relay", relay], words));
    for (const { code, stdout } of await Promise.all(restoring)) assert.equal(code, 0, stdout);
    await one.sync();
    await other.sync();
    const devicesOf = async (person: Person) =>
      (await person.askAll<{ readonly device: DeviceView }>("devices", "list"))
        .map(({ device }) => device.device)
        .sort();
    assert.deepEqual(await devicesOf(one), await devicesOf(other));
    assert.equal((await devicesOf(one)).length, 4);
    const shared = scene.stranger("shared");
    const ended = await Promise.all([1, 2].map(() => shared.run(["recovery", "restore", "--relay", relay], words)));
    assert.deepEqual(ended.map(({ code }) => code).sort(), [0, 1]);
    const refused = ended.find(({ code }) => code === 1)?.objects[0] as { readonly error: { readonly code: string } };
    assert.match(refused.error.code, /^(usage\/profile-exists|storage\/busy)$/);
  });
});
