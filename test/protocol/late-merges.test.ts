import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { FORK } from "../../src/protocol/records/epoch.ts";
import type { EntryHash } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { addPerson, epochOf, groupOf, newScene, say } from "./scene.ts";

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
