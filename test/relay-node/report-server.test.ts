import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { RelayReport } from "../../relay-node/relay-report.ts";
import { type ReportServer, serveReports } from "../../relay-node/report-server.ts";
import { trafficCount } from "../../relay-node/traffic-count.ts";
import { temporaryDirectory } from "./store-directory.ts";

function reportOf(store: Partial<RelayReport["store"]>): RelayReport {
  return {
    peerId: "12D3KooW",
    addrs: [],
    ...{ uptimeSeconds: 1, connections: 0, sessions: 0, topicsRead: 0 },
    held: { bytes: 5, maxBytes: 10, cut: 1 },
    store: {
      ...{ writable: true, lagMs: 0, topics: 0, bytes: 0, maxBytes: 0 },
      ...{
        directorySlots: 0,
        directoryBytes: 0,
        directoryMaxBytes: 0,
        chunkFiles: 0,
        chunkBytes: 0,
        chunksMaxBytes: 0,
      },
      ...store,
    },
    traffic: trafficCount(() => undefined).sums(),
    process: { memoryBytes: 1, cpuSeconds: 1, eventLoopP99Ms: 1 },
  };
}

describe("the health check of a relay", () => {
  let directory = "";
  let server: ReportServer;
  let store: Partial<RelayReport["store"]> = {};

  beforeEach(async () => {
    directory = await temporaryDirectory();
    const places = { socket: join(directory, "relay.sock"), address: "127.0.0.1:0", withoutSocket: () => undefined };
    server = await serveReports(places, async () => reportOf(store));
  });

  afterEach(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });

  it("fails while nothing can be stored, with what is wrong, and so does its metric", async () => {
    for (const [writable, status] of [
      [true, 200],
      [false, 503],
      [true, 200],
    ] as const) {
      store = { writable, lagMs: 7 };
      const health = await fetch(`${server.url}/health`);
      assert.equal(health.status, status);
      assert.deepEqual(await health.json(), { writable, lagMs: 7 });
      const metrics = await (await fetch(`${server.url}/metrics`)).text();
      assert.match(metrics, new RegExp(`^hermes_relay_store_writable ${writable ? 1 : 0}$`, "m"));
    }
  });
});
