/** Two devices with certificates, prekeys and inboxes, made from a seed; and letters between them. */
import { createHash } from "node:crypto";
import { issueDeviceCertificate, issueIdentityCertificate } from "../../src/crypto/device-certificate.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { SEAL_RANDOM_BYTES, START_RANDOM_BYTES, sealTo, startSession } from "../../src/crypto/pairwise-session.ts";
import type { PairwiseSession } from "../../src/crypto/pairwise-session-state.ts";
import type { OurIdentity } from "../../src/crypto/pqxdh.ts";
import {
  lastResortPrekeyOf,
  makeBundle,
  makeOneTimePrekey,
  type SecretLastResortPrekey,
  type SecretOneTimePrekey,
  type SecretSignedPrekey,
  signedPrekeyOf,
} from "../../src/crypto/prekey-bundle.ts";
import {
  type Held,
  neededFor,
  OPEN_RANDOM_BYTES,
  type OpenedLetter,
  openDeposit,
  openFrom,
  type UnopenedLetter,
} from "../../src/crypto/received-letter.ts";
import type { PrekeyBundle } from "../../src/wire/bundle.ts";
import { DeviceKey, IdentityKey, type PrekeyId, SealingKey, type TimeMs, Topic } from "../../src/wire/ids.ts";
import type { PairwiseEnvelope } from "../../src/wire/pairwise.ts";

/** Bytes that follow from a seed; each call gives the next ones. */
export type RandomSource = (length: number) => Uint8Array;

export function randomFrom(seed: string): RandomSource {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = createHash("sha256").update(`${seed}/${counter++}`).digest();
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}

export const timeMs = (value: number): TimeMs => value as TimeMs;
export const prekeyId = (value: number): PrekeyId => value as PrekeyId;

/** One installation and all its secrets. */
export interface Device {
  readonly accountSeed: Uint8Array;
  readonly deviceSeed: Uint8Array;
  readonly ours: OurIdentity;
  readonly sealingSecret: Uint8Array;
  readonly signedPrekey: SecretSignedPrekey;
  readonly lastResort: SecretLastResortPrekey;
  readonly bundle: PrekeyBundle;
}

export function makeDevice(random: RandomSource, name = "someone"): Device {
  const [accountSeed, deviceSeed, identitySecret] = [random(32), random(32), random(32)] as const;
  const [sealingSecret, inboxSeed] = [random(32), random(32)] as const;
  const signedPrekey = { id: prekeyId(1), secret: random(32) };
  const lastResort = { id: prekeyId(2), kemSeed: random(64) };
  const certificate = issueDeviceCertificate(p, accountSeed, DeviceKey.from(p.signingPublicKey(deviceSeed)));
  const identity = issueIdentityCertificate(p, deviceSeed, {
    identityKey: IdentityKey.from(p.agreementPublicKey(identitySecret)),
    sealingKey: SealingKey.from(p.agreementPublicKey(sealingSecret)),
    inbox: Topic.from(p.signingPublicKey(inboxSeed)),
  });
  const bundle = makeBundle(p, deviceSeed, {
    version: 1,
    certificate,
    identity,
    name,
    relays: ["/ip4/192.0.2.1/tcp/33001"],
    signedPrekey: signedPrekeyOf(p, signedPrekey),
    lastResort: lastResortPrekeyOf(p, lastResort),
    createdAt: timeMs(1),
  });
  const ours = { certificate, identity, identitySecret };
  return { accountSeed, deviceSeed, ours, sealingSecret, signedPrekey, lastResort, bundle };
}

export function makeOneTime(random: RandomSource, device: Device, id: number) {
  const secret: SecretOneTimePrekey = { id: prekeyId(id), secret: random(32), kemSeed: random(64) };
  return { secret, prekey: makeOneTimePrekey(p, device.deviceSeed, secret) };
}

/** A device at work: what a profile would hold about one peer. */
export interface Correspondent {
  readonly device: Device;
  readonly random: RandomSource;
  session: PairwiseSession | undefined;
  /** One-time prekeys not used yet. */
  readonly oneTime: Map<number, SecretOneTimePrekey>;
  clockMs: number;
}

export function correspondent(seed: string): Correspondent {
  const random = randomFrom(seed);
  return { device: makeDevice(random), random, session: undefined, oneTime: new Map(), clockMs: 1_000 };
}

/** `from` starts a session with `to`, giving up the one it has; with a fresh one-time prekey when `oneTimeId` is given. */
export function start(from: Correspondent, to: Correspondent, oneTimeId?: number): void {
  const oneTime = oneTimeId === undefined ? undefined : makeOneTime(to.random, to.device, oneTimeId);
  if (oneTime !== undefined) to.oneTime.set(oneTime.secret.id, oneTime.secret);
  const session = startSession(
    p,
    from.device.ours,
    { bundle: to.device.bundle, oneTime: oneTime?.prekey, previous: from.session },
    { now: timeMs(from.clockMs), random: from.random(START_RANDOM_BYTES) },
  );
  if (session === undefined) throw new Error("the bundle is unusable");
  from.session = session;
}

/** The body of a deposit with `payload`, after the sender's commit. */
export function write(from: Correspondent, payload: Uint8Array): Uint8Array {
  if (from.session === undefined) throw new Error("no session");
  const letter = sealTo(
    p,
    from.session,
    { payload },
    { sender: from.device.ours.certificate.device, random: from.random(SEAL_RANDOM_BYTES) },
  );
  from.session = letter.session;
  return letter.depositBody;
}

/** What `to` would answer to an envelope, without a commit. */
export function look(to: Correspondent, envelope: PairwiseEnvelope): OpenedLetter | UnopenedLetter {
  const needed = neededFor(envelope);
  const held: Held = {
    ours: to.device.ours,
    session: to.session,
    signedPrekey: needed.signedPrekey === 1 ? to.device.signedPrekey : undefined,
    lastResort: needed.lastResort === 2 ? to.device.lastResort : undefined,
    oneTime: needed.oneTime === undefined ? undefined : to.oneTime.get(needed.oneTime),
  };
  return openFrom(p, held, envelope, { now: timeMs(to.clockMs), random: to.random(OPEN_RANDOM_BYTES) });
}

/** The envelope in a deposit to `to`'s inbox. */
export function unbox(to: Correspondent, body: Uint8Array): PairwiseEnvelope | undefined {
  return openDeposit(p, to.device.ours.identity.inbox, to.device.sealingSecret, body);
}

/** Opens a deposit and commits; answers the payload or why there is none. */
export function read(to: Correspondent, body: Uint8Array): Uint8Array | UnopenedLetter["kind"] | "no-envelope" {
  const envelope = unbox(to, body);
  if (envelope === undefined) return "no-envelope";
  const outcome = look(to, envelope);
  if (outcome.kind !== "opened") return outcome.kind;
  to.session = outcome.session;
  if (outcome.usedOneTimePrekey !== undefined) to.oneTime.delete(outcome.usedOneTimePrekey);
  return outcome.payload;
}
