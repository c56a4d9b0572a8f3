/** What authors learn of how far their messages have come, over bad networks and with relays that go away. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { groupOf } from "./conversation.ts";
import { watchDeliveries } from "./delivery-watch.ts";
import { linesOf } from "./memory-profile.ts";
import type { SimDevice } from "./sim-device.ts";
import { createWorld, people, seeds } from "./world.ts";

const NAMES = ["Adelaide", "Bartholomew", "Clementine", "Desmond"] as const;

/** A world in which every count that an author is shown is compared with what the others have. */
async function watchedWorld(seed: number, relays: number) {
  const violations: string[] = [];
  const watch = watchDeliveries({ violate: (_, what) => void violations.push(what) }, 0);
  const devices: SimDevice[] = [];
  const world = await createWorld(seed, relays, {
    committed: (name, changes) => {
      const device = devices.find((each) => each.name === name);
      if (!device) return;
      const moment = { device: name, account: device.account(), nowMs: world.clock.nowMs(), isCopy: false };
      watch.committed(moment, changes);
    },
  });
  devices.push(...(await people(world, ...NAMES)));
  return { world, devices, violations, counted: watch.counted };
}

describe("reports in simulation", function () {
  this.timeout(60_000);

  for (const seed of seeds(4))
    it(`never claim more than is there, whatever is lost, repeated or late (seed ${seed})`, async () => {
      const { world, devices, violations, counted } = await watchedWorld(seed, 1 + (seed % 2));
      const talk = await groupOf(world, devices);
      Object.assign(world.weather, { loss: 0.3, duplication: 0.3, maxDelayMs: 3_000 });
      for (let i = 0; i < 20; i++) {
        const speaker = world.random.pick(devices);
        if (speaker.alive()) await talk.say(speaker);
        if (world.random.happens(0.2)) world.random.pick(devices).crash();
        await world.clock.pass(world.random.below(6_000));
        for (const device of devices) if (world.random.happens(0.5)) await world.during(device.start());
      }
      await world.settle();
      assert.deepEqual(violations, []);
      assert(counted() > 0, "nothing was ever counted");
    });

  it("tell in the end of every message that all have it, also to an author who was away when they were made", async () => {
    const { world, devices, violations } = await watchedWorld(7, 1);
    const talk = await groupOf(world, devices);
    const [author] = devices;
    assert(author);
    await talk.say(author);
    author.crash();
    await world.clock.pass(120_000);
    await world.during(author.start());
    await world.clock.pass(120_000);
    const lines = linesOf(author.profile(), talk.group).filter(({ kind }) => kind === "text");
    assert.deepEqual(
      lines.map(({ state, delivery }) => [state, delivery]),
      [["delivered", { devices: 3, of: 3 }]],
    );
    assert.deepEqual(violations, []);
  });
});
