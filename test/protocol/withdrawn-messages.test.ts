import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GroupChange } from "../../src/protocol/group-change.ts";
import { HEADS, REMOVALS, SAID } from "../../src/protocol/records/conversation.ts";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { HELD_MAX } from "../../src/protocol/removals.ts";
import { type GroupId, MessageId } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { forge, hand, keyAt } from "./forged-message.ts";
import { restored } from "./restored-device.ts";
import { deliverOne, epochOf, groupOf, newScene, say } from "./scene.ts";

function quartet() {
  const scene = newScene();
  const people = ["Ann", "Bob", "Cem", "Dan"].map((name) => scene.person(name));
  const [ann, bob, cem, dan] = people as [Device, Device, Device, Device];
  const group = groupOf(scene, [ann, bob, cem, dan]);
  return { scene, ann, bob, cem, dan, group };
}

const remove = (by: Device, group: GroupId, whom: Device) => {
  const change: GroupChange = { kind: "remove", accounts: [whom.account().account] };
  return by.put({ kind: "change-group", group, change });
};

const warningsOf = (outcomes: readonly { readonly warnings: readonly string[] }[]): readonly string[] =>
  outcomes.flatMap(({ warnings }) => warnings);

describe("a message of somebody who was removed", () => {
  it("stays when the remover had seen it, and what it cites with it", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    for (const text of ["one", "two"]) say(cem, group, text);
    scene.carry(ann, bob, cem, dan);
    remove(ann, group, cem);
    assert.deepEqual(warningsOf(scene.carry(ann, bob, dan)), []);
    for (const each of [ann, bob, dan]) assert.deepEqual(each.texts(), ["one", "two"]);
  });

  it("stays when the remover had seen it among more heads than an entry can cite", () => {
    const scene = newScene();
    const [ann, ...others] = ["Ann", "Bob", "Cem", "Dan", "Eve", "Fay", "Gil"].map((name) => scene.person(name));
    const cem = others[1];
    assert(ann && cem);
    const group = groupOf(scene, [ann, ...others]);
    for (const each of [cem, ...others.filter((other) => other !== cem)]) {
      say(each, group, `from ${each.name}`);
      scene.clock.nowMs += 1;
    }
    for (const each of others) scene.collect(each);
    scene.deliver(ann);
    remove(ann, group, cem);
    scene.carry(ann, ...others);
    for (const each of [ann, ...others]) assert(each.texts().includes("from Cem"), each.name);
  });

  it("is withdrawn when the removal shows that nobody who stayed had seen it", () => {
    const { scene, ann, cem, dan, group } = quartet();
    say(cem, group, "too late");
    scene.collect(cem);
    scene.deliver(dan);
    assert.deepEqual(dan.texts(), ["too late"]);
    remove(ann, group, cem);
    scene.collect(ann);
    const outcomes = scene.deliver(dan);
    assert.deepEqual(warningsOf(outcomes), ["withdrawn"]);
    assert(
      outcomes.some(({ events }) => events.some((each) => each.kind === "line-state" && each.state === "withdrawn")),
    );
    assert.deepEqual(dan.texts(), []);
    assert.deepEqual(dan.existing(HEADS, toHex(group)).heads, [], "what we say next does not cite it");
  });

  it("is not shown when it comes after the removal, and is shown once somebody who stayed shows that it had seen it", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    say(cem, group, "in time for Bob");
    scene.collect(cem);
    scene.deliver(bob);
    say(bob, group, "I saw it"); // Bob has not heard of the removal
    remove(ann, group, cem);
    scene.collect(ann);
    scene.deliver(dan);
    assert.deepEqual(dan.texts(), []);
    scene.collect(bob);
    const outcomes = scene.deliver(dan);
    assert.deepEqual(warningsOf(outcomes), []);
    assert.deepEqual(dan.texts(), ["in time for Bob", "I saw it"]);
    scene.carry(ann, bob, dan);
    for (const each of [ann, bob]) assert.deepEqual(each.texts(), ["in time for Bob", "I saw it"]);
  });

  it("does not count because somebody cites it who knew of the removal", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    say(cem, group, "too late");
    scene.collect(cem);
    scene.deliver(bob);
    remove(ann, group, cem);
    scene.collect(ann);
    scene.deliver(bob);
    say(bob, group, "from Bob");
    scene.carry(ann, bob, dan);
    for (const each of [ann, bob, dan]) assert.deepEqual(each.texts(), ["from Bob"]);
    const late = [...bob.lines.values()].find(({ text }) => text === "too late");
    const epoch = bob.existing(EPOCH, epochOf(bob, group));
    const frontier = [MessageId.from(fromHex(late?.id ?? "") ?? assert.fail())];
    hand(dan, epoch, forge(bob, epoch, { iteration: 1, key: keyAt(bob, epoch, 1), text: "look", frontier, depth: 99 }));
    say(cem, group, "later still"); // with it all are judged again
    scene.collect(cem);
    scene.deliver(dan);
    assert.deepEqual(dan.texts(), ["from Bob", "look"]);
  });

  it("does not count because its author, or one removed with it, cites it", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    say(cem, group, "one");
    scene.collect(cem);
    scene.deliver(bob);
    say(bob, group, "two");
    scene.collect(bob);
    const accounts = [bob, cem].map((each) => each.account().account);
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts } });
    scene.carry(ann, dan);
    for (const each of [ann, dan]) assert.deepEqual(each.texts(), []);
  });

  it("is judged like this when only one device of its author was unlinked, too", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    const other = restored(scene, cem, "Cem");
    for (let i = 0; i < 4; i++) {
      for (const each of [other, ann, bob, dan]) each.put({ kind: i === 0 ? "start" : "tick" });
      scene.carry(other, ann, bob, dan);
      scene.clock.nowMs += 5_000;
    }
    say(other, group, "from Cem");
    scene.carry(other, ann, bob, dan);
    scene.deliver(cem);
    say(cem, group, "from a thief"); // on the lost device
    scene.collect(cem);
    const { device } = cem.account();
    other.put({ kind: "change-group", group, change: { kind: "unlink", device } });
    scene.carry(other, ann, bob, dan);
    for (const each of [ann, bob, dan]) assert.deepEqual(each.texts(), ["from Cem"]);
  });

  it("takes bounded room, however many it writes with the old keys", function () {
    this.timeout(60_000);
    const { scene, ann, cem, dan, group } = quartet();
    remove(ann, group, cem);
    scene.collect(ann);
    scene.deliver(dan);
    for (let i = 0; i < HELD_MAX + 20; i++) say(cem, group, `flood ${i}`);
    const flood = cem.ids(OUTBOX).map((id) => cem.existing(OUTBOX, id));
    scene.collect(cem);
    scene.deliver(dan);
    const again = flood.map(({ topic, envelope }, i) => deliverOne(dan, topic, 10_000 + i, envelope));
    assert.deepEqual(warningsOf(again), [], "what was dropped is no fork when it comes again");
    assert.equal(dan.existing(REMOVALS, toHex(group)).held, HELD_MAX);
    assert.equal(dan.ids(SAID).length, HELD_MAX);
    assert.deepEqual(dan.texts(), []);
  });

  it("counts when its author left by itself", () => {
    const { scene, ann, bob, cem, dan, group } = quartet();
    say(cem, group, "goodbye");
    cem.put({ kind: "change-group", group, change: { kind: "leave" } });
    scene.carry(ann, bob, cem, dan);
    for (const each of [ann, bob, dan]) assert(each.texts().includes("goodbye"));
  });
});
