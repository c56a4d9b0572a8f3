import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LOG_HEAD, LOGGED, WHOLE_LOG } from "../../src/protocol/records/log.ts";
import { ROSTER, ROSTER_BASE, WHOLE_ROSTER } from "../../src/protocol/records/roster.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "../protocol/device.ts";
import { existingRosterIn } from "../protocol/saved-records.ts";
import { addPerson, groupOf, newScene, say } from "../protocol/scene.ts";

/** Takes all records of these types out of a profile. */
function forget(device: Device, ...types: readonly { readonly prefix: string }[]): void {
  for (const type of types) for (const id of device.ids(type)) device.records.delete(type.prefix + id);
}

describe("a profile of an earlier version", () => {
  it("goes on with the log and the rosters that were saved whole, and erases them in time", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    const id = toHex(group);
    const before = bob.log(group);
    bob.save(WHOLE_LOG, id, before);
    for (const epoch of bob.ids(ROSTER))
      bob.save(WHOLE_ROSTER, epoch, { devices: existingRosterIn(bob.records, epoch) });
    forget(bob, LOG_HEAD, LOGGED, ROSTER, ROSTER_BASE);
    const old = bob.ids(WHOLE_ROSTER);
    bob.put({ kind: "start" });
    assert.deepEqual(bob.log(group), before);
    assert.deepEqual(bob.ids(WHOLE_LOG), []);
    say(ann, group, "to the epoch before");
    addPerson(scene, ann, group, cem);
    scene.carry(ann, bob, cem);
    assert.deepEqual(bob.ids(WHOLE_ROSTER), old);
    say(bob, group, "still here");
    scene.carry(ann, bob, cem);
    for (const each of [ann, bob]) assert(each.texts().includes("to the epoch before"));
    assert(cem.texts().includes("still here"));
    scene.clock.nowMs += 40 * 24 * 3_600_000;
    bob.put({ kind: "tick" });
    assert.deepEqual(bob.ids(WHOLE_ROSTER), []);
    assert(bob.ids(ROSTER).length > 0);
  });
});
