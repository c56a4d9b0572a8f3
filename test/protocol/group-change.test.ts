import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { GroupChange } from "../../src/protocol/group-change.ts";
import { headsOf, membersOf } from "../../src/protocol/membership-log.ts";
import { receiveEntry } from "../../src/protocol/received-entries.ts";
import { EPOCH, FORK, FORK_END, LIVE, SCHEDULE } from "../../src/protocol/records/epoch.ts";
import { OUT } from "../../src/protocol/records/group.ts";
import { ROLE } from "../../src/wire/entry.ts";
import type { EntryHash, GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { makeEntry, somebody } from "./log-builder.ts";
import { epochOf, groupOf, inviteTo, newScene, type Scene, say } from "./scene.ts";

const DAY_MS = 24 * 3600 * 1000;

function trio() {
  const scene = newScene();
  const people = ["Ann", "Bob", "Cem"].map((name) => scene.person(name));
  const [ann, bob, cem] = people as [Device, Device, Device];
  const group = groupOf(scene, [ann, bob, cem]);
  return { scene, ann, bob, cem, group };
}

function change(device: Device, group: GroupId, what: GroupChange) {
  return device.put({ kind: "change-group", group, change: what });
}

const removing = (...who: readonly Device[]): GroupChange => ({
  kind: "remove",
  accounts: who.map((each) => each.account().account),
});

const isOut = (device: Device, group: GroupId): boolean => device.record(OUT, toHex(group)) !== undefined;
const namesOf = (device: Device, group: GroupId) =>
  membersOf(device.log(group))
    .map(({ name }) => name)
    .sort();

function promote(scene: Scene, by: Device, who: Device, group: GroupId, all: readonly Device[]) {
  change(by, group, { kind: "role", account: who.account().account, role: ROLE.admin });
  scene.carry(...all);
}

describe("removing somebody", () => {
  it("gives the others a key that the removed one has not", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(ann, group, removing(cem));
    scene.carry(ann, bob, cem);
    assert.equal(epochOf(ann, group), epochOf(bob, group));
    assert.deepEqual(namesOf(bob, group), ["Ann", "Bob"]);
    say(ann, group, "without Cem");
    scene.carry(ann, bob, cem);
    assert(bob.texts().includes("without Cem"));
    assert(!cem.texts().includes("without Cem"));
    assert.equal(cem.record(EPOCH, epochOf(ann, group)), undefined);
  });

  it("is known to the removed one, who sends no more", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(ann, group, removing(cem));
    const outcomes = scene.carry(ann, bob, cem);
    assert(outcomes.some(({ events }) => events.some((each) => each.kind === "removed")));
    assert(isOut(cem, group));
    assert.throws(() => say(cem, group, "still here?"), /not in this group any more/);
    assert.throws(() => change(cem, group, { kind: "rekey" }), /not in this group any more/);
  });

  it("stops everybody who knows of it from sending in the old epoch, also before the new key has come", () => {
    const { scene, ann, bob, cem, group } = trio();
    const old = epochOf(bob, group);
    change(ann, group, removing(cem));
    scene.collect(ann);
    for (const [topic, envelopes] of scene.topics) // the inbox letter with the new key is late
      if (topic === toHex(bob.existing(EPOCH, old).topic) && envelopes.length > 0) scene.deliver(only(bob, topic));
    say(bob, group, "from Bob");
    assert.notEqual(epochOf(bob, group), old);
    scene.carry(ann, bob, cem);
    assert(ann.texts().includes("from Bob"));
    assert(!cem.texts().includes("from Bob"));
    assert.equal(epochOf(ann, group), epochOf(bob, group));
  });

  it("by two admins at once of different people makes no epoch of both heads: somebody re-keys", () => {
    const scene = newScene();
    const people = ["Ann", "Bob", "Cem", "Dan"].map((name) => scene.person(name));
    const [ann, bob, cem, dan] = people as [Device, Device, Device, Device];
    const group = groupOf(scene, people as [Device, ...Device[]]);
    promote(scene, ann, bob, group, people);
    change(ann, group, removing(cem));
    change(bob, group, removing(dan));
    scene.carry(...people);
    for (const device of [ann, bob]) assert.equal(device.group(group).sending, undefined);
    say(ann, group, "after both");
    scene.carry(...people);
    assert(bob.texts().includes("after both"));
    for (const device of [cem, dan]) assert(!device.texts().includes("after both"));
    assert.equal(epochOf(ann, group), epochOf(bob, group));
  });

  it("is overruled when the remover was removed by the owner at the same time", () => {
    const scene = newScene();
    const people = ["Ann", "Bob", "Cem"].map((name) => scene.person(name));
    const [ann, bob, cem] = people as [Device, Device, Device];
    const group = groupOf(scene, people as [Device, ...Device[]]);
    promote(scene, ann, bob, group, people);
    change(ann, group, removing(bob));
    change(bob, group, removing(cem));
    scene.carry(...people);
    assert.deepEqual(namesOf(ann, group), ["Ann", "Cem"]);
    assert.deepEqual(namesOf(cem, group), ["Ann", "Cem"]);
    say(cem, group, "I am in");
    scene.carry(...people);
    assert(ann.texts().includes("I am in"));
    assert(!bob.texts().includes("I am in"));
    assert(!isOut(cem, group));
  });
});

/** The device with this one topic only, for a delivery of part of what there is. */
function only(device: Device, topic: string): Device {
  return {
    ...device,
    ids: (type) => device.ids(type).filter((id) => !type.prefix.startsWith("topic") || id === topic),
  };
}

describe("a re-key by somebody who was removed at the same time", () => {
  it("is read, with what others said in its epoch, and nobody sends there who knows of the removal", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(ann, group, removing(bob));
    change(bob, group, { kind: "rekey" });
    scene.carry(bob, cem);
    say(cem, group, "Cem has not heard");
    scene.carry(ann, bob, cem);
    assert(ann.texts().includes("Cem has not heard"));
    say(ann, group, "all of us");
    scene.carry(ann, bob, cem);
    assert(cem.texts().includes("all of us"));
    assert(!bob.texts().includes("all of us"));
  });
});

describe("a member who re-keys again and again and tells nobody the key", () => {
  it("keeps nobody from being let in", () => {
    const { scene, ann, bob, cem, group } = trio();
    const dan = scene.person("Dan");
    const link = inviteTo(ann, group);
    dan.put({ kind: "join", link });
    scene.carry(bob, dan);
    const { deviceSeed, device } = bob.account();
    const by = { ...somebody("Bob"), deviceSeed, device };
    let own: EntryHash | undefined;
    for (let minute = 0, seq = 0; minute < 6 && !namesOf(ann, group).includes("Dan"); minute++, seq++) {
      const parents = headsOf(ann.log(group));
      const entry = makeEntry({ by, action: { kind: "rekey" }, group, parents, seq, prev: own });
      own = entry.hash;
      for (const each of [ann, cem]) each.run((work) => receiveEntry(work, group, entry.encoded));
      for (let second = 0; second < 60; second += 5) {
        scene.clock.nowMs += 5_000;
        for (const each of [ann, cem]) each.put({ kind: "tick" });
        scene.carry(ann, cem, dan);
      }
    }
    assert(namesOf(ann, group).includes("Dan"));
  });
});

describe("leaving", () => {
  it("is followed by a fresh key before anybody says something", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(cem, group, { kind: "leave" });
    scene.carry(ann, bob, cem);
    assert(isOut(cem, group));
    assert.equal(ann.group(group).sending, undefined);
    say(ann, group, "Cem has gone");
    scene.carry(ann, bob, cem);
    assert(bob.texts().includes("Cem has gone"));
    assert(!cem.texts().includes("Cem has gone"));
  });

  it("is followed by a fresh key in time though nobody says anything", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(cem, group, { kind: "leave" });
    scene.carry(ann, bob, cem);
    scene.clock.nowMs += 60_000;
    for (const device of [ann, bob]) device.put({ kind: "tick" });
    scene.carry(ann, bob, cem);
    assert.equal(epochOf(ann, group), epochOf(bob, group));
  });

  it("is not for an owner who is not alone", () => {
    const { ann, group } = trio();
    assert.throws(() => change(ann, group, { kind: "leave" }), /rules do not allow/);
  });
});

describe("a role", () => {
  it("is given without anybody being told a secret", () => {
    const { scene, ann, bob, cem, group } = trio();
    const { effects } = change(ann, group, { kind: "role", account: bob.account().account, role: ROLE.admin });
    assert(!effects.some((each) => each.kind === "take-prekeys"));
    scene.carry(ann, bob, cem);
    assert.equal(epochOf(ann, group), epochOf(cem, group));
    change(bob, group, removing(cem));
    scene.carry(ann, bob, cem);
    assert.deepEqual(namesOf(ann, group), ["Ann", "Bob"]);
  });

  it("of the owner is handed over", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(ann, group, { kind: "role", account: bob.account().account, role: ROLE.owner });
    scene.carry(ann, bob, cem);
    change(ann, group, { kind: "leave" });
    scene.carry(ann, bob, cem);
    assert.deepEqual(namesOf(cem, group), ["Bob", "Cem"]);
  });
});

describe("the schedule of fresh keys", () => {
  it("renews the key after a week, by an admin first", () => {
    const { scene, ann, bob, cem, group } = trio();
    const before = epochOf(ann, group);
    scene.clock.nowMs += 8 * DAY_MS;
    for (const device of [bob, cem, ann]) device.put({ kind: "tick" });
    scene.carry(ann, bob, cem);
    assert.notEqual(epochOf(ann, group), before);
    const root = ann.log(group).entries.at(-1);
    assert.equal(root?.action.kind, "rekey");
    assert.deepEqual(root.author, ann.account().device);
  });

  it("renews it by any member if the admins do not", () => {
    const { scene, ann, bob, cem, group } = trio();
    const before = epochOf(bob, group);
    scene.clock.nowMs += 12 * DAY_MS;
    for (const device of [bob, cem]) device.put({ kind: "tick" });
    scene.carry(ann, bob, cem);
    assert.notEqual(epochOf(bob, group), before);
  });

  it("renews it after as many messages as the group says", () => {
    const { scene, ann, bob, cem, group } = trio();
    const settings = { name: undefined, password: undefined, inviters: undefined, relays: undefined };
    change(ann, group, { kind: "settings", ...settings, rekey: { everyMs: 30 * DAY_MS, everyMessages: 10 } });
    scene.carry(ann, bob, cem);
    const before = epochOf(ann, group);
    for (let i = 0; i < 12; i++) say(bob, group, `${i}`);
    assert((bob.group(group).rekeyAt ?? Number.POSITIVE_INFINITY) <= scene.clock.nowMs + 60_000);
    scene.clock.nowMs += 60_000;
    bob.put({ kind: "tick" });
    scene.carry(ann, bob, cem);
    assert.notEqual(epochOf(ann, group), before);
    assert.equal(ann.existing(SCHEDULE, toHex(group)).everyMessages, 10);
  });

  it("keeps to a sensible time, whatever an admin sets", () => {
    const never = Number.MAX_SAFE_INTEGER;
    for (const everyMs of [0, never]) {
      const { scene, ann, bob, cem, group } = trio();
      const settings = { name: undefined, password: undefined, inviters: undefined, relays: undefined };
      change(ann, group, { kind: "settings", ...settings, rekey: { everyMs, everyMessages: 10 } });
      scene.carry(ann, bob, cem);
      for (const device of [ann, bob, cem]) {
        const inMs = (device.group(group).rekeyAt ?? 0) - scene.clock.nowMs;
        assert(inMs >= DAY_MS / 24 && inMs <= 600 * DAY_MS, `${device.name} renews the key after ${inMs} ms`);
      }
    }
  });

  it("erases the fork trees before a re-key seven days after it", () => {
    const { scene, ann, bob, cem, group } = trio();
    change(ann, group, { kind: "rekey" });
    scene.carry(ann, bob, cem);
    const current = ann.existing(LIVE, toHex(group)).epochs.find((each) => each.supersededAt === undefined);
    const count = ann.ids(FORK).length;
    assert(count > 1);
    assert.equal(ann.ids(FORK_END).length, count - 1);
    scene.clock.nowMs += 6.5 * DAY_MS;
    ann.put({ kind: "start" });
    assert.equal(ann.ids(FORK).length, count);
    scene.clock.nowMs += 0.6 * DAY_MS;
    ann.put({ kind: "start" });
    assert.deepEqual(ann.ids(FORK), [toHex(current?.frontier ?? new Uint8Array())]);
  });
});
