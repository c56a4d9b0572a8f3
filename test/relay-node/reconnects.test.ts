import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { askRelay } from "../../relay-node/ask-relay.ts";
import type { RelayReport } from "../../relay-node/relay-report.ts";
import { openAndRead, rawOpener } from "../net/raw-opener.ts";
import { topicKey } from "../net/topic-keys.ts";
import { CAMPAIGN_ROUNDS } from "./acknowledged.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

/** Connects of a client under a new key each: 1,000 in the campaign, of which the first half warms the relay up. */
const CONNECTS = CAMPAIGN_ROUNDS > 0 ? 1_000 : 60;
/** Less than what 500 clients left behind when each left 58 KB for ten minutes (29 MB): V8's heap moves by some MB by itself. */
const GROWTH_MAX_BYTES = 16 * 1_048_576;
/** Heap of the relay, half as much again as it uses: what has yet to be collected, 20 MB and more, would look like what is left behind. */
const HEAP_MIB = 48;
const group = topicKey(1);

describe("clients that come and go", function () {
  this.timeout(CONNECTS * 1_000);
  let directory = "";
  let relay: RelayProcess;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    relay = spawnRelay(onLoopback(directory), { NODE_OPTIONS: `--max-old-space-size=${HEAP_MIB}` });
  });

  afterEach(async () => {
    relay.child.kill("SIGKILL");
    await relay.ended;
    await rm(directory, { recursive: true });
  });

  async function status(): Promise<RelayReport> {
    return JSON.parse(await askRelay(directory, "json"));
  }

  it("leave nothing at the relay", async () => {
    const [address = ""] = (await relay.ready).addrs;
    let warm: RelayReport | undefined;
    for (let n = 0; n < CONNECTS; n++) {
      const opener = await rawOpener(address);
      await openAndRead(opener, group);
      await opener.stop();
      if (n === CONNECTS / 2) warm = await status();
    }
    let after = await status();
    while (after.connections > 0) after = await status(); // the last one's end is on its way
    assert.deepEqual([after.sessions, after.topicsRead], [0, 0]);
    const grown = after.process.memoryBytes - (warm?.process.memoryBytes ?? 0);
    console.log(`      ${CONNECTS} connects: grew by ${(grown / 1_048_576).toFixed(1)} MiB`);
    assert(grown < GROWTH_MAX_BYTES, `the relay grew by ${grown} bytes`);
  });
});
