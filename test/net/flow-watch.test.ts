import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { RelayFault } from "../../src/client/ports/network.ts";
import { FlowWatch } from "../../src/net/flow-watch.ts";
import { type Sequence, Topic } from "../../src/wire/ids.ts";

const topic = Topic.from(new Uint8Array(32).fill(1));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const at = (sequence: number, text: string) => ({ sequence: sequence as Sequence, envelope: bytes(text) });

function watching(after = 0) {
  const faults: RelayFault[] = [];
  const watch = new FlowWatch(
    (envelope) => createHash("sha256").update(envelope).digest("hex"),
    (fault) => faults.push(fault),
  );
  watch.began(topic, after as Sequence);
  return { watch, faults, kinds: () => faults.map(({ kind, sequence }) => `${kind} ${sequence}`) };
}

describe("a relay that is watched", () => {
  it("is believed when what it acknowledged comes, before or after its answer, with gaps between the numbers", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ step: fc.integer({ min: 1, max: 3 }), isOurs: fc.boolean(), isLate: fc.boolean() })),
        (acts) => {
          const { watch, faults } = watching(5);
          let sequence = 5;
          for (const [i, { step, isOurs, isLate }] of acts.entries()) {
            sequence += step;
            const item = at(sequence, `text ${i}`);
            if (isOurs && !isLate) watch.acknowledged(topic, item);
            watch.delivered(topic, [item]);
            if (isOurs && isLate) watch.acknowledged(topic, item);
          }
          watch.caughtUp(topic, sequence as Sequence);
          assert.deepEqual(faults, []);
        },
      ),
    );
  });

  it("shows itself when it leaves out what it acknowledged, whichever came first", () => {
    const before = watching();
    before.watch.acknowledged(topic, at(3, "ours"));
    before.watch.delivered(topic, [at(2, "other")]);
    assert.deepEqual(before.kinds(), []);
    before.watch.delivered(topic, [at(4, "another")]);
    assert.deepEqual(before.kinds(), ["skipped 3"]);
    assert.deepEqual(before.faults[0]?.envelopes, [bytes("ours")]);
    const after = watching();
    after.watch.delivered(topic, [at(2, "other"), at(4, "another")]);
    after.watch.acknowledged(topic, at(3, "given by a member, and there already"));
    assert.deepEqual(after.kinds(), ["skipped 3"]);
  });

  it("shows itself when another envelope comes under an acknowledged number", () => {
    const { watch, kinds, faults } = watching();
    watch.acknowledged(topic, at(1, "ours"));
    watch.delivered(topic, [at(1, "theirs")]);
    assert.deepEqual(kinds(), ["renumbered 1"]);
    assert.deepEqual(faults[0]?.envelopes, [bytes("ours"), bytes("theirs")]);
    const late = watching();
    late.watch.delivered(topic, [at(1, "theirs")]);
    late.watch.acknowledged(topic, at(1, "ours"));
    assert.deepEqual(late.kinds(), ["renumbered 1"]);
  });

  it("shows itself when it goes back: a number comes again, or its log is shorter than it was", () => {
    const again = watching();
    again.watch.delivered(topic, [at(1, "one"), at(2, "two"), at(1, "one"), at(2, "two")]);
    assert.deepEqual(again.kinds(), ["went-back 1"], "once");
    const shorter = watching(9);
    shorter.watch.caughtUp(topic, 4 as Sequence);
    assert.deepEqual(shorter.kinds(), ["went-back 4"]);
    const anew = watching(9);
    anew.watch.delivered(topic, [at(1, "one")]);
    assert.deepEqual(anew.kinds(), ["went-back 1"]);
  });

  it("is not blamed for what went with age, nor for what came before we read there", () => {
    const { watch, kinds } = watching(5);
    watch.acknowledged(topic, at(4, "there already"));
    watch.acknowledged(topic, at(7, "soon gone"));
    watch.truncated(topic, 8 as Sequence);
    watch.delivered(topic, [at(9, "next")]);
    watch.acknowledged(topic, at(8, "there once, and known by its id"));
    watch.acknowledged(Topic.from(new Uint8Array(32).fill(2)), at(1, "of a topic that is not read"));
    assert.deepEqual(kinds(), []);
  });

  it("makes us remember a bounded number, and blames nobody for what is forgotten", () => {
    const { watch, kinds } = watching();
    for (let i = 1; i <= 3_000; i++) watch.delivered(topic, [at(i, `text ${i}`)]);
    watch.acknowledged(topic, at(5, "text 5"));
    assert.deepEqual(kinds(), []);
  });
});
