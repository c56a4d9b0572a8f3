/** Two admins act without knowing of each other; afterwards there is one group again, and nobody lost anything. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierOf } from "../../src/protocol/membership-log.ts";
import { type Conversation, checkSettled, conversationIn, groupOf, isIn } from "./conversation.ts";
import type { SimDevice } from "./sim-device.ts";
import { createWorld, people, seeds, type World } from "./world.ts";

async function contactOf(world: World, device: SimDevice): Promise<string> {
  return (await world.call(device, "whoami", {})).contact;
}

/** A group with an owner and a second admin. */
async function twoAdmins(world: World, owner: SimDevice, admin: SimDevice): Promise<Conversation> {
  const { group } = await world.call(owner, "group-create", { name: "walking club" });
  await world.call(owner, "group-add", { group: group.id, account: await contactOf(world, admin), role: "admin" });
  await world.clock.pass(3_000);
  return conversationIn(world, group.id);
}

/** Re-keys in the log of a device, after which there must be one newest entry. */
function checkOneHead(device: SimDevice, group: string): void {
  assert.equal(frontierOf(device.log(group)).length, 1, "several heads are left");
}

describe("two admins in simulation", function () {
  this.timeout(60_000);

  for (const seed of seeds(3)) {
    it(`who add different people at the same instant end in one epoch (seed ${seed})`, async () => {
      const world = await createWorld(seed);
      const [ada, bob, cleo, dan] = await people(world, "Adelaide", "Bartholomew", "Clementine", "Desmond");
      assert(ada && bob && cleo && dan);
      const talk = await twoAdmins(world, ada, bob);
      const { group } = talk;
      const contacts = [await contactOf(world, cleo), await contactOf(world, dan)] as const;
      await world.during(
        Promise.all([
          ada.call("group-add", { group, account: contacts[0] }),
          bob.call("group-add", { group, account: contacts[1] }),
        ]),
      );
      await talk.say(ada);
      await talk.say(bob);
      await world.clock.pass(3_000);
      for (const device of [ada, bob, cleo, dan]) await talk.say(device);
      await world.settle();
      checkSettled(world, talk);
      checkOneHead(ada, group);
      for (const device of [ada, bob, cleo, dan]) await talk.say(device);
      await world.settle(5_000);
      checkSettled(world, talk);
    });

    it(`in the halves of a partition read each other's newcomers after it (seed ${seed})`, async () => {
      const world = await createWorld(seed, 2);
      const [ada, bob, cleo, dan, eve] = await people(
        world,
        "Adelaide",
        "Bartholomew",
        "Clementine",
        "Desmond",
        "Eleanor",
      );
      assert(ada && bob && cleo && dan && eve);
      const talk = await twoAdmins(world, ada, bob);
      const { group } = talk;
      const left = new Set(["Adelaide", "Clementine"]);
      world.partition((name, relay) => left.has(name) === (relay === 0));
      await world.clock.pass(2_000);
      await world.call(ada, "group-add", { group, account: await contactOf(world, cleo) });
      await world.call(bob, "group-add", { group, account: await contactOf(world, dan) });
      await world.call(bob, "group-add", { group, account: await contactOf(world, eve) });
      await world.clock.pass(5_000);
      for (const device of [ada, bob, cleo, dan, eve]) {
        assert(isIn(device, group), `${device.name} is in before the halves meet`);
        await talk.say(device);
      }
      world.partition();
      await world.clock.pass(world.random.below(3_000));
      for (const device of [ada, bob, cleo, dan, eve]) await talk.say(device);
      await world.settle();
      checkSettled(world, talk);
      checkOneHead(ada, group);
      for (const device of [ada, bob, cleo, dan, eve]) await talk.say(device);
      await world.settle(5_000);
      checkSettled(world, talk);
    });
  }

  it("who let the same joiner in twice have let it in once", async () => {
    const world = await createWorld(7);
    const [ada, bob, cleo] = await people(world, "Adelaide", "Bartholomew", "Clementine");
    assert(ada && bob && cleo);
    const talk = await twoAdmins(world, ada, bob);
    const contact = await contactOf(world, cleo);
    await world.during(
      Promise.all([
        ada.call("group-add", { group: talk.group, account: contact }),
        bob.call("group-add", { group: talk.group, account: contact }),
      ]),
    );
    await world.clock.pass(5_000);
    for (const device of [ada, bob, cleo]) await talk.say(device);
    await world.settle();
    for (const device of [ada, bob, cleo]) await talk.say(device);
    await world.settle(5_000);
    checkSettled(world, talk);
  });

  it("re-keying reaches everyone, also who is away", async () => {
    const world = await createWorld(8);
    const devices = await people(world, "Adelaide", "Bartholomew", "Clementine");
    const [ada, bob, cleo] = devices;
    assert(ada && bob && cleo);
    const talk = await groupOf(world, devices);
    cleo.crash();
    await world.put(bob, { kind: "change-group", group: bob.group(talk.group).group, change: { kind: "rekey" } });
    await world.clock.pass(3_000);
    await talk.say(bob);
    await talk.say(ada);
    await world.settle(10_000);
    await talk.say(cleo);
    await world.settle(5_000);
    checkSettled(world, talk);
    assert.equal(cleo.log(talk.group).entries.at(-1)?.action.kind, "rekey");
  });

  it("a device that never gets a key re-keys and goes on", async () => {
    const world = await createWorld(9);
    const devices = await people(world, "Adelaide", "Bartholomew", "Clementine");
    const [ada, bob, cleo] = devices;
    assert(ada && bob && cleo);
    const talk = await groupOf(world, devices);
    world.partition((name) => name !== "Bartholomew");
    await world.put(bob, { kind: "change-group", group: bob.group(talk.group).group, change: { kind: "rekey" } });
    await world.clock.pass(1_000);
    bob.crash();
    const lost = [...bob.profile().records.keys()].filter((key) => key.startsWith("outbox/")).slice(1);
    for (const key of lost) bob.profile().records.delete(key);
    await world.settle(200_000);
    for (const device of devices) await talk.say(device);
    await world.settle(5_000);
    checkSettled(world, talk);
  });
});
