import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { SEAL_RANDOM_BYTES, START_RANDOM_BYTES, sealTo, startSession } from "../../src/crypto/pairwise-session.ts";
import { activeRatchet, PairwiseSession, SESSION_RATCHETS_MAX } from "../../src/crypto/pairwise-session-state.ts";
import { neededFor } from "../../src/crypto/received-letter.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { EnvelopeId, KemPublicKey } from "../../src/wire/ids.ts";
import { BODY_MAX_BYTES } from "../../src/wire/limits.ts";
import {
  decodePairwiseEnvelope,
  EphemeralKey,
  encodePairwiseEnvelope,
  PAIRWISE_PAYLOAD_MAX_BYTES,
  type PairwiseEnvelope,
} from "../../src/wire/pairwise.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import {
  type Correspondent,
  correspondent,
  look,
  makeDevice,
  prekeyId,
  read,
  start,
  timeMs,
  unbox,
  write,
} from "./paired-devices.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function two(seed: string): readonly [Correspondent, Correspondent] {
  return [correspondent(`${seed}/alice`), correspondent(`${seed}/bob`)];
}

/** Alice has written and Bob has answered. */
function established(seed: string): readonly [Correspondent, Correspondent] {
  const [alice, bob] = two(seed);
  start(alice, bob, 7);
  assert.deepEqual(read(bob, write(alice, bytes("hello"))), bytes("hello"));
  assert.deepEqual(read(alice, write(bob, bytes("hello to you"))), bytes("hello to you"));
  return [alice, bob];
}

function envelopeOf(to: Correspondent, body: Uint8Array): PairwiseEnvelope {
  const envelope = unbox(to, body);
  assert(envelope);
  return envelope;
}

describe("A pairwise session", () => {
  it("starts with a device that is away, and uses up one one-time prekey", () => {
    const [alice, bob] = two("start");
    start(alice, bob, 7);
    const body = write(alice, bytes("hello"));
    const envelope = envelopeOf(bob, body);
    assert.deepEqual(neededFor(envelope), {
      sender: alice.device.ours.certificate.device,
      signedPrekey: 1,
      oneTime: 7,
    });
    const outcome = look(bob, envelope);
    assert(outcome.kind === "opened");
    assert.equal(outcome.usedOneTimePrekey, 7);
    assert.deepEqual(outcome.payload, bytes("hello"));
    assert.deepEqual(outcome.peer.certificate, alice.device.ours.certificate);
  });

  it("starts with the last-resort prekey where no one-time prekey is left", () => {
    const [alice, bob] = two("last resort");
    start(alice, bob);
    const envelope = envelopeOf(bob, write(alice, bytes("hello")));
    assert.equal(neededFor(envelope).lastResort, 2);
    const outcome = look(bob, envelope);
    assert(outcome.kind === "opened");
    assert.equal(outcome.usedOneTimePrekey, undefined);
  });

  it("repeats the initial form until the first answer, so any one of the letters suffices", () => {
    const [alice, bob] = two("any one");
    start(alice, bob, 7);
    const letters = ["one", "two", "three"].map((text) => write(alice, bytes(text)));
    assert.deepEqual(read(bob, letters[2] as Uint8Array), bytes("three"));
    assert.deepEqual(read(bob, letters[0] as Uint8Array), bytes("one"));
    assert.equal(bob.session?.ratchets.length, 1);
    read(alice, write(bob, bytes("answer")));
    assert.equal(envelopeOf(bob, write(alice, bytes("four"))).form.kind, "ratchet");
    assert.deepEqual(read(bob, letters[1] as Uint8Array), bytes("two"));
  });

  it("opens a replayed initial letter neither twice nor as a second session", () => {
    for (const oneTimeId of [7, undefined]) {
      const [alice, bob] = two(`replay ${oneTimeId}`);
      start(alice, bob, oneTimeId);
      const letter = write(alice, bytes("hello"));
      read(bob, letter);
      const before = bob.session;
      assert.equal(read(bob, letter), "duplicate");
      assert.equal(bob.session, before);
      for (let i = 0; i <= SESSION_RATCHETS_MAX; i++) {
        alice.clockMs += 10;
        start(alice, bob);
        read(bob, write(alice, bytes("again")));
      }
      assert.equal(bob.session?.ratchets.length, SESSION_RATCHETS_MAX);
      assert.equal(read(bob, letter), "duplicate", "also when its ratchet has gone");
    }
  });

  it("says so when a replayed letter's one-time prekey and session are both gone", () => {
    const [alice, bob] = two("gone");
    start(alice, bob, 7);
    const letter = write(alice, bytes("hello"));
    read(bob, letter);
    bob.session = undefined;
    assert.equal(read(bob, letter), "missing-prekey");
  });

  it("is unknown to a device that has none, for a letter in the ratchet form", () => {
    const [alice, bob] = established("unknown");
    const letter = write(alice, bytes("hello"));
    bob.session = undefined;
    assert.equal(read(bob, letter), "unknown-session");
  });

  it("moves to a fresh start of a peer that gave up the old one, and still opens what was on its way", () => {
    const [alice, bob] = established("fresh start");
    const late = write(alice, bytes("late"));
    const old = bob.session && activeRatchet(bob.session).id;
    alice.clockMs += 5;
    start(alice, bob, 8);
    read(bob, write(alice, bytes("new")));
    assert.notDeepEqual(bob.session && activeRatchet(bob.session).id, old);
    assert.deepEqual(read(bob, late), bytes("late"));
    assert.deepEqual(read(alice, write(bob, bytes("seen"))), bytes("seen"));
    assert.notDeepEqual(bob.session && activeRatchet(bob.session).id, old);
  });

  it("rejects certificates that do not belong together, and any change to what the initial form shows", () => {
    const [alice, bob] = two("forged");
    const mallory = makeDevice(alice.random);
    start(alice, bob, 7);
    const envelope = envelopeOf(bob, write(alice, bytes("hello")));
    assert(envelope.form.kind === "initial");
    const form = envelope.form;
    const forgeries: PairwiseEnvelope["form"][] = [
      { ...form, certificate: mallory.ours.certificate },
      { ...form, identity: mallory.ours.identity },
      { ...form, certificate: mallory.ours.certificate, identity: mallory.ours.identity },
      { ...form, fields: { ...form.fields, ephemeral: EphemeralKey.from(p.agreementPublicKey(alice.random(32))) } },
      { ...form, fields: { ...form.fields, ephemeral: EphemeralKey.from(new Uint8Array(32)) } },
      { ...form, fields: { ...form.fields, kemCiphertext: form.fields.kemCiphertext.with(5, 1) as never } },
      { ...form, fields: { ...form.fields, lastResort: prekeyId(3) } },
    ];
    for (const forged of forgeries) assert.equal(look(bob, { ...envelope, form: forged }).kind, "forged");
    const withoutOneTime = { ...form, fields: { ...form.fields, oneTime: undefined } };
    assert.equal(look(bob, { ...envelope, form: withoutOneTime }).kind, "forged");
    assert.equal(look(bob, envelope).kind, "opened");
  });

  it("rejects a session that somebody set up under another's device or account", () => {
    const [alice, bob] = two("impostor");
    const mallory = correspondent("mallory");
    const { certificate, identity } = mallory.device.ours;
    const stolen = alice.device.ours.certificate;
    for (const claimed of [stolen, { ...stolen, device: certificate.device }]) {
      const ours = { ...mallory.device.ours, certificate: claimed, identity };
      const impostor = { ...mallory, device: { ...mallory.device, ours } };
      start(impostor, bob);
      assert.equal(read(bob, write(impostor, bytes("it is me, Alice"))), "forged");
    }
    start(mallory, bob);
    assert.deepEqual(read(bob, write(mallory, bytes("it is me, Mallory"))), bytes("it is me, Mallory"));
  });

  it("binds the device to the account under which it was first met", () => {
    const [alice, bob] = established("one account");
    const { account } = makeDevice(alice.random).ours.certificate;
    alice.clockMs += 5;
    start(alice, bob, 8);
    const envelope = envelopeOf(bob, write(alice, bytes("hello")));
    assert(bob.session && envelope.form.kind === "initial");
    const certificate = { ...bob.session.peer.certificate, account };
    bob.session = { ...bob.session, peer: { ...bob.session.peer, certificate } };
    assert.equal(look(bob, envelope).kind, "forged");
  });

  it("opens no bit-flipped deposit", () => {
    const [alice, bob] = established("flips");
    const body = write(alice, bytes("hello"));
    for (let bit = 0; bit < body.length * 8; bit += 97) {
      const altered = body.with(bit >> 3, (body[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      assert.equal(read(bob, altered), "no-envelope");
    }
    assert.deepEqual(read(bob, body), bytes("hello"));
  }).timeout(10_000);

  it("never writes into what it is given", () => {
    const [alice, bob] = established("mutation");
    assert(alice.session && bob.session);
    const before = [alice.session, bob.session].map((session) => toHex(encode(PairwiseSession, session)));
    const sessions = [alice.session, bob.session];
    const body = write(alice, bytes("hello"));
    const kept = toHex(body);
    read(bob, body);
    start(alice, bob, 9);
    assert.deepEqual(
      sessions.map((session) => toHex(encode(PairwiseSession, session))),
      before,
    );
    assert.equal(toHex(body), kept);
  });

  it("forgets the secrets with which it was set up", () => {
    const [alice, bob] = established("erasure");
    assert(alice.session && bob.session);
    const saved = toHex(encode(PairwiseSession, alice.session)) + toHex(encode(PairwiseSession, bob.session));
    assert(saved.includes(toHex(activeRatchet(alice.session).id)), "control: what must be there is found");
    for (const secret of [bob.device.signedPrekey.secret, alice.device.ours.identitySecret])
      assert(!saved.includes(toHex(secret)));
  });

  it("is the same after it was saved and read, and reads nothing but its saved form", () => {
    const [alice, bob] = two("saved");
    start(alice, bob, 7);
    start(bob, alice, 8);
    read(bob, write(alice, bytes("hello")));
    for (const session of [alice.session, bob.session] as PairwiseSession[]) {
      const saved = encode(PairwiseSession, session);
      assert.deepEqual(decode(PairwiseSession, saved), session);
      assert.equal(decode(PairwiseSession, saved.subarray(0, -1)), undefined);
      assert.equal(decode(PairwiseSession, saved.with(0, 2)), undefined);
    }
  });

  it("carries the largest payload in an envelope's body, in either form, and no larger one", () => {
    const [alice, bob] = two("large");
    start(alice, bob, 7);
    const largest = alice.random(PAIRWISE_PAYLOAD_MAX_BYTES);
    const body = write(alice, largest);
    assert(body.length <= BODY_MAX_BYTES);
    assert.deepEqual(read(bob, body), largest);
    assert.throws(() => write(alice, new Uint8Array(PAIRWISE_PAYLOAD_MAX_BYTES + 1)), { code: "internal/encode" });
  });

  it("can be sealed to another inbox of the peer than the public one", () => {
    const [alice, bob] = established("elsewhere");
    const private_ = makeDevice(bob.random);
    assert(alice.session);
    const to = private_.ours.identity;
    const random = alice.random(SEAL_RANDOM_BYTES);
    const sealed = sealTo(
      p,
      alice.session,
      { payload: bytes("hi"), to },
      { sender: alice.device.ours.certificate.device, random },
    );
    assert.deepEqual(sealed.inbox, to.inbox);
    assert.equal(unbox(bob, sealed.depositBody), undefined);
    assert(unbox({ ...bob, device: private_ }, sealed.depositBody));
  });

  it("is not started with a bundle whose keys cannot be used", () => {
    const [alice, bob] = two("unusable");
    const { bundle } = bob.device;
    const lowOrder = { ...bundle, signedPrekey: { ...bundle.signedPrekey, key: new Uint8Array(32) as never } };
    const notReduced = {
      ...bundle,
      lastResort: { ...bundle.lastResort, key: KemPublicKey.from(new Uint8Array(1184).fill(255)) },
    };
    for (const unusable of [lowOrder, notReduced]) {
      const moment = { now: timeMs(1), random: alice.random(START_RANDOM_BYTES) };
      assert.equal(startSession(p, alice.device.ours, { bundle: unusable }, moment), undefined);
    }
  });

  it("reads only whole pairwise envelopes of a known version", () => {
    const [alice, bob] = two("strict");
    start(alice, bob, 7);
    const encoded = encodePairwiseEnvelope(envelopeOf(bob, write(alice, bytes("hello"))));
    assert(decodePairwiseEnvelope(encoded));
    assert.equal(decodePairwiseEnvelope(Uint8Array.of(...encoded, 0)), undefined);
    assert.equal(decodePairwiseEnvelope(encoded.with(0, 2)), undefined);
    assert.equal(decodePairwiseEnvelope(encoded.with(1, 3)), undefined);
    assert.equal(decodePairwiseEnvelope(encode(EnvelopeId, EnvelopeId.from(new Uint8Array(32)))), undefined);
  });
});
