import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { assertHolds, CAMPAIGN_ROUNDS, remember, startAppending } from "./acknowledged.ts";
import { temporaryStore } from "./store-directory.ts";

/** Kills with SIGKILL; each costs about half a second. */
const ROUNDS = CAMPAIGN_ROUNDS || 4;

describe("the relay's store, killed at any instant", () => {
  it("has every envelope that it acknowledged, once, and gives no number twice", async function () {
    this.timeout(20_000 * ROUNDS);
    const { directory, store, reopen, dispose } = await temporaryStore();
    await store.log.close();
    const known = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const kills = 20 + Math.floor(Math.random() * 400);
      const { child, acknowledged, until, ended } = startAppending(directory, round * 1_000_000);
      await until(kills);
      child.kill("SIGKILL");
      await ended;
      assert(acknowledged.size >= kills);
      remember(known, acknowledged);
      const again = await reopen();
      await assertHolds(again, known);
      await again.log.close();
    }
    await dispose();
  });
});
