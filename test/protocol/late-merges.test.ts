import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { FORK } from "../../src/protocol/records/epoch.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import type { EntryHash, GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { addPerson, epochOf, groupOf, newScene, type Scene, say } from "./scene.ts";

describe("somebody who lacks one of two branches, and whose adder is away until the next re-key", () => {
  it("reads what was said meanwhile in the epoch of an addition that was written on both", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const [dan, eve] = [scene.person("Dan"), scene.person("Eve")];
    const group = groupOf(scene, [ann, bob, cem], 1);
    const newest = (device: Device): EntryHash => device.log(group).entries.at(-1)?.hash ?? assert.fail();
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    addPerson(scene, cem, group, dan);
    const heads = [newest(ann), newest(cem)];
    scene.collect(cem);
    scene.carry(ann, bob, dan);
    addPerson(scene, bob, group, eve);
    say(bob, group, "in the epoch of Eve's addition");
    scene.carry(ann, bob, eve);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob, dan, eve);
    scene.clock.nowMs += 20_000;
    dan.put({ kind: "tick" });
    scene.carry(ann, bob, dan, eve);
    assert.deepEqual([epochOf(dan, group), dan.texts()], [epochOf(ann, group), []]);
    scene.carry(ann, bob, cem, dan, eve);
    assert(dan.record(FORK, toHex(frontierHash(p, group, heads))), "Cem has told what Dan lacked");
    assert.deepEqual(dan.texts(), ["in the epoch of Eve's addition"]);
  });
});

describe("somebody whom a member keeps from a branch", () => {
  it("hears of it, also where an addition is written on both branches before they are told of the other one", () => {
    const scene = newScene();
    const [ann, bob, cem, dan] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem"), scene.person("Dan")];
    const group = groupOf(scene, [ann, bob, cem], 1);
    for (let n = 0; n < 2; n++) rekeyWithout(scene, cem, group, { told: bob, notTold: ann });
    scene.carry(ann);
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann);
    scene.deliver(bob);
    addPerson(scene, bob, group, dan); // before Bob posts what Ann lacks in the epoch of her entry
    scene.carry(bob, dan);
    scene.clock.nowMs += 2_000;
    bob.put({ kind: "tick" });
    scene.carry(bob, ann);
    scene.clock.nowMs += 20_000;
    ann.put({ kind: "tick" });
    scene.carry(bob, ann, dan);
    assert.deepEqual(hashes(ann, group), hashes(bob, group));
  });
});

/** A re-key of which one member gets neither r nor, where it does not know the epoch, the entry. */
function rekeyWithout(
  scene: Scene,
  author: Device,
  group: GroupId,
  { told, notTold }: { readonly told: Device; readonly notTold: Device },
): void {
  author.put({ kind: "change-group", group, change: { kind: "rekey" } });
  const inboxes = notTold.ids(TOPIC).filter((id) => notTold.existing(TOPIC, id).use.kind === "inbox");
  const mail = inboxes.map((id) => [id, scene.topics.get(id) ?? []] as const);
  scene.carry(author, told);
  for (const [id, before] of mail) scene.topics.set(id, before);
}

const hashes = (device: Device, group: GroupId): readonly string[] =>
  device
    .log(group)
    .entries.map(({ hash }) => toHex(hash))
    .sort();
