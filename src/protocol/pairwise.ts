/**
 * Telling another device something: seal it in the session with that device and put it in the outbox, or keep
 * it until the device's prekeys have come.
 * @see PROTOCOL.md § Pairwise sessions
 */
import { SEAL_RANDOM_BYTES, START_RANDOM_BYTES, sealTo, startSession } from "../crypto/pairwise-session.ts";
import type { PairwiseSession } from "../crypto/pairwise-session-state.ts";
import type { OurIdentity } from "../crypto/pqxdh.ts";
import { checkBundle, checkOneTimePrekey, openBundle, openOneTimePrekey } from "../crypto/prekey-bundle.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { OneTimePrekey, PrekeyBundle } from "../wire/bundle.ts";
import { encode } from "../wire/encoding.ts";
import { AccountKey, type DeviceKey, type TimeMs } from "../wire/ids.ts";
import { DEVICES_PER_ACCOUNT_MAX } from "../wire/limits.ts";
import { type ContactPoint, encodePairwisePayload, PAYLOAD_ITEMS_MAX, PayloadItem } from "../wire/pairwise-payload.ts";
import type { TakenPrekeys } from "../wire/prekey-frames.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { contactPoint } from "./account.ts";
import type { Work } from "./effects.ts";
import { keepKeyLetter } from "./key-letters.ts";
import { enqueue } from "./outbox.ts";
import { ACCOUNT, type AccountState } from "./records/account.ts";
import { PEER, PENDING, PENDING_ITEMS_MAX, RENEWAL, SESSION } from "./records/pairwise.ts";
import { idOf } from "./records/record.ts";
import { loadAll, read, readExisting, type Step, scan, write } from "./step.ts";
import { depositEnvelope } from "./topic-envelope.ts";

/** Bytes of items packed into one letter: a 44,000 B piece of a log and small items fit. */
const LETTER_ITEMS_MAX_BYTES = 48_000;
/** Accounts whose prekeys we are waiting for, looked at in one go. */
const PENDING_DEVICES_MAX = 10_000;

/** A device and whose it is. */
export interface Addressee {
  readonly account: AccountKey;
  readonly device: DeviceKey;
}

/** A bundle that was checked, with a one-time prekey if there was one. */
export interface PeerPrekeys {
  readonly bundle: PrekeyBundle;
  readonly oneTime: OneTimePrekey | undefined;
}

/** Our device as a session wants it. */
export function identityOf(account: AccountState): OurIdentity {
  return {
    certificate: { account: account.account, device: account.device, signature: account.certificate },
    identity: account.identity,
    identitySecret: account.identitySecret,
  };
}

/** Tells a device these things: now if we have a session, else as soon as its prekeys are here. */
export function* tell(work: Work, to: Addressee, items: readonly PayloadItem[]): Step<void> {
  yield* tellEach(work, [to], items);
}

/** Tells several devices the same, each in its own session. */
export function* tellEach(work: Work, all: readonly Addressee[], items: readonly PayloadItem[]): Step<void> {
  const sender = senderOf(work, yield* readExisting(work, ACCOUNT));
  const others = all.filter(({ device }) => !equalBytes(sender.account.device, device));
  yield* loadAll(
    work,
    others.flatMap(({ device }) => [SESSION, RENEWAL, PEER].map(({ prefix }) => prefix + toHex(device))),
  );
  const letters = written(sender, items);
  for (const to of others) yield* tellOne(work, sender, to, letters);
  for (const { payload } of letters) payload.fill(0);
}

/** This device, and where it wants to be answered. */
interface Sender {
  readonly account: AccountState;
  readonly replyTo: ContactPoint;
}

/** Items that go together, and the payload that they make: the same for all who are told them. */
interface Letter {
  readonly items: readonly PayloadItem[];
  /** Erased by whoever made it. */
  readonly payload: Uint8Array;
}

const written = ({ replyTo }: Sender, items: readonly PayloadItem[]): readonly Letter[] =>
  inLetters(items).map((some) => ({
    items: some,
    payload: encodePairwisePayload({ version: 1, replyTo, items: some }),
  }));

const senderOf = (work: Work, account: AccountState): Sender => ({ account, replyTo: contactPoint(work.p, account) });

function* tellOne(work: Work, sender: Sender, to: Addressee, letters: readonly Letter[]): Step<void> {
  const session = yield* read(work, SESSION, toHex(to.device));
  const isRenewed = yield* read(work, RENEWAL, toHex(to.device));
  if (session && !isRenewed) yield* sendLetters(work, sender, session, letters);
  else {
    const items = letters.flatMap((each) => each.items);
    const id = idOf(to.account, to.device);
    const before = (yield* read(work, PENDING, id))?.items ?? [];
    write(work, PENDING, id, { items: [...before, ...items].slice(-PENDING_ITEMS_MAX) });
    work.effects.push({ kind: "take-prekeys", account: to.account });
  }
}

/** Tells a device these things, starting a session from its prekeys unless we have a good one. */
export function* tellWith(work: Work, prekeys: PeerPrekeys, items: readonly PayloadItem[]): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const device = toHex(prekeys.bundle.certificate.device);
  const previous = yield* read(work, SESSION, device);
  const isGood = previous && !(yield* read(work, RENEWAL, device));
  const session = isGood ? previous : start(work, account, prekeys, previous);
  if (!session) return;
  write(work, RENEWAL, device, null);
  const sender = senderOf(work, account);
  const letters = written(sender, items);
  yield* sendLetters(work, sender, session, letters);
  for (const { payload } of letters) payload.fill(0);
}

function start(
  work: Work,
  account: AccountState,
  { bundle, oneTime }: PeerPrekeys,
  previous: PairwiseSession | undefined,
): PairwiseSession | undefined {
  const moment = { now: work.nowMs as TimeMs, random: work.random(START_RANDOM_BYTES) };
  useRelaysOf(work, bundle.relays);
  return startSession(work.p, identityOf(account), { bundle, oneTime, previous }, moment);
}

function* sendLetters(
  work: Work,
  { account }: Sender,
  session: PairwiseSession,
  letters: readonly Letter[],
): Step<void> {
  const device = toHex(session.peer.certificate.device);
  const to = (yield* read(work, PEER, device))?.contact;
  useRelaysOf(work, to?.relays ?? []);
  let current = session;
  for (const { items, payload } of letters) {
    const by = { sender: account.device, random: work.random(SEAL_RANDOM_BYTES) };
    const sealed = sealTo(work.p, current, { payload, to }, by);
    current = sealed.session;
    const envelope = depositEnvelope(sealed.inbox, sealed.depositBody);
    yield* enqueue(work, sealed.inbox, envelope);
    yield* keepKeyLetter(work, session.peer.certificate.device, items, { topic: sealed.inbox, envelope });
  }
  write(work, SESSION, device, current);
}

/** An inbox can only be written to at a relay that its owner reads. */
function useRelaysOf(work: Work, relays: readonly string[]): void {
  if (relays.length > 0) work.effects.push({ kind: "use-relays", relays, toldBy: "peer" });
}

/** Items in as few letters as they fit. */
function inLetters(items: readonly PayloadItem[]): readonly (readonly PayloadItem[])[] {
  const letters: PayloadItem[][] = [];
  let free = 0;
  for (const item of items) {
    const size = encode(PayloadItem, item).length;
    if (size > free || (letters.at(-1)?.length ?? 0) >= PAYLOAD_ITEMS_MAX) {
      letters.push([]);
      free = LETTER_ITEMS_MAX_BYTES;
    }
    letters.at(-1)?.push(item);
    free -= size;
  }
  return letters;
}

/** The prekeys in a directory's answer that are genuinely this account's: of each device the newest, since anyone can put an old bundle back. */
export function checkTaken(work: Work, account: AccountKey, taken: readonly TakenPrekeys[]): readonly PeerPrekeys[] {
  const newest = new Map<string, PeerPrekeys>();
  for (const each of taken) {
    const bundle = openBundle(work.p, account, each.bundle);
    if (!bundle || checkBundle(work.p, bundle, account) !== "valid") continue;
    // several relays hand out the same one-time prekeys, of which each opens one letter only
    const isAlone = bundle.relays.length < 2;
    const oneTime = isAlone && each.oneTime && openOneTimePrekey(work.p, account, each.oneTime.sealed);
    const genuine = oneTime && checkOneTimePrekey(work.p, oneTime, bundle) === "valid";
    const found = { bundle, oneTime: genuine ? oneTime : undefined };
    const name = toHex(bundle.certificate.device);
    const known = newest.get(name);
    if (!known || known.bundle.createdAt < bundle.createdAt) newest.set(name, found);
  }
  return [...newest.values()].slice(0, DEVICES_PER_ACCOUNT_MAX);
}

/** Prekeys of an account have come: whatever waited for its devices goes out. */
export function* tellPending(work: Work, account: AccountKey, taken: readonly TakenPrekeys[]): Step<void> {
  for (const prekeys of checkTaken(work, account, taken)) {
    const id = idOf(account, prekeys.bundle.certificate.device);
    const pending = yield* read(work, PENDING, id);
    if (!pending) continue;
    write(work, PENDING, id, null);
    yield* tellWith(work, prekeys, pending.items);
  }
}

/** A device has written to us, so there is a session now: what waited for its prekeys goes out in that. */
export function* tellWaiting(work: Work, to: Addressee): Step<void> {
  const id = idOf(to.account, to.device);
  const pending = yield* read(work, PENDING, id);
  if (!pending) return;
  write(work, PENDING, id, null);
  yield* tell(work, to, pending.items);
}

/** Asks again for all prekeys that we wait for; at every start and after a relay came back. */
export function* askForPending(work: Work): Step<void> {
  const accounts = new Set<string>();
  for (const [id] of yield* scan(work, PENDING, "", PENDING_DEVICES_MAX)) accounts.add(id.split("/")[0] ?? "");
  for (const each of accounts)
    work.effects.push({ kind: "take-prekeys", account: AccountKey.from(fromHex(each) ?? new Uint8Array()) });
}
