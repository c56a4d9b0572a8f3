import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { LOG } from "../../src/protocol/records.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { addPerson, groupOf, newScene, say } from "../protocol/scene.ts";

describe("a profile of an earlier version", () => {
  it("gets the membership log that is judged today, made anew from the saved entries", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    addPerson(scene, ann, group, scene.person("Cem"));
    const id = toHex(group);
    const judged = new Set(bob.existing(LOG, id).entries.map(({ hash }) => toHex(hash)));
    bob.save(LOG, id, null);
    bob.records.set(`log/${id}`, Uint8Array.of(1, 2, 3));
    bob.put({ kind: "start" });
    assert.deepEqual(new Set(bob.existing(LOG, id).entries.map(({ hash }) => toHex(hash))), judged);
    assert.equal(bob.records.has(`log/${id}`), false);
    say(bob, group, "still here");
    scene.carry(ann, bob);
    assert(ann.texts().includes("still here"));
  });
});
