import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { pace, paceByKey } from "../../src/net/pace.ts";

describe("a pace", () => {
  it("grants a burst, then what refills, and says how long to wait", () => {
    let nowMs = 0;
    const { take } = pace({ perSecond: 10, burst: 30 }, () => nowMs);
    assert.deepEqual([take(30), take(1)], [0, 100]);
    nowMs = 100;
    assert.equal(take(6), 0, "a large request is granted whole and leaves a debt of 5");
    assert.equal(take(1), 600);
    nowMs = 700;
    assert.equal(take(1), 0);
  });

  it("never grants more in the long run than its rate, its burst and one request", () => {
    const asks = fc.array(
      fc.record({ units: fc.integer({ min: 1, max: 50 }), afterMs: fc.integer({ min: 0, max: 400 }) }),
    );
    fc.assert(
      fc.property(asks, (list) => {
        let nowMs = 0;
        let granted = 0;
        const { take } = pace({ perSecond: 100, burst: 60 }, () => nowMs);
        for (const { units, afterMs } of list) {
          nowMs += afterMs;
          if (take(units) === 0) granted += units;
        }
        return granted <= 60 + nowMs / 10 + 50;
      }),
    );
  });

  it("keeps names apart, counts nobody for no name, and forgets those that are full again", () => {
    let nowMs = 0;
    const { take } = paceByKey({ perSecond: 1, burst: 1 }, () => nowMs);
    assert.deepEqual([take("a", 1), take("a", 1) > 0, take("b", 1), take(undefined, 1e9)], [0, true, 0, 0]);
    for (let name = 0; name < 100_000; name++) {
      nowMs += 1;
      assert.equal(take(`name ${name}`, 1), 0);
      if (name >= 500) assert(take(`name ${name - 500}`, 1) > 0, "it is half full");
    }
    assert(take("name 99999", 1) > 0);
  });
});
