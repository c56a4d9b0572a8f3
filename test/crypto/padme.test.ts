import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { PADDED_MIN_BYTES, pad, paddedLength, paddedWriter, unpad } from "../../src/crypto/padme.ts";
import { bytes } from "../../src/wire/codec.ts";
import { encode } from "../../src/wire/encoding.ts";

describe("padding", () => {
  it("gives back what was padded, and nothing else", () => {
    const arrange = fc.record({
      plaintext: fc.uint8Array({ maxLength: 3000, size: "max" }),
      at: fc.nat(),
      value: fc.integer({ min: 1, max: 255 }),
    });
    fc.assert(
      fc.property(arrange, ({ plaintext, at, value }) => {
        const padded = pad(plaintext);
        assert.deepEqual(unpad(padded), plaintext);
        assert.equal(unpad(padded.subarray(1)), undefined);
        assert.equal(unpad(Uint8Array.from([...padded, 0])), undefined);
        const fillBytes = padded.length - 4 - plaintext.length;
        if (fillBytes === 0) return;
        const dirty = padded.slice();
        dirty[4 + plaintext.length + (at % fillBytes)] = value;
        assert.equal(unpad(dirty), undefined);
      }),
      { numRuns: 40 },
    );
  });

  it("written with the encoding is the same as padding it afterwards", () => {
    const text = bytes(5_000);
    for (const length of [0, 1, 247, 248, 249, 700, 4_999]) {
      const value = new Uint8Array(length).fill(7);
      assert.deepEqual(encode(paddedWriter(text), value), pad(encode(text, value)));
    }
  });

  it("is total on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600, size: "max" }), (bytes) => {
        unpad(bytes);
      }),
    );
    const boast = new Uint8Array(PADDED_MIN_BYTES);
    for (const length of [0xffffffff, 0x80000000, PADDED_MIN_BYTES - 3]) {
      new DataView(boast.buffer).setUint32(0, length);
      assert.equal(unpad(boast), undefined);
    }
  });

  it("costs at most 12 % above the least size and leaves few sizes", () => {
    const sizes = new Set<number>();
    for (let length = 0; length <= 60_000; length++) {
      const total = paddedLength(length);
      assert(total >= length + 4);
      assert(total <= Math.max(PADDED_MIN_BYTES, (length + 4) * 1.12));
      sizes.add(total);
    }
    assert(sizes.size < 140, `${sizes.size} different sizes`);
  });
});
