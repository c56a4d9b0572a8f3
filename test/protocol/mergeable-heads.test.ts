import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LINKING } from "../../src/protocol/records/account.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { restored } from "./restored-device.ts";
import { epochOf, groupOf, newScene, say } from "./scene.ts";

/** Bob links Cem's new device while Ann, who does not know of that yet, removes somebody. */
function party(removed: (party: { readonly bob: Device; readonly dan: Device }) => Device) {
  const scene = newScene();
  const [ann, bob, cem, dan] = ["Ann", "Bob", "Cem", "Dan"].map((name) => scene.person(name)) as Device[];
  assert(ann && bob && cem && dan);
  const group = groupOf(scene, [ann, bob, cem, dan]);
  const again = restored(scene, cem, "Cem");
  const asking = again.existing(LINKING, toHex(group));
  again.save(LINKING, toHex(group), { ...asking, contacts: [bob.account().account] });
  again.put({ kind: "tick" });
  scene.carry(bob, again);
  assert.equal(bob.log(group).entries.at(-1)?.action.kind, "link");
  const accounts = [removed({ bob, dan }).account().account];
  ann.put({ kind: "change-group", group, change: { kind: "remove", accounts } });
  scene.carry(ann, bob, again);
  assert.deepEqual(
    [ann, bob].map((each) => each.log(group).entries.length),
    [again.log(group).entries.length, again.log(group).entries.length],
  );
  assert(again.record(GROUP, toHex(group)));
  return { scene, ann, bob, again, group };
}

describe("a device that came in beside another change", () => {
  it("reads what is said before the key is renewed, where whoever let it in tells it what it lacks", () => {
    const { scene, ann, bob, again, group } = party(({ dan }) => dan);
    const { length } = ann.log(group).entries;
    say(ann, group, "in the merge");
    scene.carry(ann, bob, again);
    assert.deepEqual([again.texts(), ann.log(group).entries.length], [["in the merge"], length]);
  });

  it("reads it also where that one is out by then: nobody else could tell it, so the key is renewed first", () => {
    const { scene, ann, bob, again, group } = party((those) => those.bob);
    const { length } = ann.log(group).entries;
    say(ann, group, "Bob is out, and Cem is here twice");
    const newest = ann.log(group).entries.slice(length);
    assert.deepEqual(
      newest.map(({ action }) => action.kind),
      ["rekey"],
    );
    ann.put({ kind: "prekeys-taken", account: again.account().account, taken: scene.taken(again) });
    scene.carry(ann, bob, again);
    assert.deepEqual([again.texts(), bob.texts()], [["Bob is out, and Cem is here twice"], []]);
    assert.equal(epochOf(again, group), epochOf(ann, group));
  });
});
