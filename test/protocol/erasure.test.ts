import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { frontierHash } from "../../src/crypto/epoch-secrets.ts";
import { SUPERSEDED_EPOCH_MS } from "../../src/protocol/erasure.ts";
import { EPOCH, FORK, LIVE, OWN_CHAIN } from "../../src/protocol/records/epoch.ts";
import { GROUP } from "../../src/protocol/records/group.ts";
import { CALL, OUTBOX } from "../../src/protocol/records/outbox.ts";
import { SENT, sentId } from "../../src/protocol/records/report.ts";
import { ENVELOPE_KIND, kindOf } from "../../src/wire/envelope.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { p } from "./device.ts";
import { epochOf, groupOf, newScene, say } from "./scene.ts";

const DAY_MS = 24 * 3600 * 1000;

describe("time erases", () => {
  /** Ann and Bob, whose first common epoch was superseded by a re-key. */
  function superseded() {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    say(bob, group, "hello");
    scene.carry(ann, bob);
    const old = ann.existing(EPOCH, epochOf(ann, group));
    ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
    scene.carry(ann, bob);
    return { scene, ann, bob, group, old };
  }

  it("a superseded epoch after 30 days, all of it, and its topic is read no more", () => {
    const { scene, ann, group, old } = superseded();
    const id = toHex(old.epoch);
    const inIt = () => [...ann.records.keys()].filter((key) => key.includes(id) && !key.startsWith("fork-proof/"));
    const kept = inIt();
    scene.clock.nowMs += SUPERSEDED_EPOCH_MS;
    ann.put({ kind: "tick" });
    assert.deepEqual(inIt(), kept);
    scene.clock.nowMs += 1;
    const { effects } = ann.put({ kind: "tick" });
    assert.deepEqual(inIt(), [`erased-epoch/${id}`]);
    for (const secret of [old.headerKey, old.logKey, old.topicSeed])
      for (const [key, bytes] of ann.records)
        assert(!Buffer.from(bytes).includes(Buffer.from(secret)), `a key of the epoch is left in ${key}`);
    const gone = effects.flatMap((each) => (each.kind === "unsubscribe" ? [toHex(each.topic)] : []));
    assert(gone.includes(toHex(old.topic)));
    assert.equal(ann.record(FORK, toHex(frontierHash(p, group, old.frontier))), undefined);
    const live = ann.existing(LIVE, toHex(group)).epochs.map(({ epoch }) => toHex(epoch));
    assert(live.includes(epochOf(ann, group)) && !live.includes(id));
  });

  it("what was written in it and reached nobody, whose lines say so; entries stay", () => {
    const scene = newScene();
    const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
    const group = groupOf(scene, [ann, bob]);
    scene.carry(ann, bob);
    const old = ann.existing(EPOCH, epochOf(ann, group));
    for (const text of ["nobody has it", "Bob has it", "later"]) {
      if (text === "later") ann.put({ kind: "change-group", group, change: { kind: "rekey" } });
      say(ann, group, text);
    }
    ann.save(SENT, sentId(old.epoch, 1), { ...ann.existing(SENT, sentId(old.epoch, 1)), isTaken: true });
    const kinds = () => ann.ids(OUTBOX).map((id) => kindOf(ann.existing(OUTBOX, id).envelope));
    const states = () => [...ann.lines.values()].filter(({ kind }) => kind === "text").map(({ state }) => state);
    const before = kinds();
    scene.clock.nowMs += SUPERSEDED_EPOCH_MS;
    ann.put({ kind: "tick" });
    assert.deepEqual(kinds().slice(0, before.length), before, "and what the weekly re-key adds");
    scene.clock.nowMs += 1;
    const { events } = ann.put({ kind: "tick" });
    const messages = (all: readonly (number | undefined)[]) =>
      all.filter((kind) => kind === ENVELOPE_KIND.message).length;
    assert.deepEqual([messages(before), messages(kinds())], [3, 1]);
    assert(kinds().includes(ENVELOPE_KIND.entry));
    assert.deepEqual(states(), ["unsent", "queued", "queued"]);
    const told = events.flatMap((each) => (each.kind === "line-state" ? [each.state] : []));
    assert.deepEqual(told, ["unsent"]);
  });

  it("nothing that is still needed: after a year people write on", () => {
    const { scene, ann, bob, group } = superseded();
    scene.clock.nowMs += 365 * DAY_MS;
    for (const each of [ann, bob]) each.put({ kind: "start" });
    say(ann, group, "still here");
    scene.carry(ann, bob);
    assert.deepEqual(bob.texts(), ["hello", "still here"]);
    assert(ann.record(OWN_CHAIN, epochOf(ann, group)));
    assert(ann.record(GROUP, toHex(group)));
  });

  it("what is known of a call after a day", () => {
    const scene = newScene();
    const ann = scene.person("Ann");
    const group = groupOf(scene, [ann]);
    say(ann, group, "hello");
    scene.clock.nowMs += DAY_MS;
    ann.put({ kind: "tick" });
    assert.equal(ann.ids(CALL).length, 1);
    scene.clock.nowMs += 1;
    ann.put({ kind: "tick" });
    assert.equal(ann.ids(CALL).length, 0);
  });
});
