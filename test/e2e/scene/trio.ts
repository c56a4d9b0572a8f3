/** Three people in one group on one relay: where most tests begin. */
import assert from "node:assert/strict";
import type { Person } from "./person.ts";
import type { Relay } from "./relay.ts";
import type { Scene } from "./scene.ts";

export interface Trio {
  readonly relay: Relay;
  readonly people: readonly [Person, Person, Person];
  /** Id of the group. */
  readonly group: string;
  readonly groupName: string;
}

/** `names[0]` makes the group and lets the others in by link, while listening; all have left when this resolves. */
export async function gatherTrio(
  scene: Scene,
  { names = ["ana", "ben", "cleo"], groupName = "gardeners", relayArgs = [] }: Partial<TrioChoices> = {},
): Promise<Trio> {
  const relay = await scene.relay({ args: relayArgs });
  const people = await Promise.all(names.map((name) => scene.person(name, [relay.address])));
  const [ana, ben, cleo] = people;
  assert(ana !== undefined && ben !== undefined && cleo !== undefined);
  const group = await ana.createGroup(groupName);
  const link = await ana.invite(group);
  const door = ana.listen();
  for (const joined of await Promise.all([ben, cleo].map((each) => each.join(link)))) {
    assert.deepEqual(joined, { group: { id: group, name: groupName }, state: "joined" });
  }
  door.signal("SIGINT");
  assert.equal((await door.ended).code, 0);
  return { relay, people: [ana, ben, cleo], group, groupName };
}

interface TrioChoices {
  readonly names: readonly [string, string, string];
  readonly groupName: string;
  readonly relayArgs: readonly string[];
}
