/**
 * Random stories in a group: people write, read some of what others wrote, and are removed. What they wrote is kept, so
 * that somebody who only reads can be given it in any order.
 */
import assert from "node:assert/strict";
import type { GroupChange } from "../../src/protocol/group-change.ts";
import { SAID, type SaidState } from "../../src/protocol/records/conversation.ts";
import { OUT } from "../../src/protocol/records/group.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { TOPIC } from "../../src/protocol/records/topic.ts";
import { ROLE } from "../../src/wire/entry.ts";
import type { GroupId, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, deviceFrom, type TestClock } from "./device.ts";
import { deliverOne, groupOf, newScene, say } from "./scene.ts";

/** Ann owns the group, Bob is an admin; Cem and Eve can be removed; Dan only reads. */
export const PEOPLE = ["Ann", "Bob", "Cem", "Dan", "Eve"] as const;
export type Person = (typeof PEOPLE)[number];

/** One thing that happens. Those who cannot do it (any more) do nothing. */
export type Act =
  | { readonly kind: "say" | "read" | "copy" | "restore"; readonly who: Person }
  | { readonly kind: "remove"; readonly who: Person; readonly whom: Person };

/** A message as it was written. */
export interface Told {
  readonly by: Person;
  readonly text: string;
  readonly said: SaidState;
  /** Removals (hex) of which its author knew. */
  readonly knew: readonly string[];
}

interface Prepared {
  readonly clock: TestClock;
  readonly group: GroupId;
  readonly records: ReadonlyMap<Person, ReadonlyMap<string, Uint8Array>>;
}

/** Five people in a group: the same each time, so that it is made once. */
export function prepare(): Prepared {
  const scene = newScene();
  const devices = PEOPLE.map((name) => scene.person(name));
  const [ann, ...others] = devices as [Device, ...Device[]];
  const group = groupOf(scene, [ann, ...others]);
  const [bob] = others;
  assert(bob);
  const change: GroupChange = { kind: "role", account: bob.account().account, role: ROLE.admin };
  ann.put({ kind: "change-group", group, change });
  scene.carry(...devices);
  for (const each of devices) {
    each.put({ kind: "change-group", group, change: { kind: "rekey" } }); // so that all have sessions with all
    scene.carry(...devices);
  }
  const records = new Map(PEOPLE.map((name, i) => [name, new Map(devices[i]?.records)]));
  return { clock: scene.clock, group, records };
}

/** A device of the group as it was before the story. */
export function reader({ clock, records }: Prepared, name: Person): Device {
  return deviceFrom(name, clock, records.get(name) ?? new Map());
}

function restore(device: Device, records: ReadonlyMap<string, Uint8Array>): void {
  device.records.clear();
  for (const [key, value] of records) device.records.set(key, value);
}

export interface Story {
  readonly told: readonly Told[];
  /** Envelopes by topic (hex). */
  readonly topics: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** Lets it happen. */
export function play(prepared: Prepared, acts: readonly Act[]): Story {
  const { group, clock } = prepared;
  const devices = new Map(PEOPLE.map((name) => [name, reader(prepared, name)]));
  const topics = new Map<string, Uint8Array[]>();
  const places = new Map<string, number>();
  const copies = new Map<Person, ReadonlyMap<string, Uint8Array>>();
  const told: Told[] = [];
  for (const [i, act] of acts.entries()) {
    clock.nowMs += 1_000;
    const device = devices.get(act.who) ?? assert.fail();
    if (act.kind === "copy") copies.set(act.who, new Map(device.records));
    if (act.kind === "restore") restore(device, copies.get(act.who) ?? new Map(device.records));
    if (act.kind === "read") readOn(device, topics, places);
    if (device.record(OUT, toHex(group))) continue;
    if (act.kind === "say") told.push(tell(device, group, `${act.who} ${i}`));
    if (act.kind === "remove") remove(device, group, devices.get(act.whom) ?? assert.fail());
    post(device, topics);
  }
  return { told, topics };
}

function tell(device: Device, group: GroupId, text: string): Told {
  const { answer } = say(device, group, text);
  assert(answer.kind === "message");
  const said = device
    .ids(SAID)
    .map((id) => device.existing(SAID, id))
    .find(({ id }) => toHex(id) === toHex(answer.id));
  assert(said);
  return { by: device.name as Person, text, said, knew: removalsKnownTo(device, group) };
}

function removalsKnownTo(device: Device, group: GroupId): readonly string[] {
  const { entries } = device.log(group);
  return entries.filter(({ action }) => action.kind === "remove").map(({ hash }) => toHex(hash));
}

function remove(by: Device, group: GroupId, whom: Device): void {
  const change: GroupChange = { kind: "remove", accounts: [whom.account().account] };
  try {
    by.put({ kind: "change-group", group, change });
  } catch {
    // has no right to it, or it is done already
  }
}

function post(device: Device, topics: Map<string, Uint8Array[]>): void {
  for (const id of [...device.ids(OUTBOX)].sort()) {
    const { envelope, topic } = device.existing(OUTBOX, id);
    topics.set(toHex(topic), [...(topics.get(toHex(topic)) ?? []), envelope]);
    device.save(OUTBOX, id, null);
  }
}

function readOn(device: Device, topics: ReadonlyMap<string, readonly Uint8Array[]>, places: Map<string, number>): void {
  for (const id of device.ids(TOPIC)) {
    const { topic } = device.existing(TOPIC, id);
    const items = topics.get(id) ?? [];
    const name = `${device.name}/${id}`;
    for (let at = places.get(name) ?? 0; at < items.length; at++)
      deliverOne(device, topic, at + 1, items[at] ?? assert.fail());
    places.set(name, items.length);
  }
}

/**
 * Gives the device everything that was written but for what is lost (`topic/number`), in an order that `pick` chooses:
 * which of `count` comes next.
 */
export function readAll(
  device: Device,
  { topics }: Story,
  pick: (count: number) => number,
  lost: ReadonlySet<string> = new Set(),
): void {
  const done = new Set<string>(lost);
  for (;;) {
    const open: { topic: Topic; at: number; name: string; envelope: Uint8Array }[] = [];
    for (const id of device.ids(TOPIC)) {
      const { topic } = device.existing(TOPIC, id);
      for (const [at, envelope] of (topics.get(id) ?? []).entries())
        if (!done.has(`${id}/${at}`)) open.push({ topic, at, name: `${id}/${at}`, envelope });
    }
    const next = open[pick(open.length)];
    if (!next) return;
    done.add(next.name);
    deliverOne(device, next.topic, next.at + 1, next.envelope);
  }
}
