/**
 * The relay was away, and returns with an empty disk: twenty people, half of whom could reach one another meanwhile, as
 * the other half could, have written 10,000 messages. From the relay's ready line until everybody has committed
 * everything. Real clients over profiles on disk, five in a process, and a real relay: all of them share the machine's cores.
 */
import { toHex } from "../src/wire/text-forms.ts";
import { type Child, processorUs, startRelay, startScript, temporaryDirectory } from "./child-process.ts";
import { moveRecords } from "./counted-store.ts";
import { type Posted, profileOnDisk } from "./device.ts";
import { atMost, type Benchmark, type Extent, figure } from "./row.ts";
import { converse, makeSharedGroups, type SharedGroups } from "./shared-groups.ts";

const PEOPLE = 20;
/** People in one process: each has a thread of its own in life, and a process for each would mostly be starting. */
const CROWD = 5;
/** With ten of them none is re-keyed meanwhile, which happens after 1,000 messages. */
const GROUPS = 10;
const MESSAGES = 2_000;
const MESSAGES_LARGE = 10_000;
const TARGET_S = 60;
/** Processor time of the relay: never more than one core. */
const TARGET_CORES = 1;

/** Longest wait for everything (ms). */
const PATIENCE_MS = 600_000;

interface Returned {
  readonly seconds: number;
  readonly relayCores: number;
  /** Processor time of each person (µs). */
  readonly personUs: number;
}

async function measure(messages: number): Promise<Returned> {
  const directory = await temporaryDirectory();
  const before = await startRelay(directory.path);
  await before.stop(); // has a key and an address now, and nothing else
  try {
    const shared = await makeSharedGroups(PEOPLE, GROUPS, [before.address]);
    const halves = [shared.people.slice(0, PEOPLE / 2), shared.people.slice(PEOPLE / 2)];
    const said: (readonly Posted[])[] = [];
    for (const [sender, ...readers] of halves)
      if (sender) said.push(await converse(sender, readers, { groups: shared.groups, messages: messages / 2 }));
    return await comeTogether(shared, said, { messages, directory: directory.path, address: before.address });
  } finally {
    await directory.remove();
  }
}

interface Meeting {
  readonly messages: number;
  readonly directory: string;
  readonly address: string;
}

async function comeTogether(
  { people }: SharedGroups,
  said: readonly (readonly Posted[])[],
  { messages, directory, address }: Meeting,
): Promise<Returned> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const profiles: string[][] = [];
    for (const [i, device] of people.entries()) {
      const disk = await profileOnDisk();
      stops.push(disk.remove);
      await device.close();
      await moveRecords(device.store, disk.store);
      const kept = (said[i < PEOPLE / 2 ? 0 : 1] ?? []).map(({ envelope }) => envelope);
      await disk.store.commit({ records: new Map(), lines: [], removedLines: [], lineStates: [], kept });
      await disk.store.close();
      profiles.push([disk.path, toHex(disk.dataKey)]);
    }
    const crowds: Child[] = [];
    for (let i = 0; i < PEOPLE; i += CROWD) {
      const args = [String(messages / 2), ...profiles.slice(i, i + CROWD).flat()];
      const crowd = await startScript("./returning-people.js", args, /^started$/);
      stops.push(crowd.stop);
      crowds.push(crowd);
    }
    const full = crowds.map((each) => each.nextLine(/^full$/, PATIENCE_MS));
    const beforeUs = await usedUs(crowds);
    const relay = await startRelay(directory, Number(address.split("/")[4]));
    stops.push(relay.stop);
    const returned = await untilFull(relay, full);
    return { ...returned, personUs: ((await usedUs(crowds)) - beforeUs) / PEOPLE };
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/** Processor time of all of them (µs). */
async function usedUs(crowds: readonly Child[]): Promise<number> {
  const each = await Promise.all(crowds.map(({ pid }) => processorUs(pid)));
  return each.reduce((sum, us) => sum + us, 0);
}

async function untilFull(relay: Child, full: readonly Promise<string>[]): Promise<Omit<Returned, "personUs">> {
  const [startedMs, startedUs] = [performance.now(), await processorUs(relay.pid)];
  await Promise.all(full);
  const seconds = (performance.now() - startedMs) / 1_000;
  return { seconds, relayCores: ((await processorUs(relay.pid)) - startedUs) / 1e6 / seconds };
}

async function run({ isLarge }: Extent, tell: Parameters<Benchmark["run"]>[1]): Promise<void> {
  const messages = isLarge ? MESSAGES_LARGE : MESSAGES;
  const { seconds, relayCores, personUs } = await measure(messages);
  const row = { bench: "relay-return", ours: `${figure(personUs / 1e6)} s of processor time each`, peer: "" };
  const what = `${figure(PEOPLE)} people, ${figure(messages)} messages missed`;
  tell({ ...row, name: `everything everywhere, ${what}`, ratio: seconds, unit: "s", target: atMost(TARGET_S) });
  tell({ ...row, name: `cores of the relay, ${what}`, ratio: relayCores, unit: "cores", target: atMost(TARGET_CORES) });
}

export const RELAY_RETURN: Benchmark = {
  name: "relay-return",
  about: "a relay returns empty, members give it what it missed",
  run,
};
