import assert from "node:assert/strict";
import fc from "fast-check";
import * as lp from "it-length-prefixed";
import { describe, it } from "mocha";
import { type FrameDecoder, frameDecoder } from "../../src/net/frame-decoder.ts";
import { withLength } from "../../src/net/frame-stream.ts";
import { FRAME_MAX_BYTES } from "../../src/wire/limits.ts";

function drain(decoder: FrameDecoder): (string | undefined)[] {
  const out: (string | undefined)[] = [];
  for (;;) {
    const frame = decoder.next();
    if (frame === undefined) return out;
    if (frame === "malformed") return [...out, undefined];
    out.push(Buffer.from(frame).toString("hex"));
  }
}

describe("the frame decoder", () => {
  it("finds the frames that it-length-prefixed wrote, however the bytes are cut", () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 400, size: "max" }), { maxLength: 20, size: "max" });
    fc.assert(
      fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (written, cuts) => {
        const bytes = Buffer.concat([...lp.encode(written)]);
        const decoder = frameDecoder();
        const read: (string | undefined)[] = [];
        for (let at = 0; at < bytes.length; ) {
          const end = at + cuts.next().value;
          decoder.push(new Uint8Array(bytes.subarray(at, end)));
          read.push(...drain(decoder));
          at = end;
        }
        assert.deepEqual(
          read,
          written.map((each) => Buffer.from(each).toString("hex")),
        );
      }),
    );
  });

  it("takes the largest frame and refuses a larger one before its bytes come", () => {
    const largest = frameDecoder();
    largest.push(withLength(new Uint8Array(FRAME_MAX_BYTES)));
    assert.equal((largest.next() as Uint8Array).length, FRAME_MAX_BYTES);
    const above = frameDecoder();
    above.push(withLength(new Uint8Array(FRAME_MAX_BYTES + 1)).subarray(0, 3));
    assert.equal(above.next(), "malformed");
  });

  it("never throws on any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50, size: "max" })), (chunks) => {
        const decoder = frameDecoder();
        for (const chunk of chunks) {
          decoder.push(chunk);
          drain(decoder);
        }
      }),
    );
  });
});
