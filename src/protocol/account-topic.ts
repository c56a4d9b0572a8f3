/**
 * The account topic: each device of an account posts there what it knows of the account's groups, devices and settings,
 * and reads what the others posted, so that the recovery words and a relay are enough to come back.
 *
 * 1. A snapshot holds everything that its device knew, so the newest of each device says it all; whatever differs is
 *    decided thing by thing, and no device undoes what another one added.
 * 2. Older envelopes are trimmed only when our newest snapshot has been read back, everything before it was taken in,
 *    and nothing has changed since it was made.
 * 3. A snapshot that is still in the outbox gives way to its successor.
 *
 * @see PROTOCOL.md § Account topic
 */
import { equalBytes } from "../verify/transcript.ts";
import { ACCOUNT_CONTACTS_MAX, type AccountItem, type AccountValue } from "../wire/account-snapshot.ts";
import {
  type AccountKey,
  type DeviceKey,
  GroupId,
  type LogId,
  Nonce,
  type Sequence,
  type TimeMs,
} from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { renameAccount, withdrawPrekeys } from "./account.ts";
import { accountTopicKeys, openAccountSnapshot, sealAccountSnapshot } from "./account-topic-box.ts";
import { inParts, isNewer, isSameValue, itemId } from "./account-topic-items.ts";
import { announce, type Work } from "./effects.ts";
import type { GroupView } from "./group-view.ts";
import { resolve } from "./log-resolution.ts";
import { enqueue, outboxId } from "./outbox.ts";
import { ACCOUNT, type AccountState, SHARED, SHARING, type SharingState } from "./records/account.ts";
import { EPOCH } from "./records/epoch.ts";
import { GROUP, OUT } from "./records/group.ts";
import { UNASKED } from "./records/joining.ts";
import { COUNTERS, OUTBOX, UNKNOWN_INBOX } from "./records/outbox.ts";
import { ROSTER } from "./records/roster.ts";
import { TOPIC } from "./records/topic.ts";
import { existingLog } from "./saved-log.ts";
import { read, readExisting, type Step, scan, write } from "./step.ts";
import { depositEnvelope } from "./topic-envelope.ts";

/** Ms after which a snapshot is posted again: relays keep envelopes for 30 days unless told otherwise. */
export const SNAPSHOT_AGE_MS = 7 * 24 * 3600 * 1000;
/** Ms within which a snapshot of several envelopes says what strangers did: each of their groups would cost all of them. */
export const SOON_MS = 3_600_000;

const NEVER: SharingState = { revision: 0, postedAt: 0 as TimeMs, outbox: [], first: undefined };

/** Reads the account topic from now on; at the first start of a version that has one, too. */
export function* openAccountTopic(work: Work): Step<void> {
  const { accountSeed } = yield* readExisting(work, ACCOUNT);
  const { topic, topicSeed } = accountTopicKeys(work.p, accountSeed);
  if (yield* read(work, TOPIC, toHex(topic))) return;
  write(work, TOPIC, toHex(topic), { topic, seed: topicSeed, use: { kind: "account" } });
}

/** After any step: what it changed of the things that are shared is told to the account's other devices. */
export function* shareChanges(work: Work): Step<void> {
  const written = [...work.written.keys()];
  const isNewAccount = written.includes(ACCOUNT.prefix);
  const groups = yield* changedGroups(work, written);
  if (!isNewAccount && groups.length === 0) return;
  const account = yield* readExisting(work, ACCOUNT);
  if (yield* isUnlinked(work, account)) return;
  const values: AccountValue[] = isNewAccount ? ownValues(account) : [];
  for (const id of groups) values.push(...(yield* groupValue(work, account, id)));
  if (!isNewAccount && (yield* areUnasked(work, groups))) yield* shareSoon(work, values);
  else yield* share(work, values);
}

/** Somebody put us into all of these, as anybody can who knows us. */
function* areUnasked(work: Work, groups: readonly string[]): Step<boolean> {
  for (const id of groups) if (!(yield* read(work, UNASKED, id))) return false;
  return true;
}

/** Says what others caused: at once while all fits one envelope, else within SOON_MS, as each time everything is said. */
function* shareSoon(work: Work, values: readonly AccountValue[]): Step<void> {
  const sharing = (yield* read(work, SHARING)) ?? NEVER;
  if (sharing.outbox.length < 2) return yield* share(work, values);
  let changed = false;
  for (const value of values) if (yield* noteShared(work, value)) changed = true;
  if (!changed) return;
  const atMs = Math.min(sharing.postedAt + SNAPSHOT_AGE_MS, work.nowMs + SOON_MS);
  const postedAt = Math.max(0, atMs - SNAPSHOT_AGE_MS) as TimeMs;
  write(work, SHARING, "", { ...sharing, postedAt, revision: sharing.revision + 1, first: undefined });
  work.effects.push({ kind: "wake", atMs });
}

/** Another device of the account has unlinked this one: it says nothing more in the account's name. */
export function* isUnlinked(work: Work, { device }: Pick<AccountState, "device">): Step<boolean> {
  const value = (yield* read(work, SHARED, `device/${toHex(device)}`))?.value;
  return value?.kind === "device" && value.unlinked;
}

/** The account is called this from now on, whichever of its devices says so. */
export function* takeName(work: Work, name: string): Step<void> {
  if (!(yield* isUnlinked(work, yield* readExisting(work, ACCOUNT)))) yield* renameAccount(work, name);
}

/** Changes that one can be ahead of what we know: a stolen device must not count to where nobody can count on. */
const COUNTER_REACH = 2 ** 32;

/** Tells the account's devices that this one is unlinked. */
export function* shareUnlinked(work: Work, device: DeviceKey): Step<void> {
  const before = (yield* read(work, SHARED, `device/${toHex(device)}`))?.value;
  const since = before?.kind === "device" ? before.since : (work.nowMs as TimeMs);
  yield* share(work, [{ kind: "device", device, since, unlinked: true }]);
}

/** Notes what others caused: the next snapshot says it, and each message of theirs does not cost one. Whether it is news. */
export function* noteShared(work: Work, value: AccountValue): Step<boolean> {
  const id = itemId(value);
  const before = yield* read(work, SHARED, id);
  if (before && isSameValue(before.value, value)) return false;
  write(work, SHARED, id, { counter: (before?.counter ?? 0) + 1, value });
  return true;
}

/** Says these things, where they are not what was said before. */
export function* share(work: Work, values: readonly AccountValue[]): Step<void> {
  let changed = false;
  for (const value of values) if (yield* noteShared(work, value)) changed = true;
  if (!changed) return;
  const sharing = (yield* read(work, SHARING)) ?? NEVER;
  write(work, SHARING, "", { ...sharing, revision: sharing.revision + 1, first: undefined });
  yield* postSnapshot(work);
}

/** Posts what was not posted for a week, or never, with everything as it is now. */
export function* refreshSnapshot(work: Work): Step<void> {
  const { postedAt } = (yield* read(work, SHARING)) ?? NEVER;
  if (work.nowMs - postedAt < SNAPSHOT_AGE_MS) return;
  const account = yield* readExisting(work, ACCOUNT);
  if (yield* isUnlinked(work, account)) return;
  const values = ownValues(account);
  for (const [id] of yield* scan(work, GROUP)) values.push(...(yield* groupValue(work, account, id)));
  yield* share(work, values);
  if (((yield* read(work, SHARING)) ?? NEVER).postedAt === postedAt) yield* postSnapshot(work);
}

function ownValues({ name, relays, device, createdAt }: AccountState): AccountValue[] {
  return [
    { kind: "settings", name, relays },
    { kind: "device", device, since: createdAt, unlinked: false },
  ];
}

/** Groups that have a new epoch, or that we are out of: lower-case hex. */
function* changedGroups(work: Work, written: readonly string[]): Step<readonly string[]> {
  const groups = new Set<string>();
  for (const key of written) {
    if (key.startsWith(GROUP.prefix) && work.written.get(key) === null) groups.add(key.slice(GROUP.prefix.length));
    if (key.startsWith(OUT.prefix)) groups.add(key.slice(OUT.prefix.length));
    if (!key.startsWith(ROSTER.prefix) || work.written.get(key) === null) continue;
    const epoch = yield* read(work, EPOCH, key.slice(ROSTER.prefix.length));
    if (epoch) groups.add(toHex(epoch.group));
  }
  return [...groups];
}

function* groupValue(work: Work, account: AccountState, id: string): Step<readonly AccountValue[]> {
  const before = (yield* read(work, SHARED, `group/${id}`))?.value;
  const known = before?.kind === "group" ? before : undefined;
  const state = yield* read(work, GROUP, id);
  if (!state || (yield* isAccountOut(work, account, id)))
    return known ? [{ ...known, relays: [], contacts: [], left: true }] : [];
  const { name, relays } = state;
  const had = known?.contacts ?? [];
  const log = yield* existingLog(work, id);
  // between two epochs nobody is known to have gone
  const contacts = state.sending ? contactsAmong(resolve(log).view, account.account, had) : had;
  return [{ kind: "group", group: GroupId.from(fromHex(id) ?? new Uint8Array()), name, relays, contacts, left: false }];
}

/** Not this device alone, but the whole account is out of the group. */
function* isAccountOut(work: Work, { account }: AccountState, id: string): Step<boolean> {
  if (!(yield* read(work, OUT, id))) return false;
  return !resolve(yield* existingLog(work, id)).view.members.has(toHex(account));
}

/**
 * Those known before who are still there, and others as long as there is room: so it seldom changes in a large group, and
 * does not cost more in one.
 */
function contactsAmong({ members }: GroupView, own: AccountKey, before: readonly AccountKey[]): readonly AccountKey[] {
  const kept = before.filter((each) => members.has(toHex(each)));
  if (kept.length > ACCOUNT_CONTACTS_MAX / 2) return kept;
  const known = new Set([own, ...kept].map(toHex));
  const contacts = [...kept];
  for (const [name, { account }] of members) {
    if (contacts.length >= ACCOUNT_CONTACTS_MAX) break;
    if (!known.has(name)) contacts.push(account);
  }
  return contacts;
}

/** Everything that this device knows, into the outbox. Nothing without a relay. */
function* postSnapshot(work: Work): Step<void> {
  const { accountSeed, device, relays } = yield* readExisting(work, ACCOUNT);
  const items = (yield* scan(work, SHARED)).map(([, item]) => item);
  if (relays.length === 0 && !items.some(({ value }) => value.kind === "group" && value.relays.length > 0)) return;
  const sharing = (yield* read(work, SHARING)) ?? NEVER;
  for (const number of sharing.outbox)
    if (yield* read(work, OUTBOX, outboxId(number))) {
      write(work, OUTBOX, outboxId(number), null);
      write(work, UNKNOWN_INBOX, outboxId(number), null);
    }
  const keys = accountTopicKeys(work.p, accountSeed);
  const parts = inParts(items);
  const outbox: number[] = [];
  for (const [part, each] of parts.entries()) {
    const snapshot = {
      version: 1,
      device,
      revision: sharing.revision,
      part,
      parts: parts.length,
      items: each,
    } as const;
    const body = sealAccountSnapshot(work.p, keys, snapshot, Nonce.from(work.random(24)));
    yield* enqueue(work, keys.topic, depositEnvelope(keys.topic, body), { kind: "account" });
    outbox.push((yield* readExisting(work, COUNTERS)).outbox);
  }
  write(work, SHARING, "", { ...sharing, postedAt: work.nowMs as TimeMs, outbox, first: undefined });
}

/** Where an envelope of the account topic was read. */
export interface ReadAt {
  readonly log: LogId;
  readonly sequence: Sequence;
}

/** Somebody has our words, or another device has put us out: we hear of it here, if nowhere else. */
function* takeOwnNews(work: Work, { item: { value }, known, device }: News): Step<void> {
  if (value.kind === "settings") yield* takeName(work, value.name);
  if (value.kind !== "device") return;
  const isUs = equalBytes(value.device, device);
  if (isUs && value.unlinked) {
    announce(work, { kind: "warning", code: "own-unlinked" });
    yield* withdrawPrekeys(work); // nobody shall take this device for one of the account's any more
  }
  if (!isUs && !known && !value.unlinked)
    announce(work, { kind: "warning", code: "own-new-device", device: value.device });
}

interface News {
  readonly item: AccountItem;
  /** The item that it replaces. */
  readonly known: AccountItem | undefined;
  /** This device. */
  readonly device: DeviceKey;
}

/** A snapshot by a device of our account; answers the items that are new to this one. */
export function* receiveSnapshot(work: Work, at: ReadAt, body: Uint8Array): Step<readonly AccountItem[]> {
  const { accountSeed, device } = yield* readExisting(work, ACCOUNT);
  const keys = accountTopicKeys(work.p, accountSeed);
  const snapshot = openAccountSnapshot(work.p, keys, body);
  if (!snapshot) return []; // the relay can put anything there
  const news: AccountItem[] = [];
  for (const item of snapshot.items) {
    const id = itemId(item.value);
    const known = yield* read(work, SHARED, id);
    if (known && !isNewer(work.p, item, known)) continue;
    if (item.counter > (known?.counter ?? 0) + COUNTER_REACH) continue;
    write(work, SHARED, id, item);
    yield* takeOwnNews(work, { item, known, device });
    news.push(item);
  }
  const before = (yield* read(work, SHARING)) ?? NEVER;
  if (news.length > 0) write(work, SHARING, "", { ...before, revision: before.revision + 1, first: undefined });
  else if (equalBytes(snapshot.device, device) && snapshot.revision === before.revision) {
    const first = snapshot.part === 0 ? at : before.first;
    if (snapshot.part === 0 && snapshot.parts > 1) write(work, SHARING, "", { ...before, first: at });
    const isWhole = snapshot.part + 1 >= snapshot.parts && first && equalBytes(first.log, at.log);
    if (isWhole && first.sequence > 1)
      work.effects.push({ kind: "trim", log: at.log, topic: keys.topic, upTo: (first.sequence - 1) as Sequence });
  }
  return news;
}
