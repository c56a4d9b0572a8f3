import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CLOSED } from "../../src/protocol/records/epoch.ts";
import { epochOf, groupOf, newScene, say } from "./scene.ts";

describe("a merge of three branches that some never passed through", () => {
  it("is entered when whoever sent in it closes its chain there: what was said in it is read after all", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    for (const each of [ann, bob, cem]) each.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    scene.deliver(cem); // what it did itself nobody knows yet
    say(cem, group, "said in the merge of three");
    const merged = epochOf(cem, group);
    bob.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    scene.carry(ann, bob, cem);
    assert.deepEqual([ann.texts(), bob.texts()], [[], []], "they went from two heads to two others");
    say(cem, group, "said in the next one");
    assert.notEqual(epochOf(cem, group), merged);
    scene.carry(ann, bob, cem);
    for (const each of [ann, bob]) {
      assert.deepEqual(each.texts(), ["said in the merge of three", "said in the next one"]);
      assert.deepEqual(each.ids(CLOSED), [], "its end there is known");
    }
  });
});
