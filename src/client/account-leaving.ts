/**
 * Leaving for good: all groups, the directory and the inboxes. What the relays do not take now stays with them until it
 * expires; whoever asked is told what that is.
 */
import { withdrawnRecord } from "../protocol/account.ts";
import { accountTopicKeys } from "../protocol/account-topic-box.ts";
import { ACCOUNT, type AccountState } from "../protocol/records/account.ts";
import type { GroupState } from "../protocol/records/group.ts";
import { PREKEYS } from "../protocol/records/pairwise.ts";
import { CURSOR } from "../protocol/records/topic.ts";
import { ROLE } from "../wire/entry.ts";
import { Fault } from "../wire/fault.ts";
import { LogId, type Topic } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientMethods, GroupName } from "./api.ts";
import { catchUp, waitSent } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { PersonName } from "./group-api.ts";
import { allGroups } from "./group-names.ts";
import { isOutOf, type Standing, standingIn } from "./group-ranks.ts";
import { change, heirIn } from "./membership-calls.ts";
import { readExistingRecord, scanRecords } from "./profile-reader.ts";
import { groupName } from "./views.ts";

/** Places in topics of ours that are looked through for inboxes: two inboxes and the account's, at several relays. */
const CURSORS_MAX = 1_000_000;

/** See `account-leave` in api.ts. */
export async function leaveEverything(
  context: CallContext,
  { handOverAll, waitMs }: ClientMethods["account-leave"][0],
  options: CallOptions,
): Promise<ClientMethods["account-leave"][1]> {
  const since = await catchUp(context, options);
  const places = await placesOf(context);
  if (!handOverAll && places.some(({ heir }) => heir !== undefined))
    throw new Fault("usage/not-allowed", "you own groups in which others are, so nothing was deleted", {
      next: "hand-over",
    });
  const groups: { group: GroupName; handedTo?: PersonName }[] = [];
  for (const { group, heir } of places) {
    if (heir) await change(context, group, { kind: "role", account: heir.account, role: ROLE.owner });
    await change(context, group, { kind: "leave" });
    const left = { group: groupName(group) };
    groups.push(heir ? { ...left, handedTo: { account: toHex(heir.account), name: heir.name } } : left);
  }
  const sent = (await waitSent(context, { since, waitMs }, options)).state === "on-relay";
  await trimInboxes(context); // before the next, whose answer comes after it
  const withdrawn = await withdraw(context);
  return { groups, sent, withdrawn };
}

interface Place {
  readonly group: GroupState;
  /** Who takes over what we own. */
  readonly heir: ReturnType<typeof heirIn>;
}

/** The groups that we are in. */
async function placesOf({ store }: CallContext): Promise<readonly Place[]> {
  const places: Place[] = [];
  for (const group of await allGroups(store)) {
    if (await isOutOf(store, group)) continue;
    const at: Standing = await standingIn(store, group);
    places.push({ group, heir: at.self.role === ROLE.owner ? heirIn(at) : undefined });
  }
  return places;
}

/** Puts an empty record in the place of our prekeys, so that nobody can begin a session with this device any more. */
async function withdraw({ store, network, primitives, clock }: CallContext): Promise<boolean> {
  const account = await readExistingRecord(store, ACCOUNT);
  const { publishedAt } = await readExistingRecord(store, PREKEYS);
  if (network.relays().length === 0) return true;
  const { record, signature } = withdrawnRecord(primitives, account, Math.max(clock.nowMs(), publishedAt + 1));
  const answer = await network.publishPrekeys(record, signature);
  return answer !== "unreachable" && answer !== "refused";
}

/** Everything that we have read in our inboxes and in the account's topic goes from the relays. */
async function trimInboxes({ store, network, primitives }: CallContext): Promise<void> {
  const topics = ownTopics(await readExistingRecord(store, ACCOUNT), primitives);
  for (const [id, { sequence }] of await scanRecords(store, CURSOR, { limit: CURSORS_MAX })) {
    const [log = "", name = ""] = id.split("/");
    const topic = topics.get(name);
    if (topic && sequence > 0) network.trim(LogId.from(fromHex(log) ?? new Uint8Array()), topic, sequence);
  }
}

function ownTopics(account: AccountState, primitives: CallContext["primitives"]): ReadonlyMap<string, Topic> {
  const { topic } = accountTopicKeys(primitives, account.accountSeed);
  const all = [account.publicInbox.topic, account.privateInbox.topic, topic];
  return new Map(all.map((each) => [toHex(each), each]));
}
