/**
 * Members on a LAN without a relay: bytes that each sends for a message of 200 bytes, everybody receiving all. Real
 * networks, envelopes and logs on disk in one process; what is in the envelopes is left alone. What an idle LAN sends in
 * the same time is taken off.
 */
import { setTimeout as pause } from "node:timers/promises";
import { proofBy } from "../src/client/effects-performer.ts";
import type { TopicSubscription } from "../src/client/ports/network.ts";
import { scanRecords } from "../src/client/profile-reader.ts";
import { nativePrimitives } from "../src/crypto-native/native-primitives.ts";
import { createNetwork } from "../src/net/client-network.ts";
import { TOPIC } from "../src/protocol/records/topic.ts";
import type { Sequence } from "../src/wire/ids.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { type Device, type Posted, profileOnDisk, random, takeOutbox } from "./device.ts";
import { freeAddress } from "./peer-catch-up.ts";
import { atMost, type Benchmark, type Extent, figure } from "./row.ts";
import { makeSharedGroups } from "./shared-groups.ts";
import { bytesWritten } from "./wire-bytes.ts";

/** Members, and the most that each may send for a message (bytes). */
const LANS = [
  [2, 1_024],
  [10, 4_096],
  [50, 5_120],
] as const;
const MESSAGES = 40;
const TEXT_BYTES = 200;
/** Time between two messages (ms): conversations, not bursts, in which many share a frame. */
const PAUSE_MS = 100;
/**
 * Members have found their neighbours when each sends less than this (bytes) in a look of so long (ms), or no less than in
 * the look before: with many neighbours heartbeats alone can be more. Waited for at most so often.
 */
const QUIET_BYTES = 2_000;
const STEADY_SHARE = 0.9;
const LOOK_MS = 4_000;
const LOOKS_MAX = 60;

interface Conversation {
  readonly subscription: TopicSubscription;
  readonly posted: readonly Posted[];
}

/** Messages as a member of a group seals them, and what opens their topic. */
async function conversation(): Promise<Conversation> {
  const { people, groups } = await makeSharedGroups(1, 1, []);
  const [sender] = people as readonly [Device];
  const [group] = groups;
  if (!group) throw new Error("no group");
  const posted: Posted[] = [];
  for (let i = 0; i < MESSAGES; i++) {
    const text = `${i} `.padEnd(TEXT_BYTES, "words ");
    await sender.put({ kind: "send-text", group: group.group, text, call: toHex(random(8)) });
    posted.push(...(await takeOutbox(sender)));
  }
  const name = toHex(posted[0]?.topic ?? new Uint8Array());
  const topic = (await scanRecords(sender.store, TOPIC, { limit: 1_000 })).find(([id]) => id === name)?.[1];
  if (!topic) throw new Error("no topic");
  const opened = { topic: topic.topic, seed: topic.seed, inbox: false };
  const prove = proofBy(nativePrimitives, opened);
  return { subscription: { ...opened, prove, cursor: async () => 0 as Sequence }, posted };
}

interface LanMember {
  readonly keep: (envelopes: readonly Uint8Array[]) => Promise<void>;
  readonly count: () => number;
  readonly stop: () => Promise<void>;
}

async function lanMember(subscription: TopicSubscription, at: string, others: readonly string[]): Promise<LanMember> {
  const disk = await profileOnDisk();
  const received = new Set<string>();
  const keep = async (kept: readonly Uint8Array[]): Promise<void> => {
    for (const each of kept) received.add(toHex(each));
    await disk.store.commit({ records: new Map(), lines: [], removedLines: [], lineStates: [], kept });
  };
  const members = {
    log: disk.store.envelopes,
    verifier: nativePrimitives,
    listen: [at],
    addresses: others,
    discover: false,
  };
  const network = createNetwork({ members });
  network.subscribe(subscription);
  await network.start({
    delivered: ({ items }) => keep(items.map(({ envelope }) => envelope)),
    caughtUp: () => undefined,
    relayChanged: () => undefined,
  });
  const stop = async (): Promise<void> => {
    await network.stop();
    await disk.remove();
  };
  return { keep, count: () => received.size, stop };
}

/** Bytes a message and member, and what an idle member sends in an hour. */
async function measure(size: number, { subscription, posted }: Conversation) {
  const addresses: string[] = [];
  for (let i = 0; i < size; i++) addresses.push(await freeAddress());
  const members: LanMember[] = [];
  try {
    for (const at of addresses)
      members.push(
        await lanMember(
          subscription,
          at,
          addresses.filter((each) => each !== at),
        ),
      );
    await settled(size);
    const quietBytes = await sentIn(() => pause(PAUSE_MS * MESSAGES));
    const beganMs = performance.now();
    const bytes = await sentIn(async () => {
      for (const [i, { envelope }] of posted.entries()) {
        await members[i % size]?.keep([envelope]);
        await pause(PAUSE_MS);
      }
      while (members.some((each) => each.count() < posted.length)) await pause(PAUSE_MS);
    });
    const idleBytesAMs = quietBytes / (PAUSE_MS * MESSAGES);
    const spokenBytes = bytes - idleBytesAMs * (performance.now() - beganMs);
    return { message: spokenBytes / MESSAGES / size, idleHour: (idleBytesAMs * 3_600_000) / size };
  } finally {
    for (const each of members) await each.stop();
  }
}

async function settled(size: number): Promise<void> {
  let before = Number.POSITIVE_INFINITY;
  for (let look = 0; look < LOOKS_MAX; look++) {
    const bytes = await sentIn(() => pause(LOOK_MS));
    if (bytes < QUIET_BYTES * size || (bytes <= before && bytes > before * STEADY_SHARE)) return;
    before = bytes;
  }
}

async function sentIn(work: () => Promise<unknown>): Promise<number> {
  const before = bytesWritten();
  await work();
  return bytesWritten() - before;
}

async function run({ maxSize }: Extent, tell: Parameters<Benchmark["run"]>[1]): Promise<void> {
  const said = await conversation();
  const envelope = figure(said.posted[0]?.envelope.byteLength ?? 0);
  for (const [size, most] of LANS) {
    if (size > maxSize) continue;
    const { message, idleHour } = await measure(size, said);
    const row = { bench: "lan", peer: "" };
    const ours = `envelope ${envelope} B`;
    const name = `sent by each of ${size} a ${TEXT_BYTES} B message`;
    tell({ ...row, name, ratio: message, unit: "B", target: atMost(most), ours });
    const hour = { name: `sent by each of ${size} in an idle hour (extrapolated)`, ratio: idleHour / 1e6, unit: "MB" };
    tell({ ...row, ...hour, target: atMost(1), ours: "" });
  }
}

export const LAN: Benchmark = { name: "lan", about: "bytes that members send each other without a relay", run };
