import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { FORK_PROOF } from "../../src/protocol/records/conversation.ts";
import { EPOCH, OWN_CHAIN } from "../../src/protocol/records/epoch.ts";
import { CALL, OUTBOX } from "../../src/protocol/records/outbox.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { deliverOne, epochOf, groupOf, newScene, say } from "./scene.ts";

const TEXTS = ["one", "two", "three", "four", "five"];

/** Ann has said five things at once; nobody has them yet. */
function burst() {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob]);
  const epoch = ann.existing(EPOCH, epochOf(ann, group));
  const copy = new Map(ann.records);
  const sends = TEXTS.map((text, i) => ({ text, call: `b${i}` }));
  const { answer } = ann.put({ kind: "send-burst", group, sends });
  assert(answer.kind === "messages");
  const envelopes = [...ann.ids(OUTBOX)].sort().map((id) => ann.existing(OUTBOX, id).envelope);
  let sequence = 100;
  const hand = (device: Device, i: number) =>
    deliverOne(device, epoch.topic, sequence++, envelopes[i] ?? assert.fail("no such envelope"));
  return { scene, ann, bob, group, epoch, sends, ids: answer.ids.map(toHex), hand, copy };
}

const idsOf = (device: Device, group: GroupId): readonly string[] =>
  [...device.lines.values()].filter((line) => line.group === toHex(group) && line.kind === "text").map(({ id }) => id);

describe("texts sent together", () => {
  it("are read by everybody in their order, under the ids that their sender was told", () => {
    const { scene, ann, bob, group, ids } = burst();
    scene.carry(ann, bob);
    for (const each of [ann, bob]) {
      assert.deepEqual(each.texts(), TEXTS);
      assert.deepEqual(idsOf(each, group).toSorted(), ids.toSorted());
    }
    say(bob, group, "an answer");
    scene.carry(ann, bob);
    assert.deepEqual(ann.texts(), [...TEXTS, "an answer"]);
  });

  it("show once whatever the order in which they come, how many are lost, and however often", () => {
    const order = fc.array(fc.nat({ max: TEXTS.length - 1 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(order, (sequence) => {
        const { bob, hand } = burst();
        for (const i of sequence) assert.deepEqual(hand(bob, i).warnings, []);
        const came = TEXTS.filter((_, i) => sequence.includes(i));
        assert.deepEqual(bob.texts().toSorted(), came.toSorted());
        assert.equal(bob.ids(FORK_PROOF).length, 0);
      }),
      { numRuns: 15 },
    );
  });

  it("are one message for each call, whether it is repeated alone or with others", () => {
    const { ann, group, sends, ids } = burst();
    const again = ann.put({ kind: "send-burst", group, sends: [...sends.slice(3), { text: "six", call: "b6" }] });
    assert(again.answer.kind === "messages");
    assert.deepEqual(again.answer.ids.slice(0, 2).map(toHex), ids.slice(3));
    const alone = ann.put({ kind: "send-text", group, text: "two", call: "b1" });
    assert(alone.answer.kind === "message");
    assert.equal(toHex(alone.answer.id), ids[1]);
    const twice = { text: "seven", call: "b7" };
    ann.put({ kind: "send-burst", group, sends: [twice, twice] });
    assert.deepEqual(ann.texts(), [...TEXTS, "six", "seven"]);
    assert.equal(ann.ids(CALL).length, 7);
  });

  it("are known to their sender when the relay brings them back", () => {
    const { ann, hand } = burst();
    for (const i of TEXTS.keys()) assert.deepEqual(hand(ann, i).warnings, []);
    assert.deepEqual(ann.texts(), TEXTS);
  });

  it("tell a sender that was put back to an old state of itself", () => {
    const { ann, epoch, copy, hand } = burst();
    ann.records.clear();
    ann.lines.clear();
    for (const [key, bytes] of copy) ann.records.set(key, bytes);
    for (const i of TEXTS.keys()) assert(hand(ann, i).warnings.includes("restored-state"));
    assert.deepEqual(ann.texts(), TEXTS);
    assert.equal(ann.existing(OWN_CHAIN, toHex(epoch.epoch)).chain.iteration, TEXTS.length);
  });
});
