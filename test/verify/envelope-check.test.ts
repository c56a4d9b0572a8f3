import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, it } from "mocha";
import { checkDirectoryRecord, directoryRecordBytes } from "../../src/verify/directory-record.ts";
import { checkEnvelope, envelopeBodyHash, envelopeId, envelopeSigningBytes } from "../../src/verify/envelope-check.ts";
import { nobleVerifier as verifier } from "../../src/verify/noble-verifier.ts";
import { checkOpenProof, type OpenClaim, openProofBytes } from "../../src/verify/open-proof.ts";
import { decodeEnvelope, type Envelope, encodeEnvelope, NO_SIGNATURE } from "../../src/wire/envelope.ts";
import { DirectoryKey, type PrekeyId, Signature, SlotKey, type TimeMs, Topic } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";

const filled = (value: number, length = 32) => new Uint8Array(length).fill(value);
const seed = filled(5);
const topic = Topic.from(ed25519.getPublicKey(seed));
const sign = (data: Uint8Array) => Signature.from(ed25519.sign(data, seed));

function envelopeOf(kind: number, body: Uint8Array): Envelope {
  const signature = sign(envelopeSigningBytes(1, topic, kind, envelopeBodyHash(verifier.sha256, body)));
  return { version: 1, topic, kind, body, signature };
}

describe("envelope check", () => {
  it("accepts what the topic's key signed", () => {
    for (const kind of [1, 2, 4]) assert.equal(checkEnvelope(verifier, envelopeOf(kind, filled(1, 100))), "valid");
  });

  it("accepts a deposit without a signature, and no other deposit", () => {
    const deposit = { ...envelopeOf(3, filled(1)), signature: NO_SIGNATURE };
    assert.equal(checkEnvelope(verifier, deposit), "valid");
    assert.equal(checkEnvelope(verifier, envelopeOf(3, filled(1))), "forged");
    assert.equal(checkEnvelope(verifier, { ...deposit, kind: 1 }), "forged");
  });

  it("finds a flipped bit anywhere to be forged or malformed", () => {
    const encoded = encodeEnvelope(envelopeOf(1, filled(9, 60)));
    fc.assert(
      fc.property(fc.nat({ max: 8 * encoded.length - 1 }), (bit) => {
        const changed = encoded.map((each, i) => (i === bit >> 3 ? each ^ (1 << (bit & 7)) : each));
        const decoded = decodeEnvelope(changed);
        assert(decoded === undefined || checkEnvelope(verifier, decoded) === "forged");
      }),
      { numRuns: 60 },
    );
  });

  it("gives one id whatever the signature", () => {
    const envelope = envelopeOf(1, filled(9, 60));
    const resigned = { ...envelope, signature: Signature.from(filled(3, 64)) };
    const id = (each: Envelope) => envelopeId(verifier.sha256, encodeEnvelope(each));
    assert.deepEqual(id(envelope), id(resigned));
    assert.notDeepEqual(id(envelope), id({ ...envelope, kind: 2 }));
  });
});

describe("open proof", () => {
  const claim: OpenClaim = {
    topic,
    nonce: filled(1),
    holderPeerId: filled(2, 38),
    openerPeerId: filled(3, 38),
    inbox: false,
  };
  const proof = sign(openProofBytes(claim));

  it("holds for its own claim", () => {
    assert.equal(checkOpenProof(verifier, claim, proof), "valid");
  });

  it("holds for no other nonce, holder, opener or purpose", () => {
    const others: OpenClaim[] = [
      { ...claim, nonce: filled(9) },
      { ...claim, holderPeerId: filled(9, 38) },
      { ...claim, openerPeerId: filled(9, 38) },
      { ...claim, holderPeerId: claim.openerPeerId, openerPeerId: claim.holderPeerId },
      { ...claim, inbox: true },
      { ...claim, topic: Topic.from(ed25519.getPublicKey(filled(6))) },
    ];
    for (const other of others) assert.equal(checkOpenProof(verifier, other, proof), "forged");
  });

  it("is no envelope signature", () => {
    const signedAsEnvelope = envelopeOf(1, filled(1)).signature;
    assert.equal(checkOpenProof(verifier, claim, signedAsEnvelope), "forged");
  });
});

describe("directory record check", () => {
  const record: DirectoryRecord = {
    version: 1,
    directoryKey: DirectoryKey.from(filled(1)),
    slot: SlotKey.from(topic),
    publishedAt: 1_700_000_000_000 as TimeMs,
    bundle: filled(2, 100),
    oneTime: [{ id: 7 as PrekeyId, sealed: filled(3, 50) }],
  };
  const signature = sign(directoryRecordBytes(record));

  it("accepts what the slot signed, and nothing else", () => {
    assert.equal(checkDirectoryRecord(verifier, record, signature), "valid");
    const others: DirectoryRecord[] = [
      { ...record, publishedAt: 1_700_000_000_001 as TimeMs },
      { ...record, bundle: filled(2, 101) },
      { ...record, oneTime: [] },
      { ...record, directoryKey: DirectoryKey.from(filled(4)) },
      { ...record, slot: SlotKey.from(ed25519.getPublicKey(filled(8))) },
    ];
    for (const other of others) assert.equal(checkDirectoryRecord(verifier, other, signature), "forged");
  });
});
