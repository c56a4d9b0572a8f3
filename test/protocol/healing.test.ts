import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GroupChange } from "../../src/protocol/group-change.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { groupOf, newScene, type Scene, say } from "./scene.ts";

const DAY_MS = 24 * 3_600_000;

/** A device with a copy of all that another one has saved; it reads and says nothing. */
function thiefOf(scene: Scene, victim: Device): Device {
  const thief = scene.person(`Thief of ${victim.name}`);
  thief.records.clear();
  for (const [key, value] of victim.records) thief.records.set(key, value.slice());
  return thief;
}

/** Reads everything that was ever posted. */
function readAll(scene: Scene, thief: Device): void {
  for (let more = true; more; ) more = scene.deliver(thief).length > 0;
}

function club() {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem], 1);
  const settle = () => scene.carry(ann, bob, cem);
  for (const each of [ann, bob, cem]) say(each, group, `hello from ${each.name}`);
  settle();
  return { scene, ann, bob, cem, group, settle };
}

type Club = ReturnType<typeof club>;

/** Everything that brings a fresh secret. */
const RENEWALS: readonly (readonly [string, (club: Club) => void])[] = [
  ["a re-key", ({ ann, group }) => change(ann, group, { kind: "rekey" })],
  ["a removal", ({ ann, cem, group }) => change(ann, group, { kind: "remove", accounts: [cem.account().account] })],
  [
    "a scheduled re-key",
    ({ scene, ann, group }) => {
      scene.clock.nowMs += 8 * DAY_MS;
      ann.put({ kind: "tick" });
      assert(ann.record(GROUP, toHex(group)));
    },
  ],
];

function change(by: Device, group: GroupId, what: GroupChange): void {
  by.put({ kind: "change-group", group, change: what });
}

describe("a stolen copy of a profile", () => {
  for (const [name, renew] of RENEWALS) {
    it(`opens nothing that is said after ${name}, once the victim's sessions have turned`, () => {
      const here = club();
      const { scene, ann, bob, group, settle } = here;
      const thief = thiefOf(scene, bob);
      change(ann, group, { kind: "rekey" }); // its letters open with what was stolen; Bob's answer turns the session
      settle();
      say(ann, group, "while it heals");
      settle();
      renew(here);
      settle();
      say(ann, group, "healed");
      say(bob, group, "indeed");
      settle();
      assert(bob.texts().includes("healed"));
      readAll(scene, thief);
      assert(thief.texts().includes("while it heals"), "it reads along until then");
      assert(!thief.texts().includes("healed"));
      assert(!thief.texts().includes("indeed"));
    });

    it(`that was made after ${name} opens nothing of what was read before`, () => {
      const here = club();
      const { scene, ann, bob, group, settle } = here;
      say(ann, group, "before");
      settle();
      renew(here);
      settle();
      say(ann, group, "after");
      settle();
      for (const text of ["hello from Ann", "before", "after"]) assert(bob.texts().includes(text), text);
      const thief = thiefOf(scene, bob);
      readAll(scene, thief);
      assert.deepEqual(
        thief.texts().filter((text) => text !== "hello from Bob"),
        [],
      );
    });
  }
});
