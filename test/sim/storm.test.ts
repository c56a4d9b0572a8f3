/** Admins, newcomers, re-keys, partitions and crashes at random: the general case, from a seed. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkSettled, conversationIn, isIn } from "./conversation.ts";
import { createWorld, people, seeds } from "./world.ts";

describe("a stormy group in simulation", function () {
  this.timeout(120_000);

  for (const seed of seeds(4)) {
    it(`ends in agreement, and every message with everyone who was in (seed ${seed})`, async () => {
      const world = await createWorld(seed, 2);
      const { random } = world;
      const names = ["Adelaide", "Bartholomew", "Clementine", "Desmond", "Eleanor", "Fernando", "Guinevere"];
      const devices = await people(world, ...names);
      const [ada, bob] = devices;
      assert(ada && bob);
      const made = await world.call(ada, "group-create", { name: "walking club" });
      const group = made.group.id;
      const contacts = new Map<string, string>();
      for (const device of devices) contacts.set(device.name, (await world.call(device, "whoami", {})).contact);
      await world.call(ada, "group-add", { group, account: contacts.get(bob.name) ?? "", role: "admin" });
      await world.clock.pass(3_000);
      const talk = conversationIn(world, group);
      const waiting = devices.slice(2);
      Object.assign(world.weather, { loss: 0.1, duplication: 0.2, maxDelayMs: 800 });
      for (let round = 0; round < 40; round++) {
        const inside = devices.filter((device) => device.alive() && isIn(device, group));
        const speaker = inside.length > 0 ? random.pick(inside) : undefined;
        switch (random.below(8)) {
          case 0: {
            const admin = random.pick([ada, bob]);
            const newcomer = waiting.shift();
            if (admin.alive() && newcomer)
              await world
                .during(admin.call("group-add", { group, account: contacts.get(newcomer.name) ?? "", waitMs: 3_000 }))
                .catch(() => waiting.push(newcomer));
            break;
          }
          case 1: {
            const left = new Set(devices.filter(() => random.happens(0.5)).map(({ name }) => name));
            world.partition((name, relay) => left.has(name) === (relay === 0));
            break;
          }
          case 2:
            world.partition();
            break;
          case 3:
            random.pick(devices).crash();
            break;
          case 4:
            for (const device of devices) await world.during(device.start());
            break;
          case 5:
            if (speaker && random.happens(0.3))
              await world.put(speaker, {
                kind: "change-group",
                group: speaker.group(group).group,
                change: { kind: "rekey" },
              });
            break;
          default:
            if (speaker?.group(group).sending) await talk.say(speaker);
        }
        await world.clock.pass(random.below(3_000));
      }
      await world.settle(300_000);
      for (const device of devices) if (isIn(device, group)) await talk.say(device);
      await world.settle(10_000);
      checkSettled(world, talk);
    });
  }
});
