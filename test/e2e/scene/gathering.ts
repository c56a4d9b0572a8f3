/** People in one group, and what they say of it. */
import assert from "node:assert/strict";
import type { ClientMethods } from "../../../src/client/api.ts";
import { PATIENCE_MS } from "./hermes-process.ts";
import type { Person } from "./person.ts";
import { withSessions } from "./prepared-people.ts";
import type { Relay } from "./relay.ts";
import { PASSPHRASE, type Scene } from "./scene.ts";

export type Info = ClientMethods["group-info"][1];

/** Somebody's group; the others, whom it adds, have it. */
export async function gather(
  { scene, relay }: { readonly scene: Scene; readonly relay: Relay },
  ...names: readonly string[]
) {
  const all = await Promise.all(names.map((name) => scene.person(name, [relay.address])));
  const directories = all.map(({ profile }) => profile);
  const group = await withSessions({ directories, passphrase: PASSPHRASE }, async ([owner, ...others]) => {
    assert(owner);
    const { id } = (await owner.call("group-create", { name: "gardeners" })).group;
    for (const each of others)
      await owner.call("group-add", { group: id, account: (await each.call("whoami", {})).contact });
    await owner.call("sync", {});
    for (const each of others) assert.equal((await each.call("sync", {})).complete, true);
    return id;
  });
  return { group, all };
}

export const info = (person: Person, group: string) => person.ask<Info>("group", "info", group);

const ranks = async (person: Person, group: string) =>
  (await info(person, group)).members.map(({ name, role }) => `${name} ${role}`).sort();

/** Looks until all of them say this of the group, fetching in between. */
export async function agree(people: readonly Person[], group: string, expected: readonly string[]): Promise<void> {
  for (const person of people) {
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const seen = await ranks(person, group);
      if (JSON.stringify(seen) === JSON.stringify(expected)) break;
      if (Date.now() > until) assert.deepEqual(seen, expected, person.name);
      await person.sync();
    }
  }
}
