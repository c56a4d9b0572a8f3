import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { SUPERSEDED_EPOCH_MS } from "../../src/protocol/erasure.ts";
import { LIVE } from "../../src/protocol/records/epoch.ts";
import { ROSTER, ROSTER_BASE, type RosterDevice } from "../../src/protocol/records/roster.ts";
import { changeBetween, changedBy, indexIn } from "../../src/protocol/roster.ts";
import { eraseRoster, saveRoster } from "../../src/protocol/saved-roster.ts";
import { compareBytes, u32be } from "../../src/verify/transcript.ts";
import { AccountKey, DeviceKey, EpochId, GroupId, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { newDevice, p } from "./device.ts";
import { addPerson, groupOf, newScene, say } from "./scene.ts";

/** Devices with these numbers, sorted; those of a number are the same each time. */
const devicesOf = (numbers: readonly number[]): readonly RosterDevice[] =>
  [...new Set(numbers)]
    .map((each) => ({
      device: DeviceKey.from(p.sha256(u32be(each))),
      account: AccountKey.from(p.sha256(u32be(each % 7))),
    }))
    .sort((one, other) => compareBytes(one.device, other.device));

const numbers = fc.array(fc.nat(60), { maxLength: 50, size: "max" });

describe("the devices of an epoch", () => {
  it("are what another epoch's and the change between them say, or the change is too large", () => {
    fc.assert(
      fc.property(numbers, numbers, fc.nat(40), (some, others, most) => {
        const [one, other] = [devicesOf(some), devicesOf(others)];
        const change = changeBetween(one, other, most);
        const differing = [...one, ...other].filter(
          ({ device }) => indexIn(one, device) < 0 || indexIn(other, device) < 0,
        ).length;
        assert.equal(change === undefined, differing > most);
        if (change) assert.deepEqual(changedBy(one, change), other);
      }),
    );
  });

  it("are saved whole once for many epochs, and that goes with the last of them", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    for (let i = 0; i < 5; i++) ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    for (const each of [ann, bob]) {
      assert(each.ids(ROSTER).length > 5);
      assert.equal(each.ids(ROSTER_BASE).length, 1);
    }
    const { sending } = bob.group(group);
    assert(sending);
    assert.equal(bob.roster(sending).length, 2);
    addPerson(scene, ann, group, scene.person("Cem"));
    scene.carry(ann, bob);
    scene.clock.nowMs += SUPERSEDED_EPOCH_MS + 1;
    bob.put({ kind: "tick" });
    const live = bob.existing(LIVE, toHex(group)).epochs.map(({ epoch }) => toHex(epoch));
    assert.deepEqual(bob.ids(ROSTER).toSorted(), live.toSorted());
    assert.equal(bob.ids(ROSTER_BASE).length, 1);
    const now = bob.group(group).sending;
    assert(now);
    assert.equal(bob.roster(now).length, 3);
    say(bob, group, "still here");
    scene.carry(ann, bob);
    assert(ann.texts().includes("still here"));
  });

  it("that no epoch begins with any more are erased", () => {
    const ann = newDevice("Ann", { nowMs: 1 });
    const group = GroupId.from(p.sha256(u32be(0)));
    const epochs = Array.from({ length: 50 }, (_, i) => EpochId.from(p.sha256(u32be(i))));
    const numbersUpTo = (i: number) => Array.from({ length: 3 + 2 * i }, (_, k) => k);
    for (const [i, epoch] of epochs.entries())
      ann.run((work) => saveRoster(work, { group, epoch }, devicesOf(numbersUpTo(i)), epochs[i - 1]));
    assert(ann.ids(ROSTER_BASE).length > 2);
    let live = epochs.map((epoch) => ({
      epoch,
      topic: Topic.from(epoch),
      frontier: epoch,
      number: 0,
      supersededAt: undefined,
    }));
    for (const [i, epoch] of epochs.entries()) {
      assert.deepEqual(ann.roster(epoch), devicesOf(numbersUpTo(i)));
      const bases = new Set(ann.ids(ROSTER).map((id) => toHex(ann.existing(ROSTER, id).base)));
      assert.deepEqual(ann.ids(ROSTER_BASE).toSorted(), [...bases].map((each) => `${toHex(group)}/${each}`).toSorted());
      ann.run((work) => eraseRoster(work, epoch, live));
      live = live.filter((each) => each.epoch !== epoch);
    }
    assert.deepEqual([ann.ids(ROSTER), ann.ids(ROSTER_BASE)], [[], []]);
  });
});
