/** Three people in one group on one relay: where most tests begin. */
import assert from "node:assert/strict";
import type { Person } from "./person.ts";
import { withSessions } from "./prepared-people.ts";
import type { Relay } from "./relay.ts";
import { PASSPHRASE, type Scene } from "./scene.ts";

export interface Trio {
  readonly relay: Relay;
  readonly people: readonly [Person, Person, Person];
  /** Id of the group. */
  readonly group: string;
  readonly groupName: string;
}

/** Joining takes a second, and several on a busy machine (ms). */
const WAIT_MS = 25_000;

/** `names[0]` makes the group and lets the others in by link; all have left when this resolves. */
export async function gatherTrio(
  scene: Scene,
  { names = ["ana", "ben", "cleo"], groupName = "gardeners", relayArgs = [] }: Partial<TrioChoices> = {},
): Promise<Trio> {
  const relay = await scene.relay({ args: relayArgs });
  const people = await Promise.all(names.map((name) => scene.person(name, [relay.address])));
  const [ana, ben, cleo] = people;
  assert(ana !== undefined && ben !== undefined && cleo !== undefined);
  const directories = people.map(({ profile }) => profile);
  const group = await withSessions({ directories, passphrase: PASSPHRASE }, async ([owner, ...others]) => {
    assert(owner);
    const { id } = (await owner.call("group-create", { name: groupName })).group;
    const { link } = await owner.call("group-invite", { group: id });
    for (const joined of await Promise.all(others.map((each) => each.call("group-join", { link, waitMs: WAIT_MS }))))
      assert.deepEqual(joined, { group: { id, name: groupName }, state: "joined" });
    await Promise.all([owner, ...others].map((each) => each.call("sync", {})));
    return id;
  });
  return { relay, people: [ana, ben, cleo], group, groupName };
}

interface TrioChoices {
  readonly names: readonly [string, string, string];
  readonly groupName: string;
  readonly relayArgs: readonly string[];
}
