/** People in one group, and what they say of it. */
import assert from "node:assert/strict";
import type { ClientMethods } from "../../../src/client/api.ts";
import { PATIENCE_MS } from "./hermes-process.ts";
import type { Person } from "./person.ts";
import type { Relay } from "./relay.ts";
import type { Scene } from "./scene.ts";

export type Info = ClientMethods["group-info"][1];

/** Somebody's group; the others, whom it adds, have it. */
export async function gather(
  { scene, relay }: { readonly scene: Scene; readonly relay: Relay },
  ...names: readonly string[]
) {
  const all = await Promise.all(names.map((name) => scene.person(name, [relay.address])));
  const [owner, ...others] = all;
  assert(owner);
  const group = await owner.createGroup("gardeners");
  for (const each of others) await owner.ask("group", "add", group, (await each.whoami()).contact);
  await owner.sync();
  for (const each of others) assert.equal((await each.sync()).complete, true);
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
