import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { decodeEnvelope, ENVELOPE_KIND, type Envelope, encodeEnvelope, NO_SIGNATURE } from "../../src/wire/envelope.ts";
import { FAULT_CODES, Fault, isFault } from "../../src/wire/fault.ts";
import { Topic } from "../../src/wire/ids.ts";
import { BODY_MAX_BYTES, ENVELOPE_MAX_BYTES, FRAME_ENVELOPES_MAX } from "../../src/wire/limits.ts";
import { decodeClientFrame, encodeClientFrame } from "../../src/wire/topic-frames.ts";

function envelopeOf(bodyBytes: number): Envelope {
  const topic = Topic.from(new Uint8Array(32).fill(1));
  const body = new Uint8Array(bodyBytes);
  return { version: 1, topic, kind: ENVELOPE_KIND.deposit, body, signature: NO_SIGNATURE };
}

const refused = (error: unknown) => isFault(error, "internal/encode");

describe("The limits", () => {
  it("let the largest body fill the largest envelope exactly", () => {
    const encoded = encodeEnvelope(envelopeOf(BODY_MAX_BYTES));
    assert.equal(encoded.length, ENVELOPE_MAX_BYTES);
    assert.equal(decodeEnvelope(encoded)?.body.length, BODY_MAX_BYTES);
    assert.throws(() => encodeEnvelope(envelopeOf(BODY_MAX_BYTES + 1)), refused);
  });

  it("refuse an envelope of another version or of an unknown kind", () => {
    const encoded = encodeEnvelope(envelopeOf(1));
    for (const version of [0, 2, 255])
      assert.equal(decodeEnvelope(Uint8Array.from(encoded).fill(version, 0, 1)), undefined);
    for (const kind of [0, 5, 255])
      assert.equal(decodeEnvelope(Uint8Array.from(encoded).fill(kind, 33, 34)), undefined);
  });

  it("bound the envelopes of one frame", () => {
    const envelopes = new Array<Uint8Array>(FRAME_ENVELOPES_MAX).fill(Uint8Array.of(1));
    const frame = { kind: "append", id: 1, envelopes } as const;
    assert.deepEqual(decodeClientFrame(encodeClientFrame(frame)), frame);
    assert.throws(() => encodeClientFrame({ ...frame, envelopes: [...envelopes, Uint8Array.of(1)] }), refused);
    assert.throws(() => encodeClientFrame({ ...frame, envelopes: [] }), refused);
  });
});

describe("A fault", () => {
  it("is told by its code, never by its text", () => {
    const fault = new Fault("storage/full", "the disk is full", { cause: new Error("ENOSPC") });
    assert.ok(isFault(fault) && isFault(fault, "storage/full"));
    assert.ok(!isFault(fault, "storage/busy") && !isFault(new Error("storage/full")));
  });

  it("has a code of one of the five families", () => {
    assert.ok(FAULT_CODES.every((code) => /^(usage|config|storage|network|internal)\/[a-z-]+$/.test(code)));
    assert.equal(new Set(FAULT_CODES).size, FAULT_CODES.length);
  });
});
