import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { MessageView } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("pages of a history", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  let ana: Person;
  let group: string;

  before(async () => {
    scene = await openScene();
    ana = await scene.person("ana", []);
    group = await ana.createGroup("pages");
    const lines = ["load average 1", "disk full", "load average 2", "average load 3", "good night"];
    await ana.start(["chat", group], `${lines.join("\n")}\n`).ended;
  });
  after(() => scene.end());

  const page = async (...args: readonly string[]): Promise<readonly MessageView[]> =>
    (await ana.askAll<{ message: MessageView }>("history", group, ...args)).map(({ message }) => message);
  const texts = (messages: readonly MessageView[]): readonly string[] => messages.map(({ text }) => text);

  it("go backwards from the newest, each from the first message of the one before", async () => {
    const newest = await page("--limit", "2");
    assert.deepEqual(texts(newest), ["average load 3", "good night"]);
    const older = await page("--limit", "2", "--before", newest[0]?.id ?? "");
    assert.deepEqual(texts(older), ["disk full", "load average 2"]);
    const oldest = await page("--before", older[0]?.id ?? "");
    assert.deepEqual(texts(oldest.filter(({ kind }) => kind === "text")), ["load average 1"]);
  });

  it("hold what was searched for: all words in any order, the last one perhaps begun", async () => {
    const found = await page("--search", "load aver");
    assert.deepEqual(texts(found), ["load average 1", "load average 2", "average load 3"]);
    const [, second] = found;
    assert.deepEqual(texts(await page("--search", "LOAD", "--before", second?.id ?? "")), ["load average 1"]);
    assert.deepEqual(await page("--search", "nowhere"), []);
  });

  it("are refused for a message that is not there", async () => {
    const { code } = await ana.refused(["history", group, "--before", "ab".repeat(32)]);
    assert.equal(code, "usage/not-found");
  });

  it("tell people how the next one is seen", async () => {
    const args = ["history", group, "--limit", "2", "--profile", ana.profile];
    const { code, stderr } = await scene.start({ args }).ended;
    assert.equal(code, 0);
    assert.match(stderr, /^Older ones: the same command with --before [0-9a-f]{64}\n$/);
    const nothing = ["history", group, "--search", "nowhere", "--profile", ana.profile];
    const none = await scene.start({ args: nothing }).ended;
    assert.deepEqual([none.code, none.stderr], [0, "No message has all of these words.\n"]);
  });
});
