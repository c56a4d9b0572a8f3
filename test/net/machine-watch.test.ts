import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { watchMachine } from "../../src/net/machine-watch.ts";

/** A machine whose time and network are moved by hand. */
function machine() {
  let nowMs = 0;
  let addresses: readonly string[] = ["192.0.2.7", "2001:db8::7"];
  const told: string[] = [];
  let looks = 0;
  const stop = watchMachine((what) => told.push(what), {
    nowMs: () => nowMs,
    addresses: () => {
      looks += 1;
      return addresses;
    },
    everyMs: 1,
  });
  const looked = async (): Promise<void> => {
    const before = looks;
    while (looks < before + 2) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    told,
    stop,
    sleep: async (ms: number) => {
      nowMs += ms;
      await looked();
    },
    move: async (...now: readonly string[]) => {
      addresses = now;
      await looked();
    },
  };
}

describe("watching the machine", () => {
  it("tells of sleep and of another network, once each, and of nothing else", async () => {
    const { told, stop, sleep, move } = machine();
    await sleep(9_000);
    await move("2001:db8::7", "192.0.2.7");
    assert.deepEqual(told, []);
    await sleep(60_000);
    assert.deepEqual(told, ["slept"]);
    await sleep(-3_600_000); // somebody sets the clock back
    await move("198.51.100.3");
    assert.deepEqual(told, ["slept", "network"]);
    await move();
    assert.deepEqual(told, ["slept", "network", "network"]);
    stop();
  });
});
