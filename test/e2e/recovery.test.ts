import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("recovery words", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  let ana: Person;
  let words: string;

  before(async () => {
    scene = await openScene();
    ana = scene.stranger("ana");
    words = (await ana.ask<{ recovery: string }>("init", "--name", "ana")).recovery;
  });
  after(() => scene.end());

  const check = async (text: string) => {
    const { code, objects, stdout, stderr } = await ana.run(["recovery", "check"], text);
    const entered = text.trim().split(/\s+/);
    const pairs = entered.slice(1).map((word, i) => `${entered[i]} ${word}`);
    assert.ok(!pairs.some((pair) => `${stdout}${stderr}`.includes(pair)), stdout);
    return { code, answer: objects[0] };
  };

  it("are shown again after the passphrase, also beside an owner, and to nobody else", async () => {
    assert.deepEqual(await ana.ask("recovery", "show"), { recovery: words });
    const owner = ana.listen();
    const made = await ana.createGroup("made by the owner");
    assert.deepEqual(await ana.ask("recovery", "show"), { recovery: words });
    for (const passphrase of ["seven-otters-juggle-lantern", undefined]) {
      const { code, objects } = await ana.start(["recovery", "show"], "", { HERMES_PASSPHRASE: passphrase }).ended;
      const [{ error }] = objects as [{ error: { code: string } }];
      assert.deepEqual([code, error.code], [1, "usage/wrong-passphrase"]);
    }
    await ana.send(made, "the owner still writes", "--no-wait");
    owner.signal("SIGINT");
    assert.equal((await owner.ended).code, 0);
  });

  it("are checked in any case and spacing", async () => {
    assert.deepEqual(await check(words), { code: 0, answer: { matches: true } });
    assert.deepEqual((await check(`  ${words.toUpperCase().replaceAll(" ", " \n ")}\n`)).answer, { matches: true });
  });

  it("are told apart from mistakes and from those of others", async () => {
    const list = words.split(" ");
    const ben = scene.stranger("ben");
    const { recovery } = await ben.ask<{ recovery: string }>("init", "--name", "ben");
    for (const [text, answer] of [
      [list.slice(1).join(" "), { matches: false, reason: "wrong-count", count: 23 }],
      [list.with(4, "hermes").join(" "), { matches: false, reason: "unknown-word", position: 5 }],
      [recovery, { matches: false, reason: "other-account" }],
    ] as const) {
      assert.deepEqual(await check(text), { code: 1, answer });
    }
    // one word for another: 1 in 256 has a right checksum, and then belongs to another account
    const mistaken = await check(list.with(0, list[0] === "able" ? "about" : "able").join(" "));
    assert.match(JSON.stringify(mistaken), /"matches":false,"reason":"(wrong-checksum|other-account)"/);
  });
});
