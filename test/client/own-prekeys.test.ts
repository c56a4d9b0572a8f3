import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { setUpAccount } from "../../src/client/account-setup.ts";
import { ownPrekeys } from "../../src/client/own-prekeys.ts";
import type { RelayStatus } from "../../src/client/ports/network.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import { DirectoryKey, Signature, SlotKey, type TimeMs } from "../../src/wire/ids.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";
import { seededRandom } from "../sim/seeded-random.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

const HOUR_MS = 3_600_000;

const publication: Extract<Effect, { kind: "publish-prekeys" }> = {
  kind: "publish-prekeys",
  record: {
    version: 1,
    directoryKey: DirectoryKey.from(new Uint8Array(32)),
    slot: SlotKey.from(new Uint8Array(32)),
    publishedAt: 1 as TimeMs,
    bundle: new Uint8Array(1),
    oneTime: [],
  },
  signature: Signature.from(new Uint8Array(64)),
};

/** Prekeys of a device whose step publishes whenever a directory has fewer than 13. */
async function offering() {
  const clock = virtualClock();
  const store = memoryStore(emptyProfile());
  const random = seededRandom(1).bytes;
  await setUpAccount({ primitives: nativePrimitives, store, clock, random }, { name: "Adelaide", relays: [] });
  const relay: { state: RelayStatus["state"]; left: number | undefined; answer: "taken" | "refused" | "unreachable" } =
    {
      state: "connected",
      left: 0,
      answer: "taken",
    };
  const counts: number[] = [];
  const publications: number[] = [];
  const timers = { waiting: 0 };
  let known = 0;
  const startedMs = clock.nowMs();
  const own = ownPrekeys({
    primitives: nativePrimitives,
    store,
    network: {
      relays: () => [{ address: "", state: relay.state, sinceMs: 0 }],
      countPrekeys: async () => {
        counts.push(clock.nowMs() - startedMs);
        return relay.left;
      },
      publishPrekeys: async () => {
        publications.push(clock.nowMs() - startedMs);
        if (relay.answer !== "taken") return relay.answer;
        relay.left = 50;
        return { left: 50 };
      },
    },
    put: async (input) => {
      if (input.kind === "prekeys-left" && input.left < 13) own.publish({ ...publication });
      return { kind: "none" };
    },
    later: (delayMs, wake) => {
      timers.waiting++;
      const stop = clock.after(delayMs, () => {
        timers.waiting--;
        wake();
      });
      let isOver = false;
      return () => {
        if (!isOver) timers.waiting--;
        isOver = true;
        stop();
      };
    },
    known: () => known++,
  });
  return { own, clock, relay, counts, publications, timers, isKnown: () => known > 0 };
}

describe("our prekeys in the directories", () => {
  for (const answer of ["unreachable", "refused"] as const) {
    it(`are published again while the relay stays connected, if the first publication is ${answer}`, async () => {
      const { own, clock, relay, publications } = await offering();
      relay.answer = answer;
      own.look();
      await clock.pass(100_000);
      assert.deepEqual(publications, [0, 15_000, 45_000], "after twice as long each time");
      relay.answer = "taken";
      await clock.pass(20_000);
      assert.deepEqual(publications, [0, 15_000, 45_000, 105_000]);
      await clock.pass(HOUR_MS / 2);
      assert.equal(publications.length, 4, "and then no more");
    });
  }

  it("are sent once more when the directory has them and only its answer was lost, and not after it has refused that", async () => {
    const { own, clock, relay, publications, isKnown } = await offering();
    relay.answer = "unreachable";
    own.look();
    await clock.pass(1_000);
    assert(!isKnown());
    relay.left = 50;
    relay.answer = "refused"; // what it has is an old state
    await clock.pass(20_000);
    assert.deepEqual(publications, [0, 15_000]);
    assert(isKnown());
    await clock.pass(5 * HOUR_MS);
    assert.equal(publications.length, 2);
  });

  it("are renewed although the renewal was lost and a count says that there are enough", async () => {
    const { own, clock, relay, publications } = await offering();
    relay.left = 50;
    relay.answer = "unreachable";
    own.publish(publication);
    await clock.pass(1_000);
    relay.answer = "taken";
    await clock.pass(5 * HOUR_MS);
    assert.deepEqual(publications, [0, 15_000]);
  });

  it("are tried at most once an hour where a full directory never takes them", async () => {
    const { own, clock, relay, publications } = await offering();
    relay.answer = "refused";
    own.look();
    await clock.pass(48 * HOUR_MS);
    const pauses = publications.map((each, i) => each - (publications[i - 1] ?? 0));
    assert(publications.length > 50 && Math.max(...pauses) === HOUR_MS);
  });

  it("are counted again 15 s after a question that nobody answered", async () => {
    const { own, clock, relay, counts } = await offering();
    relay.left = undefined;
    own.look();
    await clock.pass(31_000);
    assert.deepEqual(counts, [0, 15_000, 30_000]);
  });

  it("are filled up on a connection that lasts, within an hour of having been used up", async () => {
    const { own, clock, relay, publications } = await offering();
    own.look();
    await clock.pass(1_000);
    relay.left = 3;
    await clock.pass(HOUR_MS);
    assert.deepEqual(publications, [0, HOUR_MS]);
  });

  it("are looked at by one look that waits, however often the relay comes and goes, and by none while it is gone", async () => {
    const { own, clock, relay, counts, timers } = await offering();
    for (let i = 0; i < 100; i++) {
      own.look();
      await clock.pass(10);
    }
    assert.equal(timers.waiting, 1);
    relay.state = "unreachable";
    await clock.pass(3 * HOUR_MS);
    assert.deepEqual([counts.length, timers.waiting], [100, 0]);
  });
});
