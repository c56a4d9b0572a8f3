/** Conversations over a bad network: whatever happens on the way, everybody ends with the same messages, each once. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Conversation, checkSettled, conversationIn, groupOf, isIn } from "./conversation.ts";
import type { SimDevice } from "./sim-device.ts";
import { createWorld, people, seeds, type World } from "./world.ts";

/** Random people say random things while time passes. */
async function chatter(world: World, talk: Conversation, speakers: readonly SimDevice[], count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await talk.say(world.random.pick(speakers));
    if (world.random.happens(0.5)) await world.clock.pass(world.random.below(200));
  }
}

const NAMES = ["Adelaide", "Bartholomew", "Clementine", "Desmond", "Eleanor"] as const;

describe("conversations in simulation", function () {
  this.timeout(60_000);

  for (const seed of seeds(4)) {
    it(`five people chat through loss, repetition and reordering (seed ${seed})`, async () => {
      const world = await createWorld(seed, 1 + (seed % 2));
      const devices = await people(world, ...NAMES);
      const talk = await groupOf(world, devices);
      Object.assign(world.weather, { loss: 0.3, duplication: 0.3, maxDelayMs: 3_000 });
      await chatter(world, talk, devices, 30);
      await world.clock.pass(20_000);
      await world.settle();
      checkSettled(world, talk);
      assert.equal(devices[0]?.texts(talk.group).length, 30);
    });

    it(`people who crash and come back miss nothing (seed ${seed})`, async () => {
      const world = await createWorld(seed);
      const devices = await people(world, ...NAMES);
      const talk = await groupOf(world, devices);
      Object.assign(world.weather, { loss: 0.1, duplication: 0.1, maxDelayMs: 500 });
      for (let round = 0; round < 12; round++) {
        const victim = world.random.pick(devices);
        if (world.random.happens(0.5)) victim.crash();
        else if (victim.alive())
          victim.dieAt({ commit: 1 + world.random.below(4), when: world.random.pick(["before", "after"]) });
        const speaker = world.random.pick(devices);
        if (speaker.alive() && speaker !== victim) await talk.say(speaker);
        await world.clock.pass(world.random.below(2_000));
        for (const device of devices) if (world.random.happens(0.5)) await world.during(device.start());
      }
      for (const device of devices) device.dieAt(); // whoever was doomed to die later lives
      await world.settle();
      checkSettled(world, talk);
    });
  }

  it("a message sent while a relay is away arrives after its return", async () => {
    const world = await createWorld(3);
    const [ada, bob] = await people(world, "Adelaide", "Bartholomew");
    assert(ada && bob);
    const talk = await groupOf(world, [ada, bob]);
    world.partition(() => false);
    for (let i = 0; i < 5; i++) await talk.say(i % 2 ? ada : bob);
    await world.clock.pass(60_000);
    assert.equal(ada.texts(talk.group).length, 2);
    await world.settle(10_000);
    checkSettled(world, talk);
  });
});

describe("joining in simulation", function () {
  this.timeout(60_000);

  it("an invite followed while everybody is away lets one in when the inviter returns", async () => {
    const world = await createWorld(11);
    const [ada, bob] = await people(world, "Adelaide", "Bartholomew");
    assert(ada && bob);
    const { group } = await world.call(ada, "group-create", { name: "walking club" });
    const { link } = await world.call(ada, "group-invite", { group: group.id });
    await world.clock.pass(2_000);
    ada.crash();
    const joined = await world.call(bob, "group-join", { link });
    assert.equal(joined.state, "pending");
    await world.settle(10_000);
    assert(isIn(bob, group.id));
    const talk = conversationIn(world, group.id);
    await talk.say(bob);
    await talk.say(ada);
    await world.settle(5_000);
    checkSettled(world, talk);
  });

  it("another admin lets joiners in while the inviter is away", async () => {
    const world = await createWorld(12);
    const [ada, bob, cleo] = await people(world, "Adelaide", "Bartholomew", "Clementine");
    assert(ada && bob && cleo);
    const { group } = await world.call(ada, "group-create", { name: "walking club" });
    const contact = (await world.call(bob, "whoami", {})).contact;
    await world.call(ada, "group-add", { group: group.id, account: contact, role: "admin" });
    const { link } = await world.call(ada, "group-invite", { group: group.id });
    await world.clock.pass(5_000);
    ada.crash();
    assert.equal((await world.call(cleo, "group-join", { link, waitMs: 30_000 })).state, "joined");
    const talk = conversationIn(world, group.id);
    await talk.say(cleo);
    await world.settle(5_000);
    checkSettled(world, talk);
  });

  it("somebody who is offline is added by contact, and reads what was said since", async () => {
    const world = await createWorld(13);
    const [ada, bob] = await people(world, "Adelaide", "Bartholomew");
    assert(ada && bob);
    const { contact } = await world.call(bob, "whoami", {});
    bob.crash();
    const { group } = await world.call(ada, "group-create", { name: "walking club" });
    const before = conversationIn(world, group.id);
    await before.say(ada, "nobody else was here for this");
    await world.call(ada, "group-add", { group: group.id, account: contact });
    const talk = conversationIn(world, group.id);
    await talk.say(ada);
    await talk.say(ada);
    await world.clock.pass(5_000);
    await world.settle(5_000);
    assert.deepEqual(
      bob.texts(group.id).map(({ text }) => text),
      talk.said.map(({ text }) => text),
    );
  });

  it("people who ask at the same moment are let in by one entry", async () => {
    const world = await createWorld(14);
    const devices = await people(world, ...NAMES);
    const talk = await groupOf(world, devices);
    const [ada] = devices;
    assert(ada);
    const adds = ada.log(talk.group).entries.filter(({ action }) => action.kind === "add");
    assert.equal(adds.length, 1);
    for (const device of devices) await talk.say(device);
    await world.settle(5_000);
    checkSettled(world, talk);
  });

  it("thirty people join by one link", async () => {
    const world = await createWorld(15);
    const devices = await people(world, ...Array.from({ length: 30 }, (_, i) => `Person ${i}`));
    const talk = await groupOf(world, devices);
    for (const device of devices) assert(isIn(device, talk.group), `${device.name} is in`);
    await talk.say(world.random.pick(devices));
    await world.settle(10_000);
    checkSettled(world, talk);
  });
});
