import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { openAndRead, type RawOpener, rawOpener } from "../net/raw-opener.ts";
import { Cleanup } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { CAMPAIGN_ROUNDS } from "./acknowledged.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

const MIB = 1_048_576;
const BODY_BYTES = 60_000;
const BATCH = 8;
/** Bytes that pass the frozen subscriber: three quarters of them kept would be more than the bound on growth. */
const TOTAL_BYTES = CAMPAIGN_ROUNDS > 0 ? 100e6 : 40e6;
const BATCHES = Math.ceil(TOTAL_BYTES / (BODY_BYTES * BATCH));
const cleanup = new Cleanup();
const group = topicKey(1);

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

function percentile99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}

/** Appends all batches, waits for each to reach `reader`, and answers how long that took (ms). */
async function passThrough(
  writer: RawOpener,
  reader: RawOpener,
  from: number,
  afterEach = async (): Promise<void> => undefined,
): Promise<readonly number[]> {
  const times: number[] = [];
  let last = from * BATCH;
  for (let batch = from; batch < from + BATCHES; batch++) {
    const envelopes = Array.from({ length: BATCH }, (_, i) => {
      const body = new Uint8Array(BODY_BYTES);
      new DataView(body.buffer).setUint32(0, batch * BATCH + i);
      return group.envelope(body);
    });
    const startedMs = performance.now();
    writer.send({ kind: "append", id: batch + 1, envelopes });
    while (last < (batch + 1) * BATCH) last = (await reader.next("deliver")).items.at(-1)?.sequence ?? last;
    times.push(performance.now() - startedMs);
    await afterEach();
  }
  return times;
}

describe("a relay with a subscriber that stops reading", function () {
  this.timeout(CAMPAIGN_ROUNDS > 0 ? 600_000 : 60_000);
  let directory = "";
  let relay: RelayProcess;

  beforeEach(async function () {
    if (process.platform !== "linux") this.skip();
    directory = await temporaryDirectory();
    relay = spawnRelay(onLoopback(directory));
  });

  afterEach(async () => {
    await cleanup.run();
    relay.child.kill("SIGKILL");
    await relay.ended;
    await rm(directory, { recursive: true });
  });

  it("hardly grows, serves the others as before, and owes the frozen one nothing later", async () => {
    const [address = ""] = (await relay.ready).addrs;
    const [writer, reader, frozen] = [await rawOpener(address), await rawOpener(address), await rawOpener(address)];
    for (const each of [writer, reader, frozen]) cleanup.add(each);
    await writer.next("challenge");
    await openAndRead(reader, group);
    const before = await passThrough(writer, reader, 0); // warms up the relay's memory, too
    await openAndRead(frozen, group);
    let last = (await frozen.next("deliver")).items.at(-1)?.sequence ?? 0;
    frozen.frames.pause();
    const startBytes = await residentBytes(relay.child.pid);
    const samples: number[] = [];
    const during = await passThrough(writer, reader, BATCHES, async () => {
      samples.push(await residentBytes(relay.child.pid));
    });
    // memory that the engine has yet to collect comes and goes; what is kept for the frozen one would be in every sample
    const grownBytes = Math.min(...samples.slice(Math.floor(samples.length * 0.75))) - startBytes;
    const [calm, beside] = [percentile99(before), percentile99(during)];
    console.log(
      `      ${(TOTAL_BYTES / 1e6).toFixed(0)} MB: grew by ${(grownBytes / MIB).toFixed(1)} MiB, p99 ${calm.toFixed(0)} -> ${beside.toFixed(0)} ms`,
    );
    assert(grownBytes < 20 * MIB, `the relay grew by ${grownBytes} bytes`);
    if (CAMPAIGN_ROUNDS > 0) assert(beside < 2 * calm, `p99 went from ${calm} to ${beside} ms`); // few batches say little

    frozen.frames.resume();
    const total = 2 * BATCHES * BATCH;
    while (last < total) {
      const { after, items } = await frozen.next("deliver");
      assert.equal(after, last);
      last = items.at(-1)?.sequence ?? last;
    }
    assert.equal(last, total);
  });
});
