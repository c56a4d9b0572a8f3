/** People who are all in the same groups, made without relay and disk; and what they write there. */
import type { GroupState } from "../src/protocol/records/group.ts";
import { toHex } from "../src/wire/text-forms.ts";
import { type Device, delivery, inputs, makeDevice, makeGroup, type Posted, random, takeOutbox } from "./device.ts";
import { memoryStore } from "./memory-store.ts";

export interface SharedGroups {
  readonly people: readonly Device[];
  readonly groups: readonly GroupState[];
}

/** So many people in so many groups, which the first of them made. */
export async function makeSharedGroups(
  people: number,
  groups: number,
  relays: readonly string[],
): Promise<SharedGroups> {
  const devices = await Promise.all(
    Array.from({ length: people }, (_, i) => makeDevice(memoryStore(), `person ${i}`, relays)),
  );
  const [owner, ...others] = devices;
  if (owner === undefined) throw new Error("nobody");
  const made: GroupState[] = [];
  for (let i = 0; i < groups; i++) {
    made.push(await makeGroup(owner, `group ${i}`, others));
    const posted = await takeOutbox(owner);
    for (const each of others) await take(each, posted);
    for (const each of others) await take(owner, await takeOutbox(each));
    await takeOutbox(owner);
  }
  return { people: devices, groups: made };
}

/** Twice, since the log follows the welcome. */
async function take(device: Device, posted: readonly Posted[]): Promise<void> {
  for (let pass = 0; pass < 2; pass++) await inputs(device.put, posted.map(delivery));
}

/** Writes so many messages, in the groups in turn, and lets these others read them. */
export async function converse(
  sender: Device,
  readers: readonly Device[],
  { groups, messages }: { readonly groups: readonly GroupState[]; readonly messages: number },
): Promise<readonly Posted[]> {
  const texts = Array.from({ length: messages }, (_, i) => ({
    kind: "send-text" as const,
    group: (groups[i % groups.length] as GroupState).group,
    text: `message ${i}: ${"words ".repeat(31)}`,
    call: toHex(random(8)),
  }));
  await inputs(sender.put, texts);
  const posted = await takeOutbox(sender);
  for (const each of readers) await inputs(each.put, posted.map(delivery));
  return posted;
}
