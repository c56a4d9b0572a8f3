/** Dying at each commit there is, before it or after it and before its effects, loses nothing and doubles nothing. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Conversation, checkSettled, groupOf, isIn } from "./conversation.ts";
import type { Doom, SimDevice } from "./sim-device.ts";
import { createWorld, people, type World } from "./world.ts";

/** More commits than any of these acts makes. */
const COMMITS = 8;

const dooms: readonly Doom[] = Array.from({ length: COMMITS }, (_, i) => i + 1).flatMap((commit) => [
  { commit, when: "before" as const },
  { commit, when: "after" as const },
]);

interface Scene {
  readonly world: World;
  readonly ada: SimDevice;
  readonly bob: SimDevice;
  readonly cleo: SimDevice;
  readonly talk: Conversation;
}

/** Two in a group, a third who is not. */
async function scene(): Promise<Scene> {
  const world = await createWorld(1);
  const [ada, bob, cleo] = await people(world, "Adelaide", "Bartholomew", "Clementine");
  assert(ada && bob && cleo);
  return { world, ada, bob, cleo, talk: await groupOf(world, [ada, bob]) };
}

async function afterwards({ world, ada, bob, talk }: Scene): Promise<void> {
  for (const device of world.devices) device.dieAt();
  await world.settle(130_000);
  for (const device of [ada, bob]) await talk.say(device);
  await world.settle(5_000);
  checkSettled(world, talk);
}

describe("a device that dies", function () {
  this.timeout(120_000);

  it("at any commit of sending loses and doubles no message", async () => {
    for (const doom of dooms) {
      const here = await scene();
      here.ada.dieAt(doom);
      await here.talk.say(here.ada);
      await here.world.clock.pass(3_000);
      await afterwards(here);
    }
  });

  it("at any commit of receiving loses and doubles no message", async () => {
    for (const doom of dooms) {
      const here = await scene();
      here.ada.dieAt(doom);
      for (let i = 0; i < 4; i++) await here.talk.say(here.bob);
      await here.world.clock.pass(3_000);
      await afterwards(here);
    }
  });

  it("at any commit of joining, on either side, is in at the end", async () => {
    for (const doom of dooms)
      for (const side of ["joiner", "inviter"] as const) {
        const here = await scene();
        const { world, ada, cleo, talk } = here;
        const { link } = await world.call(ada, "group-invite", { group: talk.group });
        const victim = side === "joiner" ? cleo : ada;
        victim.dieAt(doom);
        const call = (): Promise<unknown> => cleo.call("group-join", { link, waitMs: 5_000 }, "the join");
        while (!(await world.survives(cleo, call()))) await world.during(cleo.start());
        await afterwards(here);
        assert(isIn(cleo, talk.group), `${side} died ${doom.when} commit ${doom.commit}`);
      }
  });

  it("at any commit of a re-key ends in the epoch of all", async () => {
    for (const doom of dooms) {
      const here = await scene();
      const { world, ada, bob, talk } = here;
      await world.put(ada, { kind: "change-group", group: ada.group(talk.group).group, change: { kind: "rekey" } });
      (doom.commit % 2 ? ada : bob).dieAt(doom);
      await world.clock.pass(3_000);
      await afterwards(here);
    }
  });
});
