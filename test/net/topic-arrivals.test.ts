import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { topicArrivals } from "../../src/net/topic-arrivals.ts";
import { topicKey } from "./topic-keys.ts";

const { topic } = topicKey(1);
const { topic: other } = topicKey(2);

describe("a topic of which something comes in", () => {
  it("is quiet when nothing has come for half a second, whatever comes of others", () => {
    const clock = { ms: 1_000 };
    const arrivals = topicArrivals(() => clock.ms);
    assert.equal(arrivals.isQuiet(topic), true);
    arrivals.came(topic);
    clock.ms += 499;
    arrivals.came(other);
    assert.deepEqual([arrivals.isQuiet(topic), arrivals.isQuiet(other)], [false, false]);
    clock.ms += 1;
    assert.deepEqual([arrivals.isQuiet(topic), arrivals.isQuiet(other)], [true, false]);
  });

  it("keeps us busy until nothing has come of any for three seconds, but for no longer than five minutes", () => {
    const clock = { ms: 1_000 };
    const arrivals = topicArrivals(() => clock.ms);
    assert.equal(arrivals.isBusy(), false);
    arrivals.came(topic);
    clock.ms += 2_999;
    arrivals.came(other);
    clock.ms += 2_999;
    assert.equal(arrivals.isBusy(), true);
    clock.ms += 1;
    assert.equal(arrivals.isBusy(), false);
    const goOn = (): void => {
      arrivals.came(topic);
      clock.ms += 1_000;
    };
    for (let i = 0; i < 299; i++) goOn();
    assert.equal(arrivals.isBusy(), true);
    goOn();
    assert.equal(arrivals.isBusy(), false);
  });

  it("is not quiet while somebody fetches it, also when that fails, until the last of them is done", async () => {
    const arrivals = topicArrivals();
    let done: () => void = () => undefined;
    const first = arrivals.bringing(topic, () => new Promise<void>((resolve) => (done = resolve)));
    await arrivals.bringing(topic, () => Promise.reject(new Error("gone"))).catch(() => undefined);
    assert.equal(arrivals.isQuiet(topic), false);
    done();
    await first;
    assert.equal(arrivals.isQuiet(topic), true);
  });

  it("is not quiet while something of it waits for its turn, nor right after that", () => {
    const clock = { ms: 1_000 };
    const arrivals = topicArrivals(() => clock.ms);
    const [first, second] = [arrivals.arriving(topic), arrivals.arriving(topic)];
    clock.ms += 10_000;
    first();
    clock.ms += 10_000;
    assert.equal(arrivals.isQuiet(topic), false);
    second();
    assert.equal(arrivals.isQuiet(topic), false);
    clock.ms += 500;
    assert.equal(arrivals.isQuiet(topic), true);
  });

  it("is waited for in turn: who begins first keeps the others waiting", async () => {
    const arrivals = topicArrivals();
    const under = { now: 0, most: 0 };
    const look = () =>
      arrivals.whenQuiet(topic, async (isQuiet) => {
        assert.equal(isQuiet, true);
        under.most = Math.max(under.most, ++under.now);
        await new Promise((resolve) => setImmediate(resolve));
        under.now -= 1;
      });
    await Promise.all([look(), look(), look()]);
    assert.deepEqual(under, { now: 0, most: 1 });
  });

  it("is waited for no longer than is good, and not after the end", async () => {
    const clock = { ms: 0 };
    const arrivals = topicArrivals(() => {
      clock.ms += 5_000;
      return clock.ms;
    });
    const asked: boolean[] = [];
    const look = () => arrivals.whenQuiet(topic, async (isQuiet) => void asked.push(isQuiet));
    await arrivals.bringing(topic, look);
    arrivals.stop();
    await arrivals.bringing(topic, look);
    assert.deepEqual(asked, [false]);
  });
});
