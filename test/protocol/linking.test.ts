/** New devices of an account come into its groups, through whoever they ask. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { accountTopicKeys } from "../../src/protocol/account-topic-box.ts";
import { membersOf } from "../../src/protocol/membership-log.ts";
import { LINKING, SHARED } from "../../src/protocol/records/account.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { SESSION } from "../../src/protocol/records/pairwise.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { restored } from "./restored-device.ts";
import { existingRosterIn } from "./saved-records.ts";
import { epochOf, groupOf, makeGroup, newScene, type Scene, say } from "./scene.ts";

/** Ann, Bob and Cem chat; Ann's machine is gone, and Ann is back on another. */
function afterLoss() {
  const scene = newScene();
  const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
  const group = groupOf(scene, [ann, bob, cem]);
  say(bob, group, "before");
  scene.carry(ann, bob, cem);
  const again = restored(scene, ann, "Ann");
  return { scene, ann, bob, cem, again, group };
}

/** Time passes until everybody has been asked; those named are online. */
function passWith(scene: Scene, ...online: readonly Device[]) {
  const outcomes = [];
  for (let i = 0; i < 4; i++) {
    for (const each of online) outcomes.push(each.put({ kind: i === 0 ? "start" : "tick" }));
    outcomes.push(...scene.carry(...online));
    scene.clock.nowMs += 5_000;
  }
  return outcomes;
}

const isIn = (device: Device, group: GroupId): boolean => device.record(GROUP, toHex(group)) !== undefined;

describe("a restored device", () => {
  it("is let in by whoever of the group is online, reads and writes from then on, and nothing of before", () => {
    const { scene, bob, cem, again, group } = afterLoss();
    passWith(scene, again, bob, cem);
    assert(isIn(again, group));
    assert.deepEqual(again.ids(LINKING), []);
    for (const each of [bob, cem]) assert.equal(epochOf(each, group), epochOf(again, group));
    say(again, group, "back again");
    say(cem, group, "welcome back");
    scene.carry(again, bob, cem);
    for (const each of [bob, cem]) assert.deepEqual([...each.texts().slice(-2)].sort(), ["back again", "welcome back"]);
    assert.deepEqual([...again.texts()].sort(), ["back again", "welcome back"]);
  });

  it("is announced to everybody by a line and an event", () => {
    const { scene, bob, cem, again } = afterLoss();
    const events = passWith(scene, again, bob, cem).flatMap((outcome) => outcome.events);
    assert.equal(events.filter((each) => each.kind === "member" && each.change === "linked").length, 3);
    for (const each of [bob, cem, again]) {
      const lines = [...each.lines.values()].filter(({ text }) => text === "Ann has a new device");
      assert.equal(lines.length, 1, each.name);
    }
  });

  it("is let in by an own device first, if one is there", () => {
    const { scene, ann, bob, cem, again, group } = afterLoss();
    again.put({ kind: "start" });
    scene.carry(ann, again);
    assert(isIn(again, group));
    assert.deepEqual(bob.ids(SESSION).length + cem.ids(SESSION).length, 2, "nobody else was asked");
  });

  it("is let in later by those who were away", () => {
    const { scene, bob, cem, again, group } = afterLoss();
    passWith(scene, again);
    assert(!isIn(again, group));
    scene.carry(cem, again);
    assert(isIn(again, group));
    scene.carry(bob, cem, again);
    assert.equal(epochOf(bob, group), epochOf(again, group));
  });

  it("is one device, whoever let it in at once", () => {
    const { scene, bob, cem, again, group } = afterLoss();
    passWith(scene, again);
    for (const each of [bob, cem]) scene.deliver(each);
    for (const each of [bob, cem]) {
      const { device } = again.account();
      const roster = existingRosterIn(each.records, epochOf(each, group));
      assert.equal(roster.filter((one) => toHex(one.device) === toHex(device)).length, 1);
    }
    scene.carry(again, bob, cem);
    passWith(scene, again, bob, cem);
    scene.clock.nowMs += 60_000;
    passWith(scene, again, bob, cem);
    say(again, group, "one of me");
    scene.carry(again, bob, cem);
    assert.equal(new Set([again, bob, cem].map((each) => epochOf(each, group))).size, 1);
    for (const each of [bob, cem]) assert.equal(each.texts().at(-1), "one of me");
  });

  it("of somebody who is not in the group is not let in", () => {
    const { scene, bob, group } = afterLoss();
    const dan = scene.person("Dan");
    dan.save(LINKING, toHex(group), {
      name: "",
      relays: [],
      contacts: [bob.account().account],
      asked: 0,
      told: [],
      nextAt: dan.account().createdAt,
    });
    const before = epochOf(bob, group);
    passWith(scene, dan, bob);
    assert(!isIn(dan, group));
    assert.equal(epochOf(bob, group), before);
    assert.equal(bob.ids(SESSION).includes(toHex(dan.account().device)), true, "the letter came");
  });

  it("comes into a group that another device of its account joined later", () => {
    const { scene, ann, bob, cem, again } = afterLoss();
    passWith(scene, ann, again, bob, cem);
    const eve = scene.person("Eve");
    const second = groupOf(scene, [eve, ann]);
    passWith(scene, ann, again, eve);
    assert(isIn(again, second));
    say(again, second, "here too");
    scene.carry(ann, again, eve);
    assert(eve.texts().includes("here too"));
    assert(ann.texts().includes("here too"));
  });
});

describe("an unlinked device", () => {
  /** Ann is back on another device, in the group, and has unlinked the lost one. */
  function unlinked() {
    const all = afterLoss();
    const { scene, ann, bob, cem, again, group } = all;
    passWith(scene, again, bob, cem);
    const { device } = ann.account();
    again.put({ kind: "change-group", group, change: { kind: "unlink", device } });
    again.put({ kind: "retire-device", device });
    scene.carry(again, bob, cem);
    say(bob, group, "without the lost one");
    scene.carry(again, bob, cem);
    return all;
  }

  it("opens nothing of what is written afterwards, and the others go on", () => {
    const { scene, ann, bob, cem, again, group } = unlinked();
    const heard = ann.effects.length;
    scene.carry(ann, bob, cem, again);
    const codes = ann.effects.slice(heard).flatMap((each) => {
      return each.kind === "event" && each.event.kind === "warning" ? [each.event.code] : [];
    });
    assert.deepEqual(codes, ["own-new-device", "own-unlinked"]);
    assert(again.texts().includes("without the lost one"));
    assert(cem.texts().includes("without the lost one"));
    assert(!ann.texts().includes("without the lost one"));
    for (const each of [bob, cem]) assert.equal(epochOf(each, group), epochOf(again, group));
    const lines = [...bob.lines.values()].filter(({ text }) => text === "Ann unlinked a device");
    assert.equal(lines.length, 1);
  });

  it("takes its prekeys back, and is added nowhere by whoever knows that it is out", () => {
    const { scene, ann, bob, cem, again } = unlinked();
    const stale = scene.taken(ann);
    const heard = ann.effects.length;
    scene.carry(ann, bob, cem, again);
    const published = ann.effects
      .slice(heard)
      .flatMap((each) => (each.kind === "publish-prekeys" ? [each.record] : []));
    assert.deepEqual([published.length, published[0]?.bundle.length, published[0]?.oneTime], [1, 1, []]);
    assert.equal(
      ann.put({ kind: "prekeys-left", left: 0 }).effects.some(({ kind }) => kind === "publish-prekeys"),
      false,
    );
    const other = makeGroup(bob, "without the thief");
    const taken = [...stale, ...scene.taken(again)];
    bob.put({ kind: "add", group: other, account: again.account().account, taken, role: 0 });
    const member = membersOf(bob.log(other)).find(({ name }) => name === "Ann");
    assert.deepEqual(member?.devices.map(toHex), [toHex(again.account().device)]);
  });

  it("is not let in again, and says nothing more in the account's name", () => {
    const { scene, ann, bob, cem, again, group } = unlinked();
    scene.carry(ann, bob, cem, again);
    const { topic } = accountTopicKeys(p, ann.account().accountSeed);
    const before = scene.topics.get(toHex(topic))?.length;
    makeGroup(ann, "of the thief's own");
    scene.clock.nowMs += 8 * 24 * 3_600_000;
    ann.put({ kind: "start" });
    passWith(scene, ann, bob, cem, again);
    assert.equal((scene.topics.get(toHex(topic))?.length ?? 0) - (before ?? 0), 1, "the other device's weekly one");
    const values = again.ids(SHARED).map((id) => again.existing(SHARED, id).value);
    const shared = values.flatMap((each) => (each.kind === "group" && !each.left ? [toHex(each.group)] : []));
    assert.deepEqual(shared, [toHex(group)], "the account is still in its group");
    assert.equal(ann.ids(LINKING).length, 0);
  });
});
