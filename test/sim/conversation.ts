/** What was said in a simulation and by whom, and what must hold once everything has settled. */
import assert from "node:assert/strict";
import { HeaderKey } from "../../src/crypto/epoch-secrets.ts";
import { openHeader } from "../../src/crypto/group-message.ts";
import { membersOf } from "../../src/protocol/membership-log.ts";
import { EPOCH } from "../../src/protocol/records/epoch.ts";
import { decode } from "../../src/wire/encoding.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { GroupMessageBody } from "../../src/wire/group-message.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import type { SimDevice } from "./sim-device.ts";
import type { World } from "./world.ts";

interface Said {
  readonly by: string;
  readonly text: string;
  /** Accounts that were in the group when it was sealed. */
  readonly readers: ReadonlySet<string>;
}

export interface Conversation {
  readonly group: string;
  readonly said: readonly Said[];
  /** Sends a text, without waiting for a relay; if the device dies of it, again under the same call id. */
  readonly say: (device: SimDevice, text?: string) => Promise<void>;
  /** Notes a text that was sent in some other way, now. */
  readonly note: (device: SimDevice, text: string) => void;
}

/** Begins with the group's members as they are. */
export function conversationIn(world: World, group: string): Conversation {
  const said: Said[] = [];
  const note = (device: SimDevice, text: string): void => {
    const { sending } = device.group(group);
    const roster = sending && device.roster(toHex(sending));
    assert(roster, `${device.name} sent without an epoch`);
    said.push({ by: device.name, text, readers: new Set(roster.map(({ account }) => toHex(account))) });
  };
  return {
    group,
    said,
    note,
    say: async (device, text = `${device.name} says number ${said.length}`) => {
      const call = `say-${world.clock.nowMs()}-${text}`;
      while (!(await world.survives(device, device.call("send", { group, text, waitMs: 0 }, call)))) {
        await world.during(device.start());
      }
      note(device, text);
    },
  };
}

export const isIn = (device: SimDevice, group: string): boolean => device.profile().records.has(`group/${group}`);

/** All that must hold when nothing is under way any more. The seed stands in every message. */
export function checkSettled(world: World, conversation: Conversation, { restored = false } = {}): void {
  const inside = world.devices.filter((device) => isIn(device, conversation.group));
  checkAgreement(world, conversation.group, inside);
  for (const device of inside) checkReader(world, conversation, device, restored);
  checkRelays(world, conversation, restored);
}

function checkAgreement(world: World, group: string, inside: readonly SimDevice[]): void {
  const views = inside.map((device) => {
    const log = device.log(group);
    const members = membersOf(log).map(({ account, role }) => `${toHex(account)} ${role}`);
    const { sending, missing } = device.group(group);
    return { name: device.name, members: members.sort(), sending: sending && toHex(sending), missing: missing.length };
  });
  const [first] = views;
  assert(first, `seed ${world.seed}: nobody is in the group`);
  for (const { name, members, sending } of views) {
    assert.deepEqual(members, first.members, `seed ${world.seed}: ${name} and ${first.name} see other members`);
    assert.equal(sending, first.sending, `seed ${world.seed}: ${name} and ${first.name} are in other epochs`);
  }
}

/** A restored device can lack what it wrote itself after the copy was made; nobody else may. */
function checkReader(world: World, { group, said }: Conversation, device: SimDevice, restored: boolean): void {
  const account = device.account();
  const lines = device.texts(group);
  const expected = said.filter(({ by, readers }) => (by === device.name ? !restored : readers.has(account)));
  const where = `seed ${world.seed}: at ${device.name}`;
  for (const { text } of expected)
    assert.equal(lines.filter((line) => line.text === text).length, 1, `${where} "${text}" stands once`);
  for (const { text, from } of lines)
    assert(
      said.some((each) => each.text === text && each.by === from),
      `${where}: nobody said "${text}" as ${from}`,
    );
  for (const name of new Set(said.map(({ by }) => by))) {
    const inOrder = expected.filter(({ by }) => by === name).map(({ text }) => text);
    const shown = lines.filter(({ from, text }) => from === name && inOrder.includes(text)).map(({ text }) => text);
    // what one relay has in order can come from two in any
    if (world.relays.length === 1) assert.deepEqual(shown, inOrder, `${where}: the order of ${name}'s messages`);
  }
}

function checkRelays(world: World, conversation: Conversation, restored: boolean): void {
  const secrets = [...conversation.said.map(({ text }) => text), ...world.devices.map(({ name }) => name)];
  const places = new Map<string, string>();
  const nonces = new Set<string>();
  const bodies = new Set<string>();
  for (const envelope of world.relays.flatMap((relay) => relay.everything())) {
    const bytes = Buffer.from(envelope);
    for (const secret of secrets)
      assert(secret.length < 5 || !bytes.includes(secret), `seed ${world.seed}: a relay holds "${secret}"`);
    const decoded = decodeEnvelope(envelope);
    if (decoded?.kind !== ENVELOPE_KIND.message || bodies.has(toHex(decoded.body))) continue;
    bodies.add(toHex(decoded.body));
    const place = placeOf(world, decoded.topic, decoded.body);
    if (!restored) assert(!places.has(place), `seed ${world.seed}: two messages at one place of a chain`);
    places.set(place, toHex(decoded.body));
    const body = decode(GroupMessageBody, decoded.body);
    for (const nonce of [body?.nonce, body?.headerNonce]) {
      const name = toHex(nonce ?? new Uint8Array());
      assert(!nonces.has(name), `seed ${world.seed}: a nonce was used twice`);
      nonces.add(name);
    }
  }
}

/** Epoch, device and iteration of a message, read with any device's header key. */
function placeOf(world: World, topic: Uint8Array, body: Uint8Array): string {
  for (const device of world.devices)
    for (const key of device.profile().records.keys()) {
      if (!key.startsWith(EPOCH.prefix)) continue;
      const epoch = device.record(EPOCH, key.slice(EPOCH.prefix.length));
      if (!epoch || toHex(epoch.topic) !== toHex(topic)) continue;
      const header = openHeader(world.primitives, HeaderKey.from(epoch.headerKey), epoch.epoch, body);
      assert(typeof header !== "string", `seed ${world.seed}: a relay holds a message that no member can read`);
      return `${toHex(epoch.epoch)}/${header.index}/${header.iteration}`;
    }
  assert.fail(`seed ${world.seed}: a relay holds a message that nobody has the epoch of`);
}

/** A group of these devices, made by the first of them, who invites the others. */
export async function groupOf(world: World, [founder, ...others]: readonly SimDevice[]): Promise<Conversation> {
  assert(founder);
  const { group } = await world.call(founder, "group-create", { name: "walking club" });
  const { link } = await world.call(founder, "group-invite", { group: group.id });
  const joining = others.map((device) => device.call("group-join", { link, waitMs: 60_000 }));
  await world.during(Promise.all(joining));
  await world.clock.pass(5_000);
  return conversationIn(world, group.id);
}
