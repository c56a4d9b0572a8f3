import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import { issueDeviceCertificate, issueIdentityCertificate } from "../../src/crypto/device-certificate.ts";
import { hashOf } from "../../src/crypto/kdf.ts";
import { passphraseBytes, unwrapKey, wrapKey } from "../../src/crypto/key-wrap.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { sealTo, startSession } from "../../src/crypto/pairwise-session.ts";
import type { PairwiseSession } from "../../src/crypto/pairwise-session-state.ts";
import { initiate, type OurIdentity, respond } from "../../src/crypto/pqxdh.ts";
import {
  directoryKeyOf,
  lastResortPrekeyOf,
  makeBundle,
  makeOneTimePrekey,
  sealBundle,
  signedPrekeyOf,
} from "../../src/crypto/prekey-bundle.ts";
import { openDeposit, openFrom } from "../../src/crypto/received-letter.ts";
import { DeviceIdentity, OneTimePrekey, PrekeyBundle } from "../../src/wire/bundle.ts";
import { encode } from "../../src/wire/encoding.ts";
import { DeviceKey, IdentityKey, SealingKey, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  input as bytesOf,
  inputDevice,
  KEY_FILE_COST,
  NAME,
  ONE_TIME_ID,
  PASSPHRASE,
  PAYLOADS,
  type PairwiseVectors,
  pairwiseVectors,
  RELAY,
  SINCE,
} from "../twin/pairwise-vectors.ts";
import { prekeyId, timeMs } from "./paired-devices.ts";

const stored: PairwiseVectors = JSON.parse(readFileSync(new URL("../vectors/pairwise.json", import.meta.url), "utf8"));

/** Plain bytes: node's Buffers do not compare equal to ours. */
const input = (name: string, length: number): Uint8Array => Uint8Array.from(bytesOf(name, length));

function device(name: string): {
  readonly ours: OurIdentity;
  readonly deviceSeed: Uint8Array;
  readonly sealing: Uint8Array;
} {
  const seeds = inputDevice(name);
  const deviceSeed = Uint8Array.from(seeds.deviceSeed);
  const device = DeviceKey.from(p.signingPublicKey(deviceSeed));
  const identity = issueIdentityCertificate(p, deviceSeed, {
    identityKey: IdentityKey.from(p.agreementPublicKey(Uint8Array.from(seeds.identitySecret))),
    sealingKey: SealingKey.from(p.agreementPublicKey(Uint8Array.from(seeds.sealingSecret))),
    inbox: Topic.from(p.signingPublicKey(Uint8Array.from(seeds.inboxSeed))),
  });
  const certificate = issueDeviceCertificate(p, Uint8Array.from(seeds.accountSeed), device);
  const ours = { certificate, identity, identitySecret: Uint8Array.from(seeds.identitySecret) };
  return { ours, deviceSeed, sealing: Uint8Array.from(seeds.sealingSecret) };
}

const alice = device("alice");
const bob = device("bob");
const signedPrekey = { id: prekeyId(1), secret: input("bob/signed prekey", 32) };
const lastResort = { id: prekeyId(2), kemSeed: input("bob/last resort", 64) };
const secretOneTime = { id: prekeyId(ONE_TIME_ID), secret: input("one-time", 32), kemSeed: input("one-time kem", 64) };
const oneTime = makeOneTimePrekey(p, bob.deviceSeed, secretOneTime);
const bundle = makeBundle(p, bob.deviceSeed, {
  version: 1,
  certificate: bob.ours.certificate,
  identity: bob.ours.identity,
  name: NAME,
  relays: [RELAY],
  signedPrekey: signedPrekeyOf(p, signedPrekey),
  lastResort: lastResortPrekeyOf(p, lastResort),
  createdAt: timeMs(1),
});

/** The four deposits of the scenario, each opened by the other side. */
function conversation(): string[] {
  const sides = {
    alice: { ...alice, session: undefined as PairwiseSession | undefined },
    bob: { ...bob, session: undefined as PairwiseSession | undefined },
  };
  const moment = { now: timeMs(SINCE.alice), random: input("start", 96) };
  sides.alice.session = startSession(p, alice.ours, { bundle, oneTime }, moment);
  return (["alice", "alice", "bob", "alice"] as const).map((from, n) => {
    const [sender, receiver] = from === "alice" ? [sides.alice, sides.bob] : [sides.bob, sides.alice];
    assert(sender.session);
    const payload = new TextEncoder().encode(PAYLOADS[n]);
    const by = { sender: sender.ours.certificate.device, random: input(`seal ${n}`, 80) };
    const letter = sealTo(p, sender.session, { payload }, by);
    sender.session = letter.session;
    const envelope = openDeposit(p, receiver.ours.identity.inbox, receiver.sealing, letter.depositBody);
    assert(envelope);
    const held = { ours: receiver.ours, session: receiver.session, signedPrekey, lastResort, oneTime: secretOneTime };
    const opened = openFrom(p, held, envelope, { now: timeMs(SINCE.bob), random: input(`open ${n}`, 32) });
    assert(opened.kind === "opened");
    assert.deepEqual(opened.payload, payload);
    receiver.session = opened.session;
    return toHex(letter.depositBody);
  });
}

describe("The pairwise vectors", () => {
  it("are what the twin computes", () => {
    assert.deepEqual(pairwiseVectors(), stored);
  }).timeout(20_000);

  it("hold for certificates, bundles and their sealed form", () => {
    const hashed = (encoded: Uint8Array) => toHex(hashOf(p, "bundle", encoded));
    const { account } = bob.ours.certificate;
    assert.equal(toHex(encode(DeviceIdentity, alice.ours)), stored.certificates);
    assert.equal(hashed(encode(PrekeyBundle, bundle)), stored.bundle);
    assert.equal(hashed(encode(OneTimePrekey, oneTime)), stored.oneTimePrekey);
    assert.equal(toHex(directoryKeyOf(p, account)), stored.directoryKey);
    assert.equal(hashed(sealBundle(p, bundle, input("bundle nonce", 24))), stored.sealedBundle);
  });

  it("hold for both sides of PQXDH, with a one-time prekey and with the last resort", () => {
    const variants = [
      { vector: stored.agreement, oneTime, kemPrekey: { kind: "one-time" as const, ...secretOneTime } },
      {
        vector: stored.lastResortAgreement,
        oneTime: undefined,
        kemPrekey: { kind: "last-resort" as const, ...lastResort },
      },
    ];
    for (const { vector, oneTime, kemPrekey } of variants) {
      const begun = initiate(p, alice.ours, { bundle, oneTime }, input("start", 96));
      assert(begun);
      const answered = respond(
        p,
        bob.ours,
        { signedPrekey, kemPrekey },
        { identity: alice.ours, fields: begun.fields },
      );
      assert.deepEqual(answered, begun.agreement);
      const { id, secret, associated } = begun.agreement;
      assert.deepEqual({ id: toHex(id), secret: toHex(secret), associated: toHex(associated) }, vector);
    }
  });

  it("hold for each deposit of a conversation", () => {
    assert.deepEqual(conversation(), stored.deposits);
  });

  it("hold for a key file", () => {
    const passphrase = passphraseBytes(PASSPHRASE);
    const dataKey = input("data key", 32);
    const cost = { memoryKiB: KEY_FILE_COST.m, passes: KEY_FILE_COST.t };
    const file = wrapKey(p, passphrase, dataKey, { random: input("key file", 40), cost });
    assert.equal(toHex(file), stored.keyFile);
    assert.deepEqual(unwrapKey(p, passphrase, file), { kind: "unwrapped", dataKey });
  }).timeout(10_000);
});
