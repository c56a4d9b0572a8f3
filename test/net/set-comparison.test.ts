import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, it } from "mocha";
import { type Ask, answerRange, compareSets, type IdSet } from "../../src/net/set-comparison.ts";
import { type Sequence, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  decodeClientFrame,
  decodeHolderFrame,
  encodeClientFrame,
  encodeHolderFrame,
} from "../../src/wire/topic-frames.ts";

const TOPIC = Topic.from(new Uint8Array(32).fill(7));
const idNamed = (n: number): Uint8Array => createHash("sha256").update(`${n}`).digest();
const idSet = (ids: Iterable<Uint8Array>): IdSet => [...new Set(Array.from(ids, toHex))].sort();
const idsNamed = (names: Iterable<number>): IdSet => idSet(Array.from(names, idNamed));

/** A holder with this set at the other end of encoded frames, whose bytes are counted. */
function holder(theirs: IdSet): { readonly ask: Ask; readonly cost: { bytes: number; rounds: number } } {
  const cost = { bytes: 0, rounds: 0 };
  const ask: Ask = async (ranges) => {
    const question = encodeClientFrame({ kind: "compare", id: 1, topic: TOPIC, ranges });
    const asked = decodeClientFrame(question);
    assert(asked?.kind === "compare");
    const answers = asked.ranges.map((each) => answerRange(theirs, each));
    const encoded = encodeHolderFrame({ kind: "compared", id: 1, head: 9 as Sequence, answers });
    cost.bytes += question.length + encoded.length;
    cost.rounds += 1;
    const answered = decodeHolderFrame(encoded);
    assert(answered?.kind === "compared");
    return answered.answers;
  };
  return { ask, cost };
}

describe("comparing two sets of ids", () => {
  it("finds exactly what each end lacks, whatever the sets", async () => {
    const names = fc.uniqueArray(fc.nat(400), { maxLength: 300, size: "max" });
    await fc.assert(
      fc.asyncProperty(names, names, async (a, b) => {
        const [mine, theirs] = [idsNamed(a), idsNamed(b)];
        const difference = await compareSets(mine, holder(theirs).ask);
        assert.deepEqual(
          [...(difference?.lacking ?? [])].sort(),
          theirs.filter((id) => !mine.includes(id)),
        );
        assert.deepEqual(
          [...(difference?.extra ?? [])].sort(),
          mine.filter((id) => !theirs.includes(id)),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("finds them also where ids were chosen to be alike", async () => {
    const alike = Array.from({ length: 90 }, (_, n) => new Uint8Array(32).fill(0xab).fill(n, 31));
    const [mine, theirs] = [idSet(alike.slice(0, 60)), idSet(alike.slice(40))];
    const difference = await compareSets(mine, holder(theirs).ask);
    assert.equal(difference?.lacking.length, 30);
    assert.equal(difference?.extra.length, 40);
  });

  it("costs under 20 KiB for 100,000 ids that differ in 10, and nothing much for equal ones", async function () {
    this.timeout(20_000);
    const all = idsNamed(Array.from({ length: 100_005 }, (_, n) => n));
    const [mine, theirs] = [all.filter((_, i) => i % 20_001 !== 0), all.filter((_, i) => i % 20_001 !== 7)];
    const { ask, cost } = holder(theirs);
    const difference = await compareSets(mine, ask);
    assert.equal((difference?.lacking.length ?? 0) + (difference?.extra.length ?? 0), 10);
    assert(cost.bytes < 20 * 1024, `${cost.bytes} bytes in ${cost.rounds} rounds`);
    const same = holder(mine);
    assert.deepEqual(await compareSets(mine, same.ask), { lacking: [], extra: [] });
    assert(same.cost.bytes < 150, `${same.cost.bytes} bytes`);
  });

  it("is told of all at once where the other end has nothing", async () => {
    const mine = idsNamed(Array.from({ length: 10_000 }, (_, n) => n));
    const { ask, cost } = holder([]);
    assert.deepEqual((await compareSets(mine, ask))?.extra, mine);
    assert.equal(cost.rounds, 1);
  });

  it("ends without a result when the other end does not answer, or not as it was asked", async () => {
    assert.equal(await compareSets(idsNamed([1]), async () => undefined), undefined);
    assert.equal(await compareSets(idsNamed([1]), async () => []), undefined);
  });

  it("ends with a holder that says for ever that there is more", async () => {
    const liar: Ask = async (ranges) => ranges.map(() => ({ kind: "split", children: new Uint8Array(256).fill(1) }));
    const difference = await compareSets(idsNamed([1, 2, 3]), liar);
    assert.deepEqual(difference?.lacking, []);
  });
});
