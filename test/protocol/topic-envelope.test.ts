import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { depositEnvelope, signAnew, signEnvelope } from "../../src/protocol/topic-envelope.ts";
import { checkEnvelope, envelopeId } from "../../src/verify/envelope-check.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { Topic } from "../../src/wire/ids.ts";

const keysOf = (byte: number) => {
  const topicSeed = new Uint8Array(32).fill(byte);
  return { topicSeed, topic: Topic.from(p.signingPublicKey(topicSeed)) };
};
const isValid = (encoded: Uint8Array): boolean => {
  const envelope = decodeEnvelope(encoded);
  return envelope !== undefined && checkEnvelope(p, envelope) === "valid";
};

describe("an envelope that is signed anew", () => {
  const keys = keysOf(1);
  const whole = signEnvelope(p, keys, ENVELOPE_KIND.entry, Uint8Array.of(1, 2, 3));

  it("is the same but for its signature, which holds again", () => {
    const broken = whole.with(-1, (whole.at(-1) ?? 0) ^ 1);
    assert.equal(isValid(broken), false);
    const anew = signAnew(p, keys, broken);
    assert.equal(isValid(anew), true);
    assert.deepEqual(envelopeId(p.sha256, anew), envelopeId(p.sha256, whole));
  });

  it("stays as it is when it is of another topic, mail, or none at all", () => {
    const others = [signEnvelope(p, keysOf(2), ENVELOPE_KIND.message, Uint8Array.of(1)), Uint8Array.of(1, 2)];
    for (const each of [...others, depositEnvelope(keys.topic, Uint8Array.of(1))])
      assert.equal(signAnew(p, keys, each), each);
  });
});
