/**
 * A client in 20 groups to which nothing happens, connected to a relay: processor time, bytes sent and memory, measured
 * for a minute and extrapolated to an hour.
 */
import { setTimeout as pause } from "node:timers/promises";
import { startClient } from "../src/client/client.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import { startRelay, temporaryDirectory } from "./child-process.ts";
import { moveRecords } from "./counted-store.ts";
import { profileOnDisk, random, systemClock } from "./device.ts";
import { atMost, type Benchmark, type Extent, figure } from "./row.ts";
import { makeSharedGroups } from "./shared-groups.ts";
import { bytesWritten } from "./wire-bytes.ts";

const GROUPS = 20;
/** Time in which everything settles, and that is measured (ms). */
const SETTLE_MS = 15_000;
const MEASURED_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Share of a core, MB sent. */
const TARGET_SHARE = 0.01;
const TARGET_MB = 1;

async function run(_: Extent, tell: Parameters<Benchmark["run"]>[1]): Promise<void> {
  const [directory, disk] = [await temporaryDirectory(), await profileOnDisk()];
  const relay = await startRelay(directory.path);
  const stops: (() => Promise<void>)[] = [directory.remove, disk.remove, relay.stop];
  try {
    const { people } = await makeSharedGroups(2, GROUPS, [relay.address]);
    const [, idler] = people;
    if (!idler) throw new Error("nobody");
    await idler.close();
    await moveRecords(idler.store, disk.store);
    const listen = ["/ip4/127.0.0.1/tcp/0"];
    const members = { log: disk.store.envelopes, verifier: nativePrimitives, listen, addresses: [], discover: false };
    const parts = { primitives: nativePrimitives, clock: systemClock, random };
    const client = await startClient({ ...parts, store: disk.store, network: createNetwork({ members }) });
    stops.push(client.close);
    await pause(SETTLE_MS);
    const [cpu, bytes, beganMs] = [process.cpuUsage(), bytesWritten(), performance.now()];
    await pause(MEASURED_MS);
    const ms = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpu);
    const share = (user + system) / 1_000 / ms;
    const sentMb = ((bytesWritten() - bytes) * (HOUR_MS / ms)) / 1e6;
    const row = { bench: "idle-client", peer: "" };
    const seconds = `${figure(share * 3_600)} s of processor time an hour, from a minute`;
    const name = `of an idle client in ${GROUPS} groups`;
    tell({ ...row, name: `core ${name}`, ratio: share, unit: "cores", target: atMost(TARGET_SHARE), ours: seconds });
    const sent = { ratio: sentMb, unit: "MB", target: atMost(TARGET_MB), ours: "from a minute" };
    tell({ ...row, name: `sent in an hour ${name}`, ...sent });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

export const IDLE_CLIENT: Benchmark = { name: "idle-client", about: "a client to which nothing happens", run };
