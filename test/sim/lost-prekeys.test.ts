/** A relay that does not take somebody's prekeys at first: what others had for them meanwhile comes all the same. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { checkSettled, conversationIn } from "./conversation.ts";
import type { SimRelay } from "./sim-relay.ts";
import { createWorld, people, seeds } from "./world.ts";

describe("a publication of prekeys that is refused for now, in simulation", function () {
  this.timeout(60_000);

  for (const seed of seeds(2)) {
    it(`keeps from nobody what is said under a key that they were owed (seed ${seed})`, async () => {
      let refusals = 0;
      const busy = (relay: SimRelay): SimRelay => ({
        ...relay,
        publish: (record) => (refusals++ < 2 ? "refused" : relay.publish(record)),
      });
      const world = await createWorld(seed, 1, {
        seenBy: (name, relay) => (name === "Clementine" ? busy(relay) : relay),
      });
      const [ada, bob, cleo] = await people(world, "Adelaide", "Bartholomew", "Clementine");
      assert(ada && bob && cleo);
      const { group } = await world.call(ada, "group-create", { name: "walking club" });
      const { contact } = await world.call(bob, "whoami", {});
      await world.call(ada, "group-add", { group: group.id, account: contact });
      const { link } = await world.call(ada, "group-invite", { group: group.id, uses: 1, role: "member" });
      await world.call(cleo, "group-join", { link });
      const talk = conversationIn(world, group.id);
      // Bartholomew has no session with Clementine, so his key waits for her prekeys; Adelaide's next one comes before she asks
      await world.call(bob, "group-rekey", { group: group.id });
      await talk.say(bob);
      await world.clock.pass(2_000);
      await world.call(ada, "group-rekey", { group: group.id });
      assert.equal(refusals, 1);
      await world.settle();
      for (const device of [ada, bob, cleo]) await talk.say(device);
      await world.settle(5_000);
      checkSettled(world, talk);
    });
  }
});
