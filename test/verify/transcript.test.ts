import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { LABEL_NAMES, label } from "../../src/verify/labels.ts";
import { compareBytes, concat, lp, lpAll, passingTranscript, u32be, u64be } from "../../src/verify/transcript.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const parts = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 4 });

describe("labels", () => {
  it("are all different and begin with the protocol's name and version", () => {
    const encoded = LABEL_NAMES.map((name) => Buffer.from(label(name)).toString());
    assert.equal(new Set(encoded).size, LABEL_NAMES.length);
    assert(encoded.every((each) => each.startsWith("hermes/v1/") && each.length > 10));
  });
});

describe("transcripts", () => {
  it("are the label and the parts, each after its length", () => {
    const expected = "0000000d6865726d65732f76312f6d7367 00000002aabb 00000000".replaceAll(" ", "");
    assert.equal(hex(lpAll("msg", Uint8Array.of(0xaa, 0xbb), new Uint8Array())), expected);
    assert.equal(hex(lp(Uint8Array.of(1))), "0000000101");
    assert.equal(hex(concat(u32be(258), u64be(2 ** 40 + 1))), "000001020000010000000001");
  });

  it("are the same where they are hashed at once, whatever their size", () => {
    for (const size of [0, 1, 100, 2_000, 65_536, 100_000]) {
      const part = new Uint8Array(size).fill(size);
      assert.equal(hex(passingTranscript("ct", part, part)), hex(lpAll("ct", part, part)));
    }
    assert.equal(hex(passingTranscript("ct")), hex(lpAll("ct")), "nothing is left of a longer one before");
  });

  it("differ whenever the lists of parts differ", () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const same = a.length === b.length && a.every((each, i) => compareBytes(each, b[i] ?? new Uint8Array()) === 0);
        assert.equal(hex(lpAll("msg", ...a)) === hex(lpAll("msg", ...b)), same);
        assert.notEqual(hex(lpAll("msg", ...a)), hex(lpAll("hdr", ...b)));
      }),
    );
  });

  it("sort bytewise", () => {
    fc.assert(
      fc.property(parts, (list) => {
        assert.deepEqual(list.toSorted(compareBytes).map(hex), list.toSorted(Buffer.compare).map(hex));
      }),
    );
  });
});
