/**
 * Someone comes back and has missed 10,000 messages: the real client over a profile on disk and a real relay process,
 * from the start of the program until the last message is committed. Beside it what libsignal needs only to decrypt as
 * many, without store or network.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { startClient } from "../src/client/client.ts";
import type { ProfileStore } from "../src/client/ports/profile.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import type { GroupState } from "../src/protocol/records/group.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { startRelay, temporaryDirectory } from "./child-process.ts";
import { counting, moveRecords } from "./counted-store.ts";
import {
  carry,
  type Device,
  inputs,
  makeDevice,
  makeGroup,
  type Posted,
  profileOnDisk,
  random,
  systemClock,
  takeOutbox,
} from "./device.ts";
import { writeHistory } from "./history.ts";
import { memoryStore } from "./memory-store.ts";
import { atLeast, atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { signalDecryptUs } from "./sender-keys.ts";

const MISSED = 10_000;
/** Groups of the profile, and messages that it has already. */
const SMALL = { groups: 10, history: 0 };
const LARGE = { groups: 1_000, history: 1_000_000 };
/** Envelopes handed to the relay at once. */
const APPEND = 256;
const TARGET_PER_SECOND = 2_000;
const TARGET_P99_MS = 50;

interface Profile {
  readonly groups: number;
  readonly history: number;
}

interface CaughtUp {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** The client's processor time for one message (µs). */
  readonly cpuUs: number;
}

/** What the sender wrote while the reader was away. */
async function missed(sender: Device, groups: readonly GroupState[]): Promise<readonly Posted[]> {
  const texts = Array.from({ length: MISSED }, (_, i) => ({
    kind: "send-text" as const,
    group: (groups[i % groups.length] as GroupState).group,
    text: `missed message ${i}: ${"words ".repeat(15)}`,
    call: toHex(random(8)),
  }));
  await inputs(sender.put, texts);
  return await takeOutbox(sender);
}

async function upload(address: string, posted: readonly Posted[]): Promise<void> {
  const network = createNetwork();
  network.useRelays([address], "us");
  await new Promise<void>((connected) => {
    network.start({
      delivered: async () => undefined,
      caughtUp: () => undefined,
      relayChanged: ({ state }) => (state === "connected" ? connected() : undefined),
    });
  });
  for (let at = 0; at < posted.length; at += APPEND) {
    const outcomes = await network.append(posted.slice(at, at + APPEND).map(({ envelope }) => envelope));
    const bad = outcomes.find(({ kind }) => kind !== "stored");
    if (bad !== undefined) throw new Error(`not stored: ${JSON.stringify(bad)}`);
  }
  await network.stop();
}

async function comeBack(store: ProfileStore): Promise<CaughtUp> {
  const counted = counting(store, MISSED);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const [cpu, startedMs] = [process.cpuUsage(), performance.now()];
  delay.enable();
  const parts = { primitives: nativePrimitives, clock: systemClock, random };
  const client = await startClient({ ...parts, store: counted.store, network: createNetwork() });
  await counted.full;
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedMs) / 1_000;
  await client.close();
  return { perSecond: MISSED / seconds, p99Ms: delay.percentile(99) / 1e6, cpuUs: (user + system) / MISSED };
}

async function measure({ groups, history }: Profile): Promise<CaughtUp> {
  const [disk, directory] = [await profileOnDisk(), await temporaryDirectory()];
  const relay = await startRelay(directory.path);
  try {
    const sender = await makeDevice(memoryStore(), "sender");
    const memory = memoryStore(); // until it is moved: a sync for each step of a thousand groups would take minutes
    const reader = await makeDevice(memory, "reader", [relay.address]);
    const shared: GroupState[] = [];
    for (let i = 0; i < groups; i++) {
      shared.push(await makeGroup(sender, `group ${i}`, [reader]));
      await carry(sender, reader);
      await takeOutbox(reader);
    }
    await reader.close();
    await moveRecords(memory, disk.store);
    await writeHistory({ ...reader, store: disk.store }, shared, Math.floor(history / groups));
    await upload(relay.address, await missed(sender, shared));
    return await comeBack(disk.store);
  } finally {
    await relay.stop();
    await disk.remove();
    await directory.remove();
  }
}

function rows(name: string, ours: CaughtUp, signalUs: number): readonly Row[] {
  const bench = "catch-up";
  const rate = `${figure(ours.perSecond)}/s`;
  const cpu = `${figure(ours.cpuUs)} µs`;
  return [
    {
      bench,
      name: `messages a second, ${name}`,
      ratio: ours.perSecond,
      unit: "/s",
      target: atLeast(TARGET_PER_SECOND),
      ours: rate,
      peer: "",
    },
    {
      bench,
      name: `event-loop delay p99, ${name}`,
      ratio: ours.p99Ms,
      unit: "ms",
      target: atMost(TARGET_P99_MS),
      ours: "",
      peer: "",
    },
    {
      bench,
      name: `client CPU a message, ${name}`,
      ratio: ours.cpuUs / signalUs,
      unit: "cost",
      ours: cpu,
      peer: `libsignal, decryption alone ${figure(signalUs)} µs`,
    },
  ];
}

async function run({ isLarge }: Extent, tell: (row: Row) => void): Promise<void> {
  const signalUs = await signalDecryptUs(100);
  for (const profile of isLarge ? [SMALL, LARGE] : [SMALL]) {
    const history = profile.history === 0 ? "" : `, ${figure(profile.history)} messages before`;
    for (const each of rows(`${figure(profile.groups)} groups${history}`, await measure(profile), signalUs)) tell(each);
  }
}

export const CATCH_UP: Benchmark = { name: "catch-up", about: "10,000 missed messages through relay and profile", run };
