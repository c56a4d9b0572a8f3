/** A disk that is put back from an old copy: the device finds out, and what it writes from then on reaches everyone. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkSettled, groupOf } from "./conversation.ts";
import { createWorld, people, seeds } from "./world.ts";

describe("a restored old copy in simulation", function () {
  this.timeout(60_000);

  for (const seed of seeds(2)) {
    it(`warns, jumps ahead, and its next messages reach everyone (seed ${seed})`, async () => {
      const world = await createWorld(seed);
      const devices = await people(world, "Adelaide", "Bartholomew", "Clementine");
      const [ada, bob] = devices;
      assert(ada && bob);
      const talk = await groupOf(world, devices);
      await talk.say(bob);
      await world.clock.pass(2_000);
      const copy = bob.snapshot();
      for (let i = 0; i < 3; i++) await talk.say(bob);
      await talk.say(ada);
      await world.clock.pass(2_000);
      bob.crash();
      bob.restore(copy);
      if (seed % 2) world.partition((name) => name !== "Bartholomew");
      await world.during(bob.start());
      if (seed % 2) await world.clock.pass(15_000);
      await talk.say(bob, "said by the copy");
      await world.settle();
      for (const device of devices) await talk.say(device);
      await world.settle(5_000);
      checkSettled(world, talk, { restored: true });
      assert(bob.shown.some((event) => event.event === "warning" && event.code === "restored-state"));
    });
  }

  for (const seed of seeds(2)) {
    it(`can still hand out keys, though its sessions went on without it (seed ${seed})`, async () => {
      const world = await createWorld(seed);
      const devices = await people(world, "Adelaide", "Bartholomew", "Clementine", "Desmond");
      const [ada, bob, cleo] = devices;
      assert(ada && bob && cleo);
      const talk = await groupOf(world, devices);
      const copy = ada.snapshot();
      // the copy knows nothing of the letters in which the others answer this re-key and get the next, nor can it
      // ever read what is said under the keys that it drew itself since
      for (let i = 0; i < 2; i++) {
        await world.put(ada, { kind: "change-group", group: ada.group(talk.group).group, change: { kind: "rekey" } });
        await world.clock.pass(3_000);
        await talk.say(ada);
        await world.clock.pass(3_000);
      }
      ada.crash();
      ada.restore(copy);
      await world.during(ada.start());
      await world.settle(300_000);
      for (const device of devices) await talk.say(device);
      await world.settle();
      checkSettled(world, talk, { restored: true });
      assert(ada.shown.some((event) => event.event === "warning" && event.code === "restored-state"));
      await world.put(ada, { kind: "change-group", group: ada.group(talk.group).group, change: { kind: "rekey" } });
      await world.clock.pass(3_000);
      for (const device of devices) await talk.say(device);
      await world.settle(10_000);
      checkSettled(world, talk, { restored: true });
    });
  }
});
