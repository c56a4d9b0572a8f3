import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { EPOCH, USED_MERGE } from "../../src/protocol/records/epoch.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { addPerson, epochOf, groupOf, newScene, type Scene, say } from "./scene.ts";

/** Times by which whoever is to name a merge by itself has done so. */
const NAMED_MS = 130_000;

const SAID = "said in the merge of three";

const rekey = (device: Device, group: GroupId) =>
  device.put({ kind: "change-group", group, change: { kind: "rekey" } });

/** Cem says something where three of four branches meet, and Bob never passes through that. Dan, the owner, has not read it yet. */
function party() {
  const scene = newScene();
  const [ann, bob, cem, dan] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem"), scene.person("Dan")];
  const group = groupOf(scene, [dan, ann, bob, cem]);
  for (const each of [ann, bob, cem, dan]) rekey(each, group);
  scene.carry(ann, bob);
  scene.deliver(cem);
  say(cem, group, SAID);
  const merged = epochOf(cem, group);
  assert.equal(cem.existing(EPOCH, merged).frontier.length, 3);
  rekey(bob, group); // before it hears of the third branch
  return { scene, ann, bob, cem, dan, group, merged };
}

/** The device hears all that the others have posted, but nothing of what it does itself is known yet. */
function hear(scene: Scene, device: Device, ...others: readonly Device[]): void {
  for (const each of others) scene.collect(each);
  for (let round = 0; round < 3; round++) scene.deliver(device);
}

function wait(scene: Scene, ...devices: readonly Device[]): void {
  for (let round = 0; round < 2; round++) {
    scene.clock.nowMs += NAMED_MS;
    for (const each of devices) each.put({ kind: "tick" });
    scene.carry(...devices);
  }
}

/** What is in that epoch's topic comes later: all of it, or so many envelopes. */
function holdBack(scene: Scene, device: Device, epoch: string): (count?: number) => void {
  const topic = toHex(device.existing(EPOCH, epoch).topic);
  scene.collect(device);
  const envelopes = scene.topics.get(topic) ?? [];
  scene.topics.delete(topic);
  return (count = envelopes.length) => scene.topics.set(topic, envelopes.slice(0, count));
}

const remove = (device: Device, group: GroupId, { account }: Device) =>
  device.put({ kind: "change-group", group, change: { kind: "remove", accounts: [account().account] } });

const isToName = (device: Device, merged: string): boolean => device.ids(USED_MERGE).some((id) => id.endsWith(merged));

describe("a merge whose only author is out before it has named it", () => {
  it("is named by whoever had heard what it said there and removed it, though it sends elsewhere", () => {
    const { scene, ann, bob, cem, dan, group, merged } = party();
    hear(scene, dan, cem);
    assert.deepEqual([dan.texts(), isToName(dan, merged)], [[SAID], false], "Cem is to name it");
    remove(dan, group, cem);
    scene.carry(ann, bob, dan);
    assert.deepEqual([bob.texts(), bob.record(EPOCH, merged)], [[], undefined]);
    wait(scene, ann, bob, dan);
    assert.deepEqual(bob.texts(), [SAID]);
    for (const each of [ann, bob, dan]) assert.equal(isToName(each, merged), false, "it is named once");
  });

  it("is named by whoever had heard it when the author left by itself", () => {
    const { scene, ann, bob, cem, dan, group } = party();
    hear(scene, dan, cem);
    hear(scene, cem, dan);
    cem.put({ kind: "change-group", group, change: { kind: "leave" } });
    scene.collect(cem);
    scene.carry(ann, bob, dan);
    assert.deepEqual(bob.texts(), []);
    wait(scene, ann, bob, dan);
    assert.deepEqual(bob.texts(), [SAID]);
  });

  it("is named by whoever hears it only after its author has left", () => {
    const { scene, cem, dan, group, merged } = party();
    hear(scene, cem, dan);
    cem.put({ kind: "change-group", group, change: { kind: "leave" } });
    const giveBack = holdBack(scene, cem, merged);
    hear(scene, dan);
    assert.equal(dan.group(group).members, 3);
    giveBack();
    hear(scene, dan);
    assert.deepEqual([dan.texts(), isToName(dan, merged)], [[SAID], true]);
  });

  it("is named by whoever hears it after removing its author, once it counts", () => {
    const { scene, ann, cem, dan, group, merged } = party();
    hear(scene, ann, cem);
    say(ann, group, "heard in time");
    const giveBack = holdBack(scene, ann, merged);
    hear(scene, dan);
    remove(dan, group, cem);
    giveBack(1);
    hear(scene, dan);
    assert.deepEqual([dan.texts(), isToName(dan, merged)], [[], false], "nobody is known to have heard it");
    giveBack();
    hear(scene, dan);
    assert.deepEqual([dan.texts(), isToName(dan, merged)], [[SAID, "heard in time"], true]);
  });

  it("is named when its author is out because its addition is overruled", () => {
    const scene = newScene();
    const [ann, dan, eve] = [scene.person("Ann"), scene.person("Dan"), scene.person("Eve")];
    const group = groupOf(scene, [dan, ann], 1);
    addPerson(scene, ann, group, eve);
    scene.carry(ann, eve);
    for (const each of [ann, eve]) rekey(each, group);
    scene.carry(ann, eve);
    say(eve, group, SAID);
    const merged = `${toHex(group)}/${epochOf(eve, group)}`;
    hear(scene, ann, eve);
    assert.deepEqual(ann.existing(USED_MERGE, merged), { dueAt: undefined });
    const { account } = ann.account();
    dan.put({ kind: "change-group", group, change: { kind: "role", account, role: 0 } });
    hear(scene, ann, dan);
    assert.equal(ann.group(group).members, 2);
    assert(ann.existing(USED_MERGE, merged).dueAt !== undefined);
  });
});
