/** Devices and a relay without a network: what lies in outboxes is carried to the topics, and from there to readers. */
import assert from "node:assert/strict";
import { directoryKeyOf } from "../../src/crypto/prekey-bundle.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import { type GroupId, LogId, type Sequence, type Topic } from "../../src/wire/ids.ts";
import type { InviteLink } from "../../src/wire/link.ts";
import type { DirectoryRecord, TakenPrekeys } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, newDevice, type Outcome, p, type TestClock } from "./device.ts";

export const LOG_ID = LogId.from(new Uint8Array(16).fill(7));
const STORED = { kind: "stored" as const, sequence: 1 as Sequence, duplicate: false };

export interface Scene {
  readonly clock: TestClock;
  /** Envelopes by topic (hex). */
  readonly topics: Map<string, Uint8Array[]>;
  readonly person: (name: string, relays?: readonly string[]) => Device;
  /** Moves what lies in this device's outbox to the topics. */
  readonly collect: (device: Device) => void;
  /** Gives this device what its topics hold and it has not read. */
  readonly deliver: (device: Device) => readonly Outcome[];
  /** Collects and delivers among these until nothing moves; prekeys are found at once. */
  readonly carry: (...devices: readonly Device[]) => readonly Outcome[];
  /** Keys of an account as its directory would give them. */
  readonly taken: (of: Device) => readonly TakenPrekeys[];
}

export function newScene(startMs = 1_800_000_000_000): Scene {
  const clock: TestClock = { nowMs: startMs };
  const topics = new Map<string, Uint8Array[]>();
  const known = new Set<string>();
  const read = new Map<Device, Map<string, number>>();
  const asked = new Map<Device, number>();
  const people: Device[] = [];
  const collect = (device: Device): void => {
    for (const id of [...device.ids(OUTBOX)].sort()) {
      const { envelope, topic } = device.existing(OUTBOX, id);
      if (!known.has(toHex(envelope))) topics.set(toHex(topic), [...(topics.get(toHex(topic)) ?? []), envelope]);
      known.add(toHex(envelope));
      device.put({ kind: "settled", outbox: id, result: STORED });
    }
  };
  const deliver = (device: Device): readonly Outcome[] => {
    const places = read.get(device) ?? new Map<string, number>();
    read.set(device, places);
    const outcomes: Outcome[] = [];
    for (const id of device.ids(TOPIC)) {
      const { topic } = device.record(TOPIC, id) ?? {};
      const items = topics.get(id) ?? [];
      if (!topic) continue;
      for (let at = places.get(id) ?? 0; at < items.length; at++) {
        places.set(id, at + 1);
        const envelope = items[at];
        if (envelope) outcomes.push(deliverOne(device, topic, at + 1, envelope));
      }
    }
    return outcomes;
  };
  const answerPrekeys = (device: Device): boolean => {
    const from = asked.get(device) ?? 0;
    asked.set(device, device.effects.length);
    let answered = false;
    for (const effect of device.effects.slice(from)) {
      if (effect.kind !== "take-prekeys") continue;
      const owner = people.find((each) => toHex(each.account().account) === toHex(effect.account));
      if (!owner) continue;
      device.put({ kind: "prekeys-taken", account: effect.account, taken: taken(owner) });
      answered = true;
    }
    return answered;
  };
  const left = new Map<Device, DirectoryRecord>();
  const taken = (of: Device): readonly TakenPrekeys[] => {
    const record = left.get(of) ?? publishedBy(of);
    const [oneTime, ...rest] = record.oneTime;
    left.set(of, { ...record, oneTime: rest });
    return [{ slot: record.slot, bundle: record.bundle, oneTime }];
  };
  return {
    clock,
    topics,
    person: (name, relays) => {
      const device = newDevice(name, clock, relays);
      people.push(device);
      return device;
    },
    collect,
    deliver,
    taken,
    carry: (...devices) => {
      const outcomes: Outcome[] = [];
      for (let round = 0; round < 100; round++) {
        for (const device of devices) collect(device);
        const got = devices.flatMap((device) => deliver(device));
        outcomes.push(...got);
        for (const device of devices) goOn(device);
        const answered = devices.map(answerPrekeys).some((each) => each);
        if (got.length === 0 && !answered && devices.every((each) => each.ids(OUTBOX).length === 0)) return outcomes;
      }
      return assert.fail("the devices never come to rest");
    },
  };
}

/** Whatever takes more than one step is gone on with until it is done. */
export function goOn(device: Device): void {
  for (let at = continued.get(device) ?? 0; at < device.effects.length; at++) {
    continued.set(device, at + 1);
    if (device.effects[at]?.kind === "continue") device.put({ kind: "continue" });
  }
}

const continued = new WeakMap<Device, number>();

/** One envelope as a holder delivers it. */
export function deliverOne(device: Device, topic: Topic, sequence: number, envelope: Uint8Array): Outcome {
  return device.put({ kind: "delivered", log: LOG_ID, topic, sequence: sequence as Sequence, envelope });
}

/** What the device would publish in the directory now. */
function publishedBy(device: Device): DirectoryRecord {
  const { effects } = device.put({ kind: "prekeys-left", left: 0 });
  const isPublish = (each: Effect) => each.kind === "publish-prekeys";
  const effect = effects.find(isPublish);
  assert(effect?.kind === "publish-prekeys");
  assert.deepEqual(effect.record.directoryKey, directoryKeyOf(p, device.account().account));
  return effect.record;
}

export function makeGroup(owner: Device, name = "walking club"): GroupId {
  const { answer } = owner.put({ kind: "create-group", name });
  assert(answer.kind === "group");
  return answer.group.group;
}

/** `author` adds `added` from its published prekeys; nothing is carried yet. */
export function addPerson(scene: Scene, author: Device, group: GroupId, added: Device, role: 0 | 1 = 0): Outcome {
  const outcome = author.put({
    kind: "add",
    group,
    account: added.account().account,
    taken: scene.taken(added),
    role,
  });
  assert.equal(outcome.answer.kind, "group");
  return outcome;
}

export function inviteTo(
  device: Device,
  group: GroupId,
  terms: { uses?: number; role?: 0 | 1; ms?: number } = {},
): InviteLink {
  const { uses = 10, role = 0, ms = 3_600_000 } = terms;
  const input = { role, uses, expiresAtMs: device.clock.nowMs + ms };
  const { answer } = device.put({ kind: "create-invite", group, terms: input });
  assert(answer.kind === "link");
  return answer.link;
}

let calls = 0;
export function say(device: Device, group: GroupId, text: string): Outcome {
  return device.put({ kind: "send-text", group, text, call: (calls++).toString(16).padStart(8, "0") });
}

/** A group of these people, whom the first one added; all of them have it. */
export function groupOf(scene: Scene, [owner, ...others]: readonly [Device, ...Device[]], role: 0 | 1 = 0): GroupId {
  const group = makeGroup(owner);
  for (const each of others) addPerson(scene, owner, group, each, role);
  scene.carry(owner, ...others);
  for (const each of others) assert(each.group(group).sending, `${each.name} is in the group`);
  return group;
}

/** The epoch (hex) in which the device sends. */
export function epochOf(device: Device, group: GroupId): string {
  const { sending } = device.group(group);
  assert(sending, `${device.name} has no epoch`);
  return toHex(sending);
}
