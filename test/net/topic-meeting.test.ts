import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type MeetingEnds, meetingProofs, metTopics, shareTopics } from "../../src/net/topic-meeting.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { topicName } from "../../src/verify/topic-name.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { topicKey } from "./topic-keys.ts";

const bytes = (value: number, length: number): Uint8Array => new Uint8Array(length).fill(value);
const ENDS: MeetingEnds = {
  holderPeerId: bytes(1, 38),
  clientPeerId: bytes(2, 38),
  holderNonce: bytes(3, 32),
  clientNonce: bytes(4, 32),
};
const [garden, kitchen, attic] = [topicKey(1), topicKey(2), topicKey(3)].map((key) => key.subscription());
assert(garden && kitchen && attic);
const { sha256 } = nobleVerifier;

const answer = async (own: readonly (typeof garden)[], proofs: ReturnType<typeof meetingProofs>, ends = ENDS) =>
  (await shareTopics(nobleVerifier, own, { proofs, ends })).map(({ proof }) => proof);

describe("A meeting of two members", () => {
  it("finds just the topics that both read", async () => {
    const proofs = meetingProofs(sha256, [garden, kitchen], ENDS);
    const answered = await answer([kitchen, attic], proofs);
    assert.deepEqual(metTopics(nobleVerifier, [garden, kitchen], { proofs: answered, ends: ENDS }), [kitchen]);
  });

  it("names no topic, and says how many there are only in steps of sixteen", () => {
    const none = meetingProofs(sha256, [], ENDS);
    const two = meetingProofs(sha256, [garden, kitchen], ENDS);
    assert.deepEqual([none.length, two.length], [16, 16]);
    const sent = two.map(({ name, signature }) => toHex(name) + toHex(signature)).join();
    for (const { topic } of [garden, kitchen]) assert(!sent.includes(toHex(topic)));
  });

  it("gives a topic another name on each stream", () => {
    const here = topicName(sha256, garden.topic, { holder: bytes(1, 32), client: bytes(2, 32) });
    const there = topicName(sha256, garden.topic, { holder: bytes(3, 32), client: bytes(2, 32) });
    const back = topicName(sha256, garden.topic, { holder: bytes(2, 32), client: bytes(1, 32) });
    assert.equal(new Set([here, there, back].map(toHex)).size, 3);
  });

  it("tells nothing to whoever knows a topic without its key", async () => {
    const [real] = meetingProofs(sha256, [garden], ENDS);
    assert(real);
    const [forged] = meetingProofs(sha256, [{ topic: garden.topic, prove: kitchen.prove }], ENDS);
    assert(forged);
    assert.equal(toHex(forged.name), toHex(real.name));
    assert.deepEqual(await answer([garden], [forged]), []);
  });

  it("tells nothing to somebody in the middle who passes on what others have proved", async () => {
    const passedOn = meetingProofs(sha256, [garden], ENDS);
    const middle = { ...ENDS, clientPeerId: bytes(9, 38) };
    assert.deepEqual(await answer([garden], passedOn, middle), []);
    const toThem = { ...ENDS, holderPeerId: bytes(9, 38) };
    assert.deepEqual(await answer([garden], passedOn, toThem), []);
  });

  it("believes no holder that sends back what it got, or what it got from another", async () => {
    const proofs = meetingProofs(sha256, [garden], ENDS);
    assert.deepEqual(metTopics(nobleVerifier, [garden], { proofs, ends: ENDS }), []);
    const answered = await answer([garden], proofs);
    const middle = { ...ENDS, holderPeerId: bytes(9, 38) };
    assert.deepEqual(metTopics(nobleVerifier, [garden], { proofs: answered, ends: middle }), []);
  });
});
