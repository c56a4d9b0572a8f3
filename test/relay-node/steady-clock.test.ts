import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { steadyClock } from "../../relay-node/steady-clock.ts";

const DAY_MS = 86_400_000;

describe("the relay's clock", () => {
  it("passes as time does, whatever the system's clock is set to", () => {
    const system = { wall: 1_000 * DAY_MS, steady: 50 };
    const clock = steadyClock(0, { wallMs: () => system.wall, steadyMs: () => system.steady });
    assert.equal(clock(), 1_000 * DAY_MS);
    system.wall += 400 * DAY_MS;
    system.steady += 7;
    assert.equal(clock(), 1_000 * DAY_MS + 7);
    system.wall = 0;
    system.steady += 7;
    assert.equal(clock(), 1_000 * DAY_MS + 14);
  });

  it("does not begin before what is stored: with a clock that starts in 1970, nothing new is old at once", () => {
    assert.equal(steadyClock(1_000 * DAY_MS, { wallMs: () => 0, steadyMs: () => 9 })(), 1_000 * DAY_MS);
  });
});
