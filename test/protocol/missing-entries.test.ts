import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { answerWanted } from "../../src/protocol/missing-entries.ts";
import { ACCOUNT } from "../../src/protocol/records/account.ts";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { GROUP, OUT } from "../../src/protocol/records/group.ts";
import { ANSWERED, UNPOSTED, WAITING, WANTED } from "../../src/protocol/records/log.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { PENDING, RENEWED, SESSION } from "../../src/protocol/records/pairwise.ts";
import { isDeposit } from "../../src/wire/envelope.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { epochOf, groupOf, newScene, say } from "./scene.ts";

/** Vic re-keys and throws away what it has to send, but for what `keeps` says. */
function rekeyFor({ scene, vic, group }: Party, keeps: (topic: string, isLetter: boolean) => boolean): void {
  const before = new Set(vic.ids(OUTBOX));
  vic.put({ kind: "change-group", group, change: { kind: "rekey" } });
  for (const id of vic.ids(OUTBOX)) {
    const { topic, envelope } = vic.existing(OUTBOX, id);
    if (!before.has(id) && !keeps(toHex(topic), isDeposit(envelope)))
      vic.put({ kind: "settled", outbox: id, result: { kind: "stored", sequence: 1 as never, duplicate: false } });
  }
  scene.collect(vic);
}

const inboxOf = (device: Device): string => toHex(device.existing(ACCOUNT, "").privateInbox.topic);
const entriesOf = (device: Device, group: GroupId): number => device.log(group).entries.length;
const rename = (device: Device, group: GroupId, name: string) => {
  const nothing = { password: undefined, inviters: undefined, rekey: undefined, relays: undefined };
  device.put({ kind: "change-group", group, change: { kind: "settings", ...nothing, name } });
};

type Party = ReturnType<typeof party>;

function party() {
  const scene = newScene();
  const [ann, bob, vic] = [scene.person("Ann"), scene.person("Bob"), scene.person("Vic")];
  const people = [ann, bob, vic] as const;
  const group = groupOf(scene, people);
  for (const each of people) say(each, group, "hello");
  scene.carry(...people);
  ann.put({ kind: "change-group", group, change: { kind: "role", account: bob.account().account, role: 1 } });
  scene.carry(...people);
  const later = (device: Device, ms: number): void => {
    scene.clock.nowMs += ms;
    device.put({ kind: "tick" });
  };
  return { scene, ann, bob, vic, group, later };
}

describe("a member that was told a key which the others lack", () => {
  it("gets what they wrote where it does not read from whoever wrote it, and all end in one epoch", () => {
    const scenery = party();
    const { scene, ann, bob, vic, group, later } = scenery;
    rekeyFor(scenery, (topic, isLetter) => !isLetter || topic === inboxOf(bob)); // Ann lacks this key
    scene.carry(ann, bob, vic);
    rekeyFor(scenery, (topic, isLetter) => !isLetter || topic === inboxOf(ann)); // and Bob that one
    scene.carry(ann, bob, vic);
    rename(bob, group, "the others"); // where Ann does not read
    bob.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    assert.equal(ann.ids(WAITING).length, 1);
    later(ann, 20_000);
    scene.carry(ann, bob);
    assert.deepEqual([ann.ids(WAITING), ann.group(group).name], [[], "the others"]);
    assert.equal(epochOf(ann, group), epochOf(bob, group));
    later(ann, 1_000);
    assert.deepEqual(ann.ids(WANTED), []);
  });

  it("posts the entry where the others read, if it came by no topic", () => {
    const scenery = party();
    const { scene, ann, bob, group, later } = scenery;
    rekeyFor(scenery, (topic) => topic === inboxOf(ann));
    scene.carry(ann, bob);
    const known = entriesOf(bob, group);
    later(ann, 14_000);
    scene.carry(ann, bob);
    assert.equal(entriesOf(bob, group), known, "it may still come");
    later(ann, 20_000);
    scene.carry(ann, bob);
    assert.equal(entriesOf(bob, group), known + 1);
    assert.deepEqual(ann.ids(UNPOSTED), []);
  });

  it("posts it also where it was written on: its author was not there, and somebody may read nothing else", () => {
    const scenery = party();
    const { scene, ann, bob, vic, group, later } = scenery;
    rekeyFor(scenery, (topic, isLetter) => !isLetter || topic === inboxOf(bob)); // Ann lacks this key
    scene.carry(ann, bob, vic);
    const where = toHex(ann.existing(EPOCH, epochOf(ann, group)).topic);
    assert.notEqual(epochOf(ann, group), epochOf(vic, group));
    const posted = scene.topics.get(where)?.length ?? 0;
    const known = entriesOf(vic, group);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    scene.topics.get(where)?.splice(posted); // as if Vic's profile were an old copy, without this epoch and its sessions
    for (const inbox of [inboxOf(vic), toHex(vic.existing(ACCOUNT).publicInbox.topic)]) scene.topics.delete(inbox);
    scene.carry(vic);
    assert.equal(entriesOf(vic, group), known);
    later(bob, 34_000);
    scene.carry(bob, vic);
    assert.equal(entriesOf(vic, group), known + 1);
    later(bob, 34_000);
    assert.deepEqual(bob.ids(UNPOSTED), []);
  });

  it("posts nothing that came by a topic as well", () => {
    const scenery = party();
    const { scene, ann, bob, vic, group, later } = scenery;
    vic.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob, vic);
    assert.deepEqual([ann.ids(UNPOSTED), bob.ids(UNPOSTED)], [[], []]);
    later(ann, 40_000);
    assert.deepEqual(ann.ids(OUTBOX), []);
  });

  it("asks also when it takes itself to be out: by somebody who was removed at the same time, as the others know", () => {
    const scenery = party();
    const { scene, ann, bob, vic, group, later } = scenery;
    bob.put({ kind: "change-group", group, change: { kind: "remove", accounts: [vic.account().account] } });
    scene.carry(bob, vic);
    assert.equal(vic.ids(OUT).length, 1);
    rename(ann, group, "the others");
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts: [bob.account().account] } });
    for (const id of ann.ids(OUTBOX)) {
      if (!isDeposit(ann.existing(OUTBOX, id).envelope)) ann.save(OUTBOX, id, null); // in a topic that Vic does not read
    }
    scene.carry(ann, vic);
    assert.equal(vic.ids(WAITING).length, 1);
    later(vic, 20_000);
    scene.carry(ann, vic);
    assert.deepEqual([vic.ids(OUT), vic.group(group).name], [[], "the others"]);
    assert.equal(epochOf(vic, group), epochOf(ann, group));
  });

  it("asks eight members in turn for what nobody has, and then nobody", () => {
    const scenery = party();
    const { scene, ann, bob, group, later } = scenery;
    rekeyFor(scenery, () => false);
    rekeyFor(scenery, (topic) => topic === inboxOf(ann)); // its parent exists at Vic alone, who is away
    scene.carry(ann);
    let asked = 0;
    for (let round = 0; round < 20; round++) {
      later(ann, 61_000);
      asked += ann.ids(OUTBOX).filter((id) => isDeposit(ann.existing(OUTBOX, id).envelope)).length;
      scene.collect(ann);
      ann.save(GROUP, toHex(group), { ...ann.group(group), rekeyAt: undefined }); // no letters but these
    }
    assert.deepEqual([asked, ann.ids(WANTED), ann.ids(WAITING).length], [8, [], 1]);
    assert.equal(bob.ids(ANSWERED).length, 0);
  });

  it("answers one device 64 times in an hour", () => {
    const scenery = party();
    const { scene, ann, bob, group } = scenery;
    const entry = bob.log(group).entries[0]?.hash;
    assert(entry);
    const wanted = { kind: "wanted" as const, group, wanted: [entry], heads: [] };
    const answers = Array.from({ length: 70 }, () => {
      bob.run((work) => answerWanted(work, ann.account().device, wanted));
      const count = bob.ids(OUTBOX).length;
      scene.collect(bob);
      return count;
    });
    assert.equal(
      answers.reduce((sum, each) => sum + each),
      64,
    );
    bob.run((work) => answerWanted(work, scene.person("Eve").account().device, wanted));
    assert.deepEqual(bob.ids(OUTBOX), [], "nobody else is answered");
  });
});

describe("a letter that asks for entries many times", () => {
  it("is answered once: each answer goes through the whole log", () => {
    const { ann, bob, group } = party();
    const wanted = {
      kind: "wanted" as const,
      group,
      wanted: bob.log(group).entries.map(({ hash }) => hash),
      heads: [],
    };
    const before = bob.ids(OUTBOX).length;
    bob.run(function* (work) {
      for (let i = 0; i < 64; i++) yield* answerWanted(work, ann.account().device, wanted);
    });
    assert.equal(bob.ids(OUTBOX).length, before + 1);
  });
});

describe("a letter that does not open", () => {
  it("makes a device begin a new session with whoever it names, once in an hour", () => {
    const scenery = party();
    const { scene, ann, bob, group, later } = scenery;
    const old = bob.existing(SESSION, toHex(ann.account().device));
    for (let turn = 0; turn < 3; turn++) {
      for (const each of [ann, bob]) each.put({ kind: "change-group", group, change: { kind: "rekey" } });
      scene.carry(ann, bob);
    }
    bob.save(SESSION, toHex(ann.account().device), old); // as if it ran from an old copy
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    assert.equal(bob.ids(RENEWED).length, 1);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    assert.equal(epochOf(bob, group), epochOf(ann, group));
    later(bob, 1_000);
    assert.deepEqual(bob.ids(PENDING), []);
  });
});
