/**
 * A group of any size in which three devices are real: the owner, who has a session with everybody, an admin who has
 * one with the owner only, and one who comes last. The others are keys that were added, and answered once.
 */

import { readExistingRecord, scanRecords } from "../src/client/profile-reader.ts";
import { SEAL_RANDOM_BYTES, sealTo } from "../src/crypto/pairwise-session.ts";
import { OPEN_RANDOM_BYTES, openDeposit, openFrom } from "../src/crypto/received-letter.ts";
import { nativePrimitives as p } from "../src/crypto-native/native-primitives.ts";
import { addMembers, memberFrom } from "../src/protocol/joining.ts";
import type { Input } from "../src/protocol/machine.ts";
import { GROUP, type GroupState } from "../src/protocol/records/group.ts";
import { TOPIC } from "../src/protocol/records/topic.ts";
import { depositEnvelope } from "../src/protocol/topic-envelope.ts";
import { ROLE } from "../src/wire/entry.ts";
import { decodeEnvelope } from "../src/wire/envelope.ts";
import type { EntryHash, TimeMs } from "../src/wire/ids.ts";
import { encodePairwisePayload } from "../src/wire/pairwise-payload.ts";
import { toHex } from "../src/wire/text-forms.ts";
import {
  type Device,
  delivery,
  inputs,
  makeDevice,
  type Posted,
  processorTime,
  random,
  runStep,
  takeOutbox,
} from "./device.ts";
import { memoryStore } from "./memory-store.ts";
import { makePairwiseDevice, type PairwiseDevice } from "./pairwise-device.ts";

/** People in one add: what one letter of a log carries. */
const PEOPLE_PER_ADD = 50;

export interface Club {
  readonly owner: Device;
  readonly admin: Device;
  readonly people: readonly PairwiseDevice[];
  readonly group: GroupState;
}

/** A group of `members` people, the owner among them. */
export async function makeClub(members: number): Promise<Club> {
  const [owner, admin] = [await makeDevice(memoryStore(), "owner"), await makeDevice(memoryStore(), "admin")];
  const created = await owner.put({ kind: "create-group", name: "club" });
  if (created.kind !== "group") throw new Error(created.kind);
  let group = created.group;
  const people = Array.from({ length: members - 2 }, makePairwiseDevice);
  for (let at = 0; at < people.length; at += PEOPLE_PER_ADD) {
    const some = people.slice(at, at + PEOPLE_PER_ADD);
    const prekeys = some.map(({ bundle }) => ({ bundle, oneTime: undefined }));
    const joining = prekeys.map((each) => memberFrom([each], ROLE.member));
    group = await runStep(owner, (work) => addMembers(work, group, joining, prekeys));
    await answerAll(owner, some, group);
  }
  await owner.put({
    kind: "add",
    group: group.group,
    account: admin.account.account,
    taken: admin.taken(),
    role: ROLE.admin,
  });
  await exchange(owner, admin);
  return { owner, admin, people, group: await readExistingRecord(owner.store, GROUP, toHex(group.group)) };
}

/** Each of these opens the first letter to it and answers, so that the session turns. */
async function answerAll(owner: Device, people: readonly PairwiseDevice[], group: GroupState): Promise<void> {
  const letters = new Map((await takeOutbox(owner)).map((each) => [toHex(each.topic), each]));
  const answers = people.map((each) => {
    const letter = letters.get(toHex(each.bundle.identity.inbox));
    if (!letter) throw new Error("somebody was not welcomed");
    return delivery(answerTo(owner, each, letter, group));
  });
  await inputs(owner.put, answers);
}

function answerTo(owner: Device, person: PairwiseDevice, letter: Posted, { group }: GroupState): Posted {
  const { ours, signedPrekey, lastResort, sealingSecret } = person;
  const body = decodeEnvelope(letter.envelope)?.body ?? new Uint8Array();
  const envelope = openDeposit(p, ours.identity.inbox, sealingSecret, body);
  if (!envelope) throw new Error("not for this person");
  const held = { ours, signedPrekey, lastResort };
  const opened = openFrom(p, held, envelope, { now: Date.now() as TimeMs, random: random(OPEN_RANDOM_BYTES) });
  if (opened.kind !== "opened") throw new Error(opened.kind);
  const replyTo = { inbox: ours.identity.inbox, sealingKey: ours.identity.sealingKey, relays: [] };
  const items = [{ kind: "received" as const, group, entry: group as Uint8Array as EntryHash }];
  const payload = encodePairwisePayload({ version: 1, replyTo, items });
  const by = { sender: ours.certificate.device, random: random(SEAL_RANDOM_BYTES) };
  const { depositBody } = sealTo(p, opened.session, { payload }, by);
  const inbox = owner.account.publicInbox.topic;
  return { topic: inbox, envelope: depositEnvelope(inbox, depositBody) };
}

/** What both post goes to the other until nobody says anything; answers what each of them posted. */
export async function exchange(one: Device, other: Device): Promise<void> {
  for (let round = 0; round < 6; round++) {
    const [from, back] = [await takeOutbox(one), await takeOutbox(other)];
    await inputs(other.put, from.map(delivery));
    await inputs(one.put, back.map(delivery));
    if (from.length + back.length === 0) return;
  }
}

/** What something costs: µs of processor time, and what was posted. */
export interface Cost {
  readonly us: number;
  readonly posted: readonly Posted[];
}

/** Of these, what a holder would deliver to a device: envelopes of topics that it reads. */
export async function deliveriesTo({ store }: Device, posted: readonly Posted[]): Promise<readonly Input[]> {
  const topics = new Set((await scanRecords(store, TOPIC, { limit: 1_000_000 })).map(([id]) => id));
  return posted.filter(({ topic }) => topics.has(toHex(topic))).map(delivery);
}

/** Puts inputs into a device. */
export async function cost(device: Device, ...what: readonly Input[]): Promise<Cost> {
  const us = await processorTime(async () => {
    await inputs(device.put, what);
    await device.finish();
  });
  return { us, posted: await takeOutbox(device) };
}

export const bytesOf = (posted: readonly Posted[]): number =>
  posted.reduce((sum, { envelope }) => sum + envelope.length, 0);
