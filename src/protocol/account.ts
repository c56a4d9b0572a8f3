/**
 * The account and this device: making them, what others are told of them, and the prekeys that let strangers
 * write while we are away.
 * @see PROTOCOL.md § Accounts and devices, § Prekey bundles
 */
import { issueDeviceCertificate, issueIdentityCertificate } from "../crypto/device-certificate.ts";
import { hashOf } from "../crypto/kdf.ts";
import {
  directoryKeyOf,
  lastResortPrekeyOf,
  makeBundle,
  makeOneTimePrekey,
  type SecretOneTimePrekey,
  sealBundle,
  sealOneTimePrekey,
  signedPrekeyOf,
} from "../crypto/prekey-bundle.ts";
import type { Primitives } from "../crypto/primitives.ts";
import { directoryRecordBytes } from "../verify/directory-record.ts";
import type { PrekeyBundle } from "../wire/bundle.ts";
import { Fault } from "../wire/fault.ts";
import {
  type AccountKey,
  DeviceKey,
  IdentityKey,
  type PrekeyId,
  SealingKey,
  Signature,
  SlotKey,
  type TimeMs,
  Topic,
} from "../wire/ids.ts";
import type { ContactPoint } from "../wire/pairwise-payload.ts";
import type { DirectoryRecord } from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { ACCOUNT, type AccountState, type InboxKeys } from "./records/account.ts";
import { ONE_TIME, PREKEYS, type PrekeyState } from "./records/pairwise.ts";
import { TOPIC } from "./records/topic.ts";
import { readExisting, type Step, scan, write } from "./step.ts";

/** One-time prekeys that the directory should hold (PROTOCOL.md § Prekey bundles). */
export const ONE_TIME_PREKEYS = 50;
/** Below this many the device makes new ones: a quarter. */
export const ONE_TIME_PREKEYS_LOW = 13;
/** Milliseconds after which the signed prekey is replaced: one week. */
export const SIGNED_PREKEY_MS = 7 * 24 * 3600 * 1000;

/** A new account with its first device; `accountSeed` (32 bytes) is what the recovery words stand for. */
export function createAccount(
  work: Work,
  input: { readonly name: string; readonly relays: readonly string[]; readonly accountSeed: Uint8Array },
): AccountState {
  const { p, random, nowMs } = work;
  const deviceSeed = random(32);
  const certificate = issueDeviceCertificate(p, input.accountSeed, DeviceKey.from(p.signingPublicKey(deviceSeed)));
  const identitySecret = random(32);
  const slotSeed = random(32);
  const publicInbox = newInbox(work);
  const state: AccountState = {
    accountSeed: input.accountSeed,
    account: certificate.account,
    deviceSeed,
    device: certificate.device,
    certificate: certificate.signature,
    name: input.name,
    identitySecret,
    identity: issueIdentityCertificate(p, deviceSeed, {
      identityKey: IdentityKey.from(p.agreementPublicKey(identitySecret)),
      sealingKey: SealingKey.from(p.agreementPublicKey(publicInbox.sealingSecret)),
      inbox: publicInbox.topic,
    }),
    slotSeed,
    slot: SlotKey.from(p.signingPublicKey(slotSeed)),
    publicInbox,
    privateInbox: newInbox(work),
    relays: input.relays,
    createdAt: nowMs as TimeMs,
  };
  write(work, ACCOUNT, "", state);
  write(work, PREKEYS, "", firstPrekeys(work));
  readInbox(work, state.publicInbox, true);
  readInbox(work, state.privateInbox, false);
  return state;
}

function newInbox({ p, random }: Work): InboxKeys {
  const topicSeed = random(32);
  return { topicSeed, topic: Topic.from(p.signingPublicKey(topicSeed)), sealingSecret: random(32) };
}

function readInbox(work: Work, { topic, topicSeed }: InboxKeys, isPublic: boolean): void {
  write(work, TOPIC, toHex(topic), { topic, seed: topicSeed, use: { kind: "inbox", isPublic } });
}

function firstPrekeys({ random, nowMs }: Work): PrekeyState {
  return {
    nextId: 3 as PrekeyId,
    signed: [{ prekey: { id: 1 as PrekeyId, secret: random(32) }, createdAt: nowMs as TimeMs }],
    lastResort: [{ id: 2 as PrekeyId, kemSeed: random(64) }],
    publishedAt: 0 as TimeMs,
  };
}

/** Where this device wants to be answered: its private inbox. */
export function contactPoint(p: Primitives, account: AccountState): ContactPoint {
  const { topic, sealingSecret } = account.privateInbox;
  return {
    inbox: topic,
    sealingKey: SealingKey.from(p.agreementPublicKey(sealingSecret)),
    relays: account.relays,
  };
}

/** Fingerprint of an account: 60 decimal digits in 12 groups of 5, from SHA-256 chained 5,200 times (Signal's count). */
export function fingerprintOf(p: Primitives, account: AccountKey): string {
  let digest = hashOf(p, "fingerprint", account);
  for (let i = 1; i < FINGERPRINT_ROUNDS; i++) digest = hashOf(p, "fingerprint", digest, account);
  const groups: string[] = [];
  const wide = [...digest, ...hashOf(p, "fingerprint", digest)];
  for (let i = 0; i < 12; i++) {
    const value = wide.slice(5 * i, 5 * i + 5).reduce((sum, byte) => (sum * 256 + byte) % 100_000, 0);
    groups.push(String(value).padStart(5, "0"));
  }
  return groups.join(" ");
}

/** Hashes in a fingerprint: makes finding a look-alike key 5,200 times dearer. */
const FINGERPRINT_ROUNDS = 5_200;

/** The bundle that strangers see now. */
export function* currentBundle(work: Work): Step<PrekeyBundle> {
  const account = yield* readExisting(work, ACCOUNT);
  const prekeys = yield* readExisting(work, PREKEYS);
  return bundleOf(work, account, prekeys);
}

function bundleOf({ p, nowMs }: Work, account: AccountState, prekeys: PrekeyState): PrekeyBundle {
  const [signed] = prekeys.signed;
  const [lastResort] = prekeys.lastResort;
  if (!signed || !lastResort) throw new Fault("internal/invariant", "an account without prekeys");
  return makeBundle(p, account.deviceSeed, {
    version: 1,
    certificate: { account: account.account, device: account.device, signature: account.certificate },
    identity: account.identity,
    name: account.name,
    relays: account.relays,
    signedPrekey: signedPrekeyOf(p, signed.prekey),
    lastResort: lastResortPrekeyOf(p, lastResort),
    createdAt: nowMs as TimeMs,
  });
}

/**
 * Publishes what the directory should hold, when `left` one-time prekeys there are too few or the signed
 * prekey is a week old: rotates, fills up, and asks the shell to publish.
 */
export function* replenishPrekeys(work: Work, left: number): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  const prekeys = yield* readExisting(work, PREKEYS);
  const isOld = work.nowMs - (prekeys.signed[0]?.createdAt ?? 0) > SIGNED_PREKEY_MS;
  if (left >= ONE_TIME_PREKEYS_LOW && !isOld && prekeys.publishedAt > 0) return;
  const held = yield* scan(work, ONE_TIME, "", 2 * ONE_TIME_PREKEYS);
  const rotated = isOld ? rotate(work, prekeys) : prekeys;
  const fresh = newOneTimePrekeys(work, rotated.nextId, Math.max(0, ONE_TIME_PREKEYS - left));
  const kept = [...held.map(([, secret]) => secret), ...fresh].slice(-2 * ONE_TIME_PREKEYS);
  for (const [id] of held) if (!kept.some((each) => oneTimeId(each.id) === id)) write(work, ONE_TIME, id, null);
  for (const secret of fresh) write(work, ONE_TIME, oneTimeId(secret.id), secret);
  const publishedAt = Math.max(work.nowMs, prekeys.publishedAt + 1) as TimeMs;
  const next = { ...rotated, nextId: (rotated.nextId + fresh.length) as PrekeyId, publishedAt };
  write(work, PREKEYS, "", next);
  publish(work, account, { prekeys: next, oneTime: kept });
}

/** The account is called otherwise from now on; whoever takes our prekeys is told so. */
export function* renameAccount(work: Work, name: string): Step<void> {
  const account = yield* readExisting(work, ACCOUNT);
  if (account.name === name) return;
  write(work, ACCOUNT, "", { ...account, name });
  yield* replenishPrekeys(work, 0);
  yield* offerPrekeys(work);
}

/**
 * What people get who are connected to us and ask for our prekeys: the bundle alone. Where no relay is there to say that the
 * signed prekey is old, it is replaced here.
 */
export function* offerPrekeys(work: Work): Step<void> {
  const { p, random, nowMs } = work;
  const account = yield* readExisting(work, ACCOUNT);
  const before = yield* readExisting(work, PREKEYS);
  const isOld = account.relays.length === 0 && nowMs - (before.signed[0]?.createdAt ?? 0) > SIGNED_PREKEY_MS;
  const prekeys = isOld ? rotate(work, before) : before;
  if (isOld) write(work, PREKEYS, "", prekeys);
  const record: DirectoryRecord = {
    version: 1,
    directoryKey: directoryKeyOf(p, account.account),
    slot: account.slot,
    publishedAt: nowMs as TimeMs,
    bundle: sealBundle(p, bundleOf(work, account, prekeys), random(24)),
    oneTime: [],
  };
  work.effects.push({ kind: "offer-prekeys", record });
}

/** Id of a one-time prekey's record. */
export const oneTimeId = (id: PrekeyId): string => id.toString(16).padStart(8, "0");

function rotate({ random, nowMs }: Work, prekeys: PrekeyState): PrekeyState {
  const id = prekeys.nextId;
  const signed = { prekey: { id, secret: random(32) }, createdAt: nowMs as TimeMs };
  const lastResort = { id: (id + 1) as PrekeyId, kemSeed: random(64) };
  return {
    ...prekeys,
    nextId: (id + 2) as PrekeyId,
    signed: [signed, ...prekeys.signed].slice(0, 2),
    lastResort: [lastResort, ...prekeys.lastResort].slice(0, 2),
  };
}

function newOneTimePrekeys({ random }: Work, first: PrekeyId, count: number): readonly SecretOneTimePrekey[] {
  return Array.from({ length: count }, (_, i) => ({
    id: (first + i) as PrekeyId,
    secret: random(32),
    kemSeed: random(64),
  }));
}

/** An empty record with our slot's signature: puts an end to what a directory has of this device. `at` grows with each. */
export function withdrawnRecord(
  p: Primitives,
  account: AccountState,
  at: number,
): { readonly record: DirectoryRecord; readonly signature: Signature } {
  const record: DirectoryRecord = {
    version: 1,
    directoryKey: directoryKeyOf(p, account.account),
    slot: account.slot,
    publishedAt: at as TimeMs,
    bundle: WITHDRAWN,
    oneTime: [],
  };
  return { record, signature: Signature.from(p.sign(account.slotSeed, directoryRecordBytes(record))) };
}

/** The directories forget this device. */
export function* withdrawPrekeys(work: Work): Step<void> {
  const prekeys = yield* readExisting(work, PREKEYS);
  const publishedAt = Math.max(work.nowMs, prekeys.publishedAt + 1) as TimeMs;
  write(work, PREKEYS, "", { ...prekeys, publishedAt });
  const { record, signature } = withdrawnRecord(work.p, yield* readExisting(work, ACCOUNT), publishedAt);
  work.effects.push({ kind: "publish-prekeys", record, signature });
}

/** No sealed bundle: whoever takes it finds that it opens with no key. */
const WITHDRAWN = Uint8Array.of(0);

interface Publication {
  readonly prekeys: PrekeyState;
  readonly oneTime: readonly SecretOneTimePrekey[];
}

function publish(work: Work, account: AccountState, { prekeys, oneTime }: Publication): void {
  const { p, random } = work;
  const record: DirectoryRecord = {
    version: 1,
    directoryKey: directoryKeyOf(p, account.account),
    slot: account.slot,
    publishedAt: prekeys.publishedAt,
    bundle: sealBundle(p, bundleOf(work, account, prekeys), random(24)),
    oneTime: oneTime.map((secret) => ({
      id: secret.id,
      sealed: sealOneTimePrekey(p, account.account, makeOneTimePrekey(p, account.deviceSeed, secret), random(24)),
    })),
  };
  const signature = Signature.from(p.sign(account.slotSeed, directoryRecordBytes(record)));
  work.effects.push({ kind: "publish-prekeys", record, signature });
}
