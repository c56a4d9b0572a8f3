import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import { isFault } from "../../src/wire/fault.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";

describe("what a screen asks of a conversation", function () {
  this.timeout(20_000);
  let world: World;
  let ada: SimDevice;
  let bob: SimDevice;
  let group: string;

  before(async () => {
    world = await createWorld(1);
    const devices = await people(world, "Adelaide", "Bartholomew");
    assert(devices[0] && devices[1]);
    [ada, bob] = [devices[0], devices[1]];
    group = (await world.call(ada, "group-create", { name: "walking club" })).group.id;
    const { link } = await world.call(ada, "group-invite", { group });
    await world.call(bob, "group-join", { link });
    for (let n = 1; n <= 9; n++) await world.call(ada, "send", { group, text: `line ${n}` });
    await world.call(bob, "sync", {});
  });

  const texts = (messages: readonly { readonly kind: string; readonly text: string }[]) =>
    messages.flatMap(({ kind, text }) => (kind === "text" ? [text] : []));
  const fails = (promise: Promise<unknown>, code: string) =>
    assert.rejects(promise, (error) => isFault(error) && error.code === code);
  const mine = async () => (await world.call(ada, "history", { group, peek: true })).messages;

  it("pages go back, forth and around a message, each line once and in one order", async () => {
    const all = await mine();
    const at = all.findIndex(({ text }) => text === "line 5");
    const id = all[at]?.id ?? "";
    const after = await world.call(ada, "history", { group, after: id, limit: 2 });
    assert.deepEqual(texts(after.messages), ["line 6", "line 7"]);
    const around = await world.call(ada, "history", { group, around: id, limit: 4 });
    assert.deepEqual(texts(around.messages), ["line 3", "line 4", "line 5", "line 6", "line 7"]);
    const keys = all.map(({ depth, sentAt, id: each }) => `${String(depth).padStart(9, "0")} ${sentAt} ${each}`);
    assert.deepEqual(keys, keys.toSorted());
  });

  it("a page has one place, which must exist", async () => {
    const id = (await mine())[0]?.id ?? "";
    await fails(world.call(ada, "history", { group, after: id, before: id }), "usage/bad-argument");
    await fails(world.call(ada, "history", { group, around: id, search: "line" }), "usage/bad-argument");
    await fails(world.call(ada, "history", { group, around: "00".repeat(32) }), "usage/not-found");
  });

  it("a list shows the beginning of a long newest line, whole characters", async () => {
    await world.call(ada, "send", { group, text: "👍🏽".repeat(300) });
    const { groups } = await world.call(ada, "group-list", { lines: true });
    assert.equal(groups[0]?.last?.text, "👍🏽".repeat(100));
    assert.equal((await world.call(ada, "group-list", {})).groups[0]?.last, undefined);
  });

  it("notes stay under their names until they are emptied, and are bounded", async () => {
    await world.call(ada, "note-save", { name: `draft.${group}`, text: "see you at\nni" });
    await world.call(ada, "note-save", { name: "Größe", text: "large" });
    ada.crash();
    await world.during(ada.start());
    const { notes } = await world.call(ada, "notes", {});
    assert.deepEqual(
      new Map(notes.map(({ name, text }) => [name, text])),
      new Map([
        [`draft.${group}`, "see you at\nni"],
        ["Größe", "large"],
      ]),
    );
    for (const { name } of notes) await world.call(ada, "note-save", { name, text: "" });
    assert.deepEqual((await world.call(ada, "notes", {})).notes, []);
    await fails(world.call(ada, "note-save", { name: "x".repeat(101), text: "" }), "usage/bad-argument");
    await fails(world.call(ada, "note-save", { name: "x", text: "€".repeat(20_001) }), "usage/too-long");
  });
});
