import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";

/** Ann's group with Ben. */
async function club() {
  const world = await createWorld(11);
  const [ann, ben] = await people(world, "Ann", "Ben");
  assert(ann && ben);
  const { group } = await world.call(ann, "group-create", { name: "club" });
  await join(world, ann, ben, group.id);
  return { world, ann, ben, group: group.id };
}

async function join(world: World, by: SimDevice, one: SimDevice, group: string): Promise<void> {
  const { contact } = await world.call(one, "whoami", {});
  await world.call(by, "group-add", { group, account: contact });
  await world.settle();
}

const names = async (world: World, device: SimDevice, group: string) =>
  (await world.call(device, "group-info", { group })).members.map(({ name }) => name).sort();
const lines = async (world: World, device: SimDevice, group: string) =>
  (await world.call(device, "history", { group })).messages.map(({ from, kind, text }) => [kind, from.name, text]);

describe("a name that somebody takes", () => {
  it("is told to every group, where a line says so once, and stands before what is written from then on", async () => {
    const { world, ann, ben, group } = await club();
    await world.call(ben, "send", { group, text: "as Ben" });
    const changed = await world.call(ben, "name-change", { name: " Benedikt " });
    await world.call(ben, "send", { group, text: "as Benedikt" });
    await world.settle();
    assert.deepEqual([changed.name, (await world.call(ben, "whoami", {})).name], ["Benedikt", "Benedikt"]);
    for (const device of [ann, ben]) {
      assert.deepEqual(await names(world, device, group), ["Ann", "Benedikt"], device.name);
      assert.deepEqual((await lines(world, device, group)).slice(-3), [
        ["text", "Ben", "as Ben"],
        ["system", "Benedikt", "Ben is now called Benedikt"],
        ["text", "Benedikt", "as Benedikt"],
      ]);
    }
    await world.call(ben, "name-change", { name: "Benedikt" });
    await world.settle();
    assert.equal((await lines(world, ann, group)).filter(([kind]) => kind === "system").length, 3);
  });

  it("reaches who joins later with the first message, and who is added anew with the addition", async () => {
    const { world, ann, ben, group } = await club();
    await world.call(ben, "name-change", { name: "Bo" });
    await world.settle();
    const [cleo] = await people(world, "Cleo");
    assert(cleo);
    await join(world, ann, cleo, group);
    assert.deepEqual(await names(world, ann, group), ["Ann", "Bo", "Cleo"]);
    await world.call(ben, "send", { group, text: "hello Cleo" });
    await world.settle();
    assert.deepEqual(await names(world, cleo, group), ["Ann", "Bo", "Cleo"]);
    assert.deepEqual((await lines(world, cleo, group)).at(-1), ["text", "Bo", "hello Cleo"]);
    await world.call(ann, "group-remove", { group, member: "Bo" });
    await world.settle();
    await world.call(ben, "name-change", { name: "Bob" });
    await join(world, ann, ben, group);
    for (const device of [ann, cleo, ben])
      assert.deepEqual(await names(world, device, group), ["Ann", "Bob", "Cleo"], device.name);
  });

  it("is the last one for everybody, in whatever order the messages come", async () => {
    const { world, ann, ben, group } = await club();
    for (const name of ["One", "Two", "Three"]) await world.call(ben, "name-change", { name });
    await world.settle();
    assert.deepEqual(await names(world, ann, group), ["Ann", "Three"]);
  });

  it("is warned of when it is that of somebody whom one has verified", async () => {
    const { world, ann, ben, group } = await club();
    const [cleo] = await people(world, "Cleo");
    assert(cleo);
    await join(world, ann, cleo, group);
    await world.call(ann, "verify", { group, member: "Ben", mark: "verified" });
    await world.call(ben, "name-change", { name: "Bo" });
    await world.settle();
    await world.call(cleo, "name-change", { name: "Bo" });
    await world.settle();
    const warnings = (await lines(world, ann, group)).filter(([, , text]) => text?.startsWith("WARNING"));
    assert.equal(warnings.length, 1, JSON.stringify(warnings));
    assert.match(warnings[0]?.[2] ?? "", /this Bo is not the Bo whom you verified/);
  });

  it("has to be one", async () => {
    const { world, ben } = await club();
    for (const name of ["", "  ", "a\nb", "x".repeat(129)])
      await assert.rejects(world.call(ben, "name-change", { name }), { code: "usage/bad-argument" }, name);
    assert.equal((await world.call(ben, "whoami", {})).name, "Ben");
  });
});
