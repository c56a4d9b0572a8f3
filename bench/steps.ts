/**
 * The cost of a protocol step (sending a text, receiving one) through the client's queue and an encrypted profile on
 * disk, against the length of the history and the size of the group. Processor time; 256 inputs share a commit, of deliveries 64.
 */

import { addMembers, memberFrom } from "../src/protocol/joining.ts";
import type { Input } from "../src/protocol/machine.ts";
import type { PeerPrekeys } from "../src/protocol/pairwise.ts";
import type { GroupState } from "../src/protocol/records/group.ts";
import { ROLE } from "../src/wire/entry.ts";
import { MEMBERS_PER_ADD_MAX } from "../src/wire/limits.ts";
import { toHex } from "../src/wire/text-forms.ts";
import {
  carry,
  type Device,
  delivery,
  inputs,
  makeDevice,
  makeGroup,
  profileOnDisk,
  random,
  runStep,
  takeOutbox,
} from "./device.ts";
import { writeHistory } from "./history.ts";
import { makePairwiseDevice } from "./pairwise-device.ts";
import { atMost, type Benchmark, type Extent, figure, type Row } from "./row.ts";
import { median } from "./turns.ts";

const HISTORY = [1, 1_000, 100_000] as const;
const MEMBERS = [2, 100, 1_000] as const;
/** A cost that does not depend on the size: what measuring itself varies by. */
const FLAT = 1.5;
/** Inputs of one round, and rounds. */
const INPUTS = 512;
const ROUNDS = 5;
interface StepCost {
  /** µs of processor time. */
  readonly sendUs: number;
  readonly receiveUs: number;
}

async function cpuEach(count: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** Sends rounds of texts from one to the other. */
async function converse(from: Device, to: Device, group: GroupState): Promise<StepCost> {
  const [sends, receives]: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    const texts = Array.from(
      { length: INPUTS },
      (_, i): Input => ({
        kind: "send-text",
        group: group.group,
        text: `message ${i}: ${"words ".repeat(15)}`,
        call: toHex(random(8)),
      }),
    );
    const sendUs = await cpuEach(INPUTS, () => inputs(from.put, texts));
    const deliveries = (await takeOutbox(from)).map(delivery);
    const receiveUs = await cpuEach(INPUTS, () => inputs(to.put, deliveries));
    if (round < 0) continue; // the first message of an epoch opens the chain
    sends.push(sendUs);
    receives.push(receiveUs);
  }
  const unread = await to.store.unread(toHex(group.group));
  if (unread < INPUTS * (ROUNDS + 1)) throw new Error(`only ${unread} messages have opened`);
  return { sendUs: median(sends), receiveUs: median(receives) };
}

/** Two devices with profiles on disk in a group with `members` people, and so much history. */
async function scene(members: number, history: number): Promise<StepCost> {
  const disks = [await profileOnDisk(), await profileOnDisk()] as const;
  const [from, to] = [await makeDevice(disks[0].store, "from"), await makeDevice(disks[1].store, "to")];
  try {
    let group = await makeGroup(from, "bench", []);
    for (let left = members - 2; left > 0; left -= MEMBERS_PER_ADD_MAX) {
      const people = Array.from({ length: Math.min(left, MEMBERS_PER_ADD_MAX) }, prekeysOfSomeone);
      const joining = people.map((each) => memberFrom([each], ROLE.member));
      group = await runStep(from, (work) => addMembers(work, group, joining, people));
      await takeOutbox(from);
    }
    const added = { account: to.account.account, taken: to.taken(), role: ROLE.member };
    await from.put({ kind: "add", group: group.group, ...added });
    await carry(from, to);
    for (const device of [from, to]) await writeHistory(device, [group], history);
    return await converse(from, to, group);
  } finally {
    for (const { close, store } of [from, to]) {
      await close();
      await store.close();
    }
    for (const { remove } of disks) await remove();
  }
}

function prekeysOfSomeone(): PeerPrekeys {
  const { bundle } = makePairwiseDevice();
  return { bundle, oneTime: undefined };
}

function rows(what: string, [cost, first]: readonly [StepCost, StepCost], firstName: string): readonly Row[] {
  const row = (verb: string, us: number, firstUs: number): Row => ({
    bench: "steps",
    name: `${verb} a text, ${what}`,
    ratio: us / firstUs,
    unit: "cost",
    target: atMost(FLAT),
    ours: `${figure(us)} µs`,
    peer: `the same with ${firstName} ${figure(firstUs)} µs`,
  });
  return [row("send", cost.sendUs, first.sendUs), row("receive", cost.receiveUs, first.receiveUs)];
}

async function run({ maxSize }: Extent, tell: (row: Row) => void): Promise<void> {
  const first = await scene(2, 1);
  for (const history of HISTORY.filter((each) => each > 1 && each <= maxSize)) {
    const name = `${figure(history)} messages of history`;
    for (const each of rows(name, [await scene(2, history), first], "1")) tell(each);
  }
  for (const members of MEMBERS.filter((each) => each > 2 && each <= maxSize)) {
    for (const each of rows(`${figure(members)} members`, [await scene(members, 1), first], "2")) tell(each);
  }
}

export const STEPS: Benchmark = { name: "steps", about: "a protocol step against history and group size", run };
