import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { attempt } from "../../src/protocol/attempt.ts";
import { announce, type Work } from "../../src/protocol/effects.ts";
import { RESTORED } from "../../src/protocol/records/account.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { REQUEST } from "../../src/protocol/records/joining.ts";
import { read, type Step, write } from "../../src/protocol/step.ts";
import { Fault } from "../../src/wire/fault.ts";
import type { TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { Device } from "./device.ts";
import { epochOf, groupOf, inviteTo, newScene } from "./scene.ts";

const at = 7 as TimeMs;

function* refused(work: Work): Step<void> {
  write(work, RESTORED, "", { at });
  announce(work, { kind: "warning", code: "refused" });
  yield* read(work, RESTORED);
  throw new Fault("usage/not-allowed", "no");
}

/** A state in which nothing can be written into this group's log: its own count is one that the log does not know. */
function spoil(device: Device, group: Uint8Array): void {
  device.save(GROUP, toHex(group), { ...device.group(group), entrySeq: 99, rekeyAt: device.clock.nowMs as TimeMs });
}

describe("a part of a step that is refused", () => {
  it("leaves nothing, and what was before it stays", () => {
    const ann = newScene().person("Ann");
    const { answer, events } = ann.run(function* (work) {
      announce(work, { kind: "warning", code: "forged" });
      return yield* attempt(work, refused);
    });
    assert.deepEqual([answer, ann.record(RESTORED)], [false, undefined]);
    assert.deepEqual(events, [{ kind: "warning", code: "forged" }]);
  });

  it("is a fault of ours as before where it is no refusal", () => {
    const ann = newScene().person("Ann");
    const broken = () =>
      ann.run((work) =>
        attempt(work, function* () {
          yield* read(work, RESTORED);
          throw new Fault("internal/invariant", "broken");
        }),
      );
    assert.throws(broken, { code: "internal/invariant" });
  });

  it("takes no other group's turn: re-keys that are due come, and what was refused is tried again in an hour", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const [spoilt, sound] = [groupOf(scene, [ann, bob]), groupOf(scene, [ann, bob])];
    const before = epochOf(ann, sound);
    spoil(ann, spoilt);
    ann.save(GROUP, toHex(sound), { ...ann.group(sound), rekeyAt: scene.clock.nowMs as TimeMs });
    ann.put({ kind: "tick" });
    assert.notEqual(epochOf(ann, sound), before);
    assert.equal(ann.group(spoilt).rekeyAt, scene.clock.nowMs + 3_600_000);
  });

  it("keeps those who ask to join waiting, if they cannot be let in", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    const link = inviteTo(ann, group);
    scene.carry(ann, bob);
    cem.put({ kind: "join", link });
    scene.carry(cem, ann);
    spoil(ann, group);
    scene.clock.nowMs += 300;
    ann.put({ kind: "tick" });
    const [id] = ann.ids(REQUEST);
    assert.equal(ann.existing(REQUEST, id).dueAt, scene.clock.nowMs + 3_600_000);
  });
});
