import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { CoreHash, derivedSecret, frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { rekeyGroup } from "../../src/protocol/group-change.ts";
import { headsOf as endsOf, frontierOf, membersOf } from "../../src/protocol/membership-log.ts";
import { receiveEntry } from "../../src/protocol/received-entries.ts";
import { EPOCH, FORK, SENDERS } from "../../src/protocol/records/epoch.ts";
import { SECRET } from "../../src/protocol/records/key-delivery.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { adding, makeEntry, memberOf, rekeying, somebody } from "./log-builder.ts";
import { existingRosterIn } from "./saved-records.ts";
import { addPerson, epochOf, groupOf, makeGroup, newScene, type Scene, say } from "./scene.ts";

const logOf = (device: Device, group: GroupId) => device.log(group);
const headsOf = (device: Device, group: GroupId) => frontierOf(logOf(device, group));

function inOneEpoch(devices: readonly Device[], group: GroupId): string {
  const [first] = devices;
  assert(first);
  const id = epochOf(first, group);
  for (const each of devices) assert.equal(epochOf(each, group), id, `${each.name} sends in another epoch`);
  return id;
}

/** Lets time pass for these until somebody has re-keyed and all have one head. */
function untilRekeyed(scene: Scene, devices: readonly Device[], group: GroupId): void {
  const due = devices.flatMap((each) => each.group(group).rekeyAt ?? []);
  assert(due.length > 0, "somebody is to re-key");
  scene.clock.nowMs = Math.min(...due);
  for (const each of devices) each.put({ kind: "tick" });
  scene.carry(...devices);
  for (const each of devices) assert.equal(headsOf(each, group).length, 1);
}

describe("epochs", () => {
  it("the founder's epoch follows from a random secret that is not kept", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    const group = makeGroup(ann);
    const epoch = ann.existing(EPOCH, epochOf(ann, group));
    assert.equal(epoch.number, 0);
    assert.equal(ann.ids(SECRET).length, 0);
  });

  it("an add starts one that the newcomer enters and that cannot be derived again", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = makeGroup(ann);
    const before = headsOf(ann, group);
    const first = epochOf(ann, group);
    addPerson(scene, ann, group, bob);
    scene.carry(ann, bob);
    const second = inOneEpoch([ann, bob], group);
    assert.notEqual(second, first);
    assert.deepEqual(ann.record(EPOCH, second)?.topicSeed, bob.record(EPOCH, second)?.topicSeed);
    assert.equal(bob.record(EPOCH, first), undefined);
    const added = logOf(ann, group).entries.at(-1);
    const fork = ann.existing(FORK, toHex(frontierHash(p, group, before)));
    assert(added);
    assert.equal(derivedSecret(p, fork.tree, CoreHash.from(added.coreHash)), undefined);
  });

  it("nobody can open our own chain or a used one from what is saved", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const id = epochOf(ann, group);
    const before = ann.existing(SENDERS, id).tree;
    say(bob, group, "hello");
    scene.carry(ann, bob);
    const after = ann.existing(SENDERS, id).tree;
    assert.notDeepEqual(after, before);
    assert(
      after.nodes.every(({ depth }) => depth > 0),
      "the root is gone",
    );
  });

  it("a re-key by any member reaches all, and its secret is erased", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    const before = epochOf(ann, group);
    bob.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob, cem);
    assert.notEqual(inOneEpoch([ann, bob, cem], group), before);
    for (const each of [ann, bob, cem]) assert.deepEqual(each.ids(SECRET), []);
  });

  it("a secret that does not confirm its entry is a missing one; the entry counts", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const before = epochOf(ann, group);
    const { accountSeed, deviceSeed, account, device } = ann.account();
    const by = { name: "Ann", accountSeed, deviceSeed, account, device };
    const { entrySeq: seq, entryPrev: prev } = ann.group(group);
    const parents = endsOf(logOf(ann, group));
    const add = makeEntry({ by, action: adding(memberOf(somebody("new"))), group, parents, seq, prev });
    bob.run((work) => receiveEntry(work, group, add.encoded));
    assert.deepEqual(bob.group(group).missing, [add.hash]);
    assert.equal(membersOf(logOf(bob, group)).length, 3);
    assert.equal(epochOf(bob, group), before, "nobody was excluded: it goes on where it was");
    say(bob, group, "still here");
  });

  it("whoever lacks the newest secret re-keys in time", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const { accountSeed, deviceSeed, account, device } = bob.account();
    const by = { name: "Bob", accountSeed, deviceSeed, account, device };
    const lost = makeEntry({ by, action: rekeying, group, parents: endsOf(logOf(ann, group)) });
    for (const each of [ann, bob]) each.run((work) => receiveEntry(work, group, lost.encoded));
    untilRekeyed(scene, [ann, bob], group);
    inOneEpoch([ann, bob], group);
    assert.deepEqual(ann.group(group).missing, []);
  });

  it("concurrent adds by owner and admin end in one epoch for all, the newcomers of both branches too", () => {
    const scene = newScene();
    const [ann, bob, cem, dan, eve] = ["Ann", "Bob", "Cem", "Dan", "Eve"].map((each) => scene.person(each));
    assert(ann && bob && cem && dan && eve);
    const group = groupOf(scene, [ann, bob], 1);
    addPerson(scene, ann, group, cem);
    addPerson(scene, bob, group, dan);
    const all = [ann, bob, cem, dan];
    scene.carry(...all);
    for (const each of all) assert.equal(headsOf(each, group).length, 2);
    const merged = inOneEpoch(all, group);
    assert.equal(existingRosterIn(ann.records, merged).length, 4);
    for (const each of all) say(each, group, `from ${each.name}`);
    scene.carry(...all);
    for (const each of all) assert.equal(each.texts().length, 4);
    untilRekeyed(scene, all, group);
    const rekeyed = inOneEpoch(all, group);
    assert.notEqual(rekeyed, merged);
    addPerson(scene, dan.group(group) ? ann : bob, group, eve);
    scene.carry(...all, eve);
    inOneEpoch([...all, eve], group);
  });

  it("a merge and the re-key that follows survive any one letter being late", () => {
    const scene = newScene();
    const [ann, bob, cem, dan] = ["Ann", "Bob", "Cem", "Dan"].map((each) => scene.person(each));
    assert(ann && bob && cem && dan);
    const group = groupOf(scene, [ann, bob], 1);
    addPerson(scene, ann, group, cem);
    addPerson(scene, bob, group, dan);
    scene.carry(ann, bob);
    scene.carry(ann, cem);
    scene.carry(bob, dan);
    scene.carry(ann, bob, cem, dan);
    inOneEpoch([ann, bob, cem, dan], group);
    untilRekeyed(scene, [ann, bob, cem, dan], group);
    inOneEpoch([ann, bob, cem, dan], group);
  });

  it("neither r nor S of an entry stands in any record of those who have used them", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    const drawn: Uint8Array[] = [];
    ann.run((work) => {
      const random = (length: number) => {
        const bytes = work.random(length);
        drawn.push(bytes.slice());
        return bytes;
      };
      return rekeyGroup({ ...work, random }, ann.group(group));
    });
    const r = drawn.find((each) => each.length === 32);
    assert(r && ann.ids(OUTBOX).length > 0);
    scene.carry(ann, bob);
    for (const each of [ann, bob])
      for (const [key, bytes] of each.records)
        assert(!Buffer.from(bytes).includes(Buffer.from(r)), `${each.name} keeps r in ${key}`);
  });
});

describe("a newcomer whom a concurrent removal puts out", () => {
  it("is told nothing of the other branch, with which it could compute what the two make together", () => {
    const scene = newScene();
    const [ann, bob, dan] = [scene.person("Ann"), scene.person("Bob"), scene.person("Dan")];
    const group = groupOf(scene, [ann, bob], 1);
    addPerson(scene, ann, group, dan);
    scene.carry(ann, bob, dan);
    dan.put({ kind: "change-group", group, change: { kind: "leave" } });
    scene.carry(ann, bob, dan);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    addPerson(scene, ann, group, dan);
    scene.collect(ann);
    const { publicInbox, privateInbox } = dan.account();
    const letters = () =>
      [publicInbox, privateInbox].flatMap(({ topic }) => scene.topics.get(toHex(topic)) ?? []).length;
    const welcomed = letters();
    bob.put({ kind: "change-group", group, change: { kind: "remove", accounts: [dan.account().account] } });
    scene.carry(ann, bob);
    assert.equal(headsOf(ann, group).length, 2);
    assert(!membersOf(logOf(ann, group)).some(({ name }) => name === "Dan"));
    inOneEpoch([ann, bob], group);
    assert.equal(letters(), welcomed);
  });
});
