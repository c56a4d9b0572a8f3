import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Clock, ProfileStore } from "../../src/client/ports.ts";
import { createStepQueue } from "../../src/client/step-queue.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";

/** A store that forgets; each commit takes so long by the clock that it shares with the queue. */
function slowDisk(commitMs: number) {
  let nowMs = 1_800_000_000_000;
  const log: ("commit" | "turn")[] = [];
  const store = {
    load: async () => new Map(),
    scan: async () => [],
    commit: async () => {
      nowMs += commitMs;
      log.push("commit");
    },
  } as Partial<ProfileStore> as ProfileStore;
  const clock: Clock = {
    nowMs: () => nowMs,
    after: (_delayMs, wake) => {
      log.push("turn");
      queueMicrotask(wake);
      return () => undefined;
    },
  };
  return { store, clock, log };
}

async function run(commitMs: number): Promise<readonly string[]> {
  const { store, clock, log } = slowDisk(commitMs);
  const random = (length: number): Uint8Array => new Uint8Array(length).fill(7);
  const queue = createStepQueue({ primitives: nativePrimitives, store, clock, random, perform: () => undefined });
  const accountSeed = new Uint8Array(32).fill(1);
  const inputs = Array.from({ length: 300 }, () =>
    queue.put({ kind: "create-account", name: "someone", relays: [], accountSeed }),
  );
  await Promise.all(inputs);
  await queue.close();
  return log;
}

describe("The step queue", () => {
  it("lets others have a turn between a commit that took long and the next batch", async function () {
    this.timeout(20_000);
    assert.deepEqual(await run(50), ["commit", "turn", "commit"]);
  });

  it("takes no turn when everything is quick", async function () {
    this.timeout(20_000);
    assert.deepEqual(await run(1), ["commit", "commit"]);
  });
});
