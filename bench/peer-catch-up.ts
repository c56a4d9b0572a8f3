/**
 * Someone comes back to a LAN without a relay and has missed 10,000 messages, which one other member has: from the start
 * of the program until the last message is committed. Both clients are in this process, so its processor time is that
 * of giving and taking.
 */
import { createServer } from "node:net";
import { startClient } from "../src/client/client.ts";
import type { Network } from "../src/client/ports/network.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import type { OpenProfileStore } from "../src/store/profile-store.ts";
import { counting, moveRecords } from "./counted-store.ts";
import { profileOnDisk, random, systemClock } from "./device.ts";
import { atLeast, type Benchmark, type Extent, figure } from "./row.ts";
import { converse, makeSharedGroups } from "./shared-groups.ts";

const MISSED = 10_000;
const GROUPS = 10;
const TARGET_PER_SECOND = 2_000;

/** An address of this machine at which nobody listens. */
export async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return `/ip4/127.0.0.1/tcp/${port}`;
}

const memberNetwork = (
  log: OpenProfileStore["envelopes"],
  listen: readonly string[],
  addresses: readonly string[],
): Network => createNetwork({ members: { log, verifier: nativePrimitives, listen, addresses, discover: false } });

async function run(_: Extent, tell: Parameters<Benchmark["run"]>[1]): Promise<void> {
  const { people, groups } = await makeSharedGroups(2, GROUPS, []);
  const [sender, reader] = people;
  if (!sender || !reader) throw new Error("nobody");
  const said = await converse(sender, [], { groups, messages: MISSED });
  const disks = [await profileOnDisk(), await profileOnDisk()];
  const [given, taking] = disks;
  if (!given || !taking) throw new Error("no disk");
  const address = await freeAddress();
  const parts = { primitives: nativePrimitives, clock: systemClock, random };
  const stops: (() => Promise<void>)[] = disks.map(({ remove }) => remove);
  try {
    for (const [device, disk] of [
      [sender, given],
      [reader, taking],
    ] as const) {
      await device.close();
      await moveRecords(device.store, disk.store);
    }
    const kept = said.map(({ envelope }) => envelope);
    await given.store.commit({ records: new Map(), lines: [], removedLines: [], lineStates: [], kept });
    const giver = memberNetwork(given.store.envelopes, [address], []);
    stops.push((await startClient({ ...parts, store: given.store, network: giver })).close);
    const counted = counting(taking.store, MISSED);
    const [startedMs, cpu] = [performance.now(), process.cpuUsage()];
    const taker = memberNetwork(taking.store.envelopes, [], [address]);
    stops.push((await startClient({ ...parts, store: counted.store, network: taker })).close);
    await counted.full;
    const seconds = (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const row = { bench: "peer-catch-up", peer: "", ours: `${figure((user + system) / MISSED)} µs of both a message` };
    const target = atLeast(TARGET_PER_SECOND);
    tell({ ...row, name: "messages a second from a member", ratio: MISSED / seconds, unit: "/s", target });
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

export const PEER_CATCH_UP: Benchmark = {
  name: "peer-catch-up",
  about: "10,000 missed messages from another member",
  run,
};
