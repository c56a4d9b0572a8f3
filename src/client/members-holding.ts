/** What other members have of what we wrote, and whether we are in step with them: what there is to know without a relay. */
import { outboxId } from "../protocol/outbox.ts";
import { EPOCH } from "../protocol/records/epoch.ts";
import { GROUP } from "../protocol/records/group.ts";
import { REQUEST } from "../protocol/records/joining.ts";
import { OUTBOX, type OutboxState } from "../protocol/records/outbox.ts";
import { TOPIC } from "../protocol/records/topic.ts";
import { ENVELOPE_KIND, kindOf } from "../wire/envelope.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { GroupName } from "./api.ts";
import type { CallContext } from "./calls.ts";
import { allGroups } from "./group-names.ts";
import { isOutOf } from "./group-ranks.ts";
import { readRecord, scanRecords } from "./profile-reader.ts";
import { groupName } from "./views.ts";

/** Newest of a call's messages and entries that members are asked for: more than one call writes in a group. */
const ASKED_FOR = 64;

type Holding = Pick<CallContext, "store" | "network" | "topics">;

/**
 * Devices of other members, connected to us, that have all messages and entries which were queued since, and which no relay
 * has taken: in each topic so many at least. Who has no key of the group's present epoch does not count, as somebody who
 * was just removed. @param since how many had been queued before
 */
export async function heldByMembers(context: Omit<Holding, "topics">, since: number): Promise<number> {
  const byTopic = new Map<string, OutboxState[]>();
  for (const row of (await waitingInGroups(context.store, since)).slice(-ASKED_FOR))
    byTopic.set(toHex(row.topic), [...(byTopic.get(toHex(row.topic)) ?? []), row]);
  const counts = [...byTopic.values()].map((rows) => heldOf(context, rows));
  return counts.length === 0 ? 0 : Math.min(...(await Promise.all(counts)));
}

/** The same of rows of one topic. */
async function heldOf({ store, network }: Omit<Holding, "topics">, rows: readonly OutboxState[]): Promise<number> {
  const topic = rows[0]?.topic;
  if (topic === undefined) return 0;
  const written = { topic, envelopes: rows.map(({ envelope }) => envelope) };
  return (await network.heldBy?.(written, (await presentTopic(store, topic)) ?? topic)) ?? 0;
}

/** The topic in which we write now in the group to whose epoch this one belongs. */
async function presentTopic(store: Holding["store"], topic: Topic): Promise<Topic | undefined> {
  const use = (await readRecord(store, TOPIC, toHex(topic)))?.use;
  const epoch = use?.kind === "epoch" ? await readRecord(store, EPOCH, toHex(use.epoch)) : undefined;
  const sending = epoch && (await readRecord(store, GROUP, toHex(epoch.group)))?.sending;
  return sending && (await readRecord(store, EPOCH, toHex(sending)))?.topic;
}

async function waitingInGroups(store: Holding["store"], since: number): Promise<readonly OutboxState[]> {
  const rows = await scanRecords(store, OUTBOX, { after: outboxId(since) });
  const isGroups = (kind: number): boolean => kind === ENVELOPE_KIND.message || kind === ENVELOPE_KIND.entry;
  return rows.map(([, row]) => row).filter(({ envelope }) => isGroups(kindOf(envelope)));
}

/** A group with others in it, and the topic in which we write; undefined while we have no key. */
interface Place {
  readonly name: GroupName;
  readonly topic: Topic | undefined;
}

async function placesWithOthers(store: Holding["store"]): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const group of await allGroups(store)) {
    if (group.members < 2 || (await isOutOf(store, group))) continue;
    const epoch = group.sending && (await readRecord(store, EPOCH, toHex(group.sending)));
    places.push({ name: groupName(group), topic: epoch?.topic });
  }
  return places;
}

/** Groups with others in them of which nobody is connected who has told us everything. */
export async function unreachedGroups(context: Holding): Promise<readonly GroupName[]> {
  return (await placesWithOthers(context.store)).filter((each) => !isReached(context, each)).map(({ name }) => name);
}

const isReached = ({ network, topics }: Holding, { topic }: Place): boolean =>
  topic !== undefined && topics.caughtUp.has(toHex(topic)) && (network.readAt?.(topic) ?? 0) > 0;

/** Whether each group was read to its end at somebody who is there and has what we wrote. Letters wait for their owners. */
export async function isInStepWithMembers(context: Holding): Promise<boolean> {
  const { store, network } = context;
  const places = await placesWithOthers(store);
  if (network.peers().length === 0 || !places.every((each) => isReached(context, each))) return false;
  if ((await scanRecords(store, REQUEST, { limit: 1 })).length > 0) return false;
  const newest = new Map((await waitingInGroups(store, 0)).map((row) => [toHex(row.topic), row]));
  const written = places.flatMap(({ topic }) => (topic && newest.get(toHex(topic))) || []);
  const held = await Promise.all(written.map((row) => heldOf(context, [row])));
  return held.every((devices) => devices > 0);
}
