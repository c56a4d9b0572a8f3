import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierOf } from "../../src/protocol/membership-log.ts";
import { FORK, LIVE } from "../../src/protocol/records/epoch.ts";
import { MERGING } from "../../src/protocol/records/log.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { groupOf, newScene, say } from "./scene.ts";

/** Entries on each side: more than the merges after which a head waits. */
const EACH = 20;
/** Uses of one fork tree: those merges, pairs, and what follows from it; each adds up to 127 nodes. */
const NODES_MOST = 24 * 127;

describe("branches of many entries that meet", function () {
  this.timeout(60_000);

  it("use no fork tree up, and end in one epoch for both", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob], 1);
    for (let i = 0; i < EACH; i++)
      for (const each of [ann, bob]) each.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    for (const each of [ann, bob]) {
      assert.equal(frontierOf(each.log(group)).length, 2);
      assert.equal(each.ids(MERGING).length, 1, "the last merge is put off");
      for (const id of each.ids(FORK)) assert(each.existing(FORK, id).tree.nodes.length < NODES_MOST);
      assert(each.existing(LIVE, toHex(group)).epochs.length < 8 * EACH, "not every entry is merged with every other");
    }
    scene.clock.nowMs += 2_001;
    for (const each of [ann, bob]) each.put({ kind: "tick" });
    assert.deepEqual([ann.ids(MERGING), bob.ids(MERGING)], [[], []]);
    const [one, other] = [ann.group(group).sending, bob.group(group).sending];
    assert(one && other);
    assert.equal(toHex(one), toHex(other));
    for (const each of [ann, bob]) say(each, group, `from ${each.name}`);
    scene.carry(ann, bob);
    for (const each of [ann, bob]) assert.equal(each.texts().length, 2);
  });
});
