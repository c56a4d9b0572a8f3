import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { author } from "../../src/protocol/group-log.ts";
import { membersOf } from "../../src/protocol/membership-log.ts";
import { answerWanted } from "../../src/protocol/missing-entries.ts";
import { LINKING } from "../../src/protocol/records/account.ts";
import { OUT } from "../../src/protocol/records/group.ts";
import { EARLY_AT, EARLY_ENTRY, SECRET } from "../../src/protocol/records/key-delivery.ts";
import { LINK_AGAIN, WAITING, WANTED } from "../../src/protocol/records/log.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import type { GroupId, TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { restored } from "./restored-device.ts";
import { addPerson, epochOf, groupOf, newScene, type Scene, say } from "./scene.ts";

/** Bob links his new device without knowing that Ann has removed him and added him again. */
function party(isAddedAgain = true) {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem]);
  const again = restored(scene, bob, "Bob");
  const accounts = [bob.account().account];
  ann.put({ kind: "change-group", group, change: { kind: "remove", accounts } });
  if (isAddedAgain) addPerson(scene, ann, group, bob);
  again.put({ kind: "start" });
  scene.carry(bob, again);
  assert.equal(bob.log(group).entries.at(-1)?.action.kind, "link");
  assert.equal(again.log(group).entries.length, bob.log(group).entries.length);
  scene.carry(ann, bob, cem);
  return { scene, ann, bob, cem, again, group };
}

const devicesOf = (device: Device, group: GroupId, of: Device): number =>
  membersOf(device.log(group)).find(({ account }) => toHex(account) === toHex(of.account().account))?.devices.length ??
  0;

function wait(scene: Scene, ms: number, ...devices: readonly Device[]): void {
  scene.clock.nowMs += ms;
  for (const each of devices) each.put({ kind: "tick" });
  scene.carry(...devices);
}

describe("a link that does not count because its account was removed and added again meanwhile", () => {
  it("is written again by a device of that account, and the new device is in", () => {
    const { scene, ann, bob, cem, again, group } = party();
    assert.equal(devicesOf(ann, group, bob), 1);
    wait(scene, 5_000, ann, bob, cem);
    wait(scene, 1, ann, bob, cem, again);
    for (const each of [ann, bob, cem, again]) assert.equal(devicesOf(each, group, bob), 2, each.name);
    assert.equal(epochOf(again, group), epochOf(ann, group));
    say(again, group, "so I am in");
    scene.carry(ann, bob, cem, again);
    assert.deepEqual(ann.texts(), ["so I am in"]);
    const { length } = ann.log(group).entries;
    wait(scene, 5_000, ann, bob, cem, again);
    assert.equal(ann.log(group).entries.length, length, "once");
    assert.deepEqual(
      [ann, bob, cem].flatMap((each) => each.ids(LINK_AGAIN)),
      [],
    );
  });

  it("is not written again for a device that was unlinked, nor for an account that is out", () => {
    const { scene, ann, bob, cem, again, group } = party();
    bob.put({ kind: "retire-device", device: again.account().device });
    wait(scene, 5_000, ann, bob, cem);
    assert.equal(devicesOf(ann, group, bob), 1);
    const other = party(false);
    wait(other.scene, 5_000, other.ann, other.bob, other.cem);
    assert.equal(devicesOf(other.ann, other.group, other.bob), 0);
  });

  it("leaves its device asking, where no other device of the account does it", () => {
    const { scene, ann, bob, cem, again, group } = party();
    const wanted = [ann.log(group).entries.at(-1)?.hash ?? assert.fail()];
    const heads = again
      .log(group)
      .entries.slice(-1)
      .map(({ hash }) => hash);
    ann.run((work) => answerWanted(work, again.account().device, { kind: "wanted", group, wanted, heads }));
    again.save(WANTED, toHex(group), { dueAt: scene.clock.nowMs as TimeMs, asked: 1 });
    ann.put({ kind: "prekeys-taken", account: again.account().account, taken: scene.taken(again) });
    scene.carry(ann, again);
    assert(again.record(OUT, toHex(group)), "it heard what it had missed, though it is no member's device");
    wait(scene, 5_000, again);
    assert.deepEqual(again.ids(LINKING), [toHex(group)]);
    assert.equal(devicesOf(cem, group, bob), 1);
    wait(scene, 30_000, again, cem);
    wait(scene, 30_000, again, cem);
    assert.equal(devicesOf(again, group, bob), 2);
    assert.equal(epochOf(again, group), epochOf(cem, group));
  });
});

/** Takes what lies in these devices' outboxes to the topics, but what is not for `reader` only when the answer is called. */
function readBy(scene: Scene, reader: Device, ...authors: readonly Device[]): () => void {
  const before = new Map([...scene.topics].map(([topic, items]) => [topic, items.length]));
  for (const each of authors) scene.collect(each);
  const held: [string, readonly Uint8Array[]][] = [];
  for (const [topic, items] of scene.topics)
    if (!reader.record(TOPIC, topic)) held.push([topic, items.splice(before.get(topic) ?? 0)]);
  return () => {
    for (const [topic, items] of held) scene.topics.get(topic)?.push(...items);
  };
}

describe("a device that was added without a welcome, and let in by a link of before its account's removal", () => {
  it("learns from a key that had come before that there is more than the link's branch, and asks for it", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const again = restored(scene, bob, "Bob");
    const { account } = bob.account();
    const devices = [bob, again]
      .map((each) => each.account())
      .map(({ device, certificate }) => ({ device, certificate }));
    const member = { account, role: 0, name: "Bob", devices, proof: undefined } as const;
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts: [account] } });
    ann.run((work) => author(work, ann.group(group), { kind: "add", members: [member] }));
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    ann.put({ kind: "prekeys-taken", account, taken: scene.taken(again) });
    const release = readBy(scene, again, ann);
    scene.deliver(again);
    assert.deepEqual([again.ids(SECRET).length, again.ids(EARLY_ENTRY).length], [1, 1]);
    again.put({ kind: "start" });
    scene.carry(bob, again);
    assert(again.group(group).sending, "the link let it in");
    assert.deepEqual([again.ids(EARLY_ENTRY), again.ids(EARLY_AT), again.ids(WAITING).length], [[], [], 1]);
    release();
    wait(scene, 20_000, again, ann);
    assert.equal(epochOf(again, group), epochOf(ann, group));
    assert.deepEqual([again.ids(SECRET), again.ids(WAITING), devicesOf(again, group, bob)], [[], [], 2]);
  });
});
