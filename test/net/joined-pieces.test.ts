import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { Uint8ArrayList } from "uint8arraylist";
import { frameDecoder } from "../../src/net/frame-decoder.ts";
import { joinPieces } from "../../src/net/joined-pieces.ts";
import { noisePackets } from "../../src/net/noise-packets.ts";

/** Bytes of the heap that are in use. */
function inUse(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  collect();
  return process.memoryUsage().heapUsed;
}

/** How much more of the heap is in use when so many single bytes wait. */
function heldBy(count: number, push: (byte: Uint8Array) => unknown): number {
  const before = inUse();
  for (let i = 0; i < count; i++) push(new Uint8Array(1));
  return inUse() - before;
}

describe("bytes that wait for more", () => {
  it("are the same bytes in few pieces, however small they come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 1_200, size: "max" }), { maxLength: 120, size: "max" }),
        (pieces) => {
          const list = new Uint8ArrayList();
          for (const piece of pieces) {
            list.append(piece);
            joinPieces(list);
            assert([...list].length <= Math.max(32, list.byteLength / 1_024));
          }
          assert.deepEqual(list.slice(), new Uint8Array(Buffer.concat(pieces)));
        },
      ),
    );
  });

  it("are left as they are where they come in large pieces", () => {
    const pieces = Array.from({ length: 40 }, () => new Uint8Array(2_048));
    const list = new Uint8ArrayList(...pieces);
    joinPieces(list);
    assert.deepEqual([...list].length, 40);
  });

  it("take hardly more memory than they are, one at a time: the half of a frame, and of an encrypted packet", () => {
    const decoder = frameDecoder();
    decoder.push(Uint8Array.of(0xff, 0xff, 0x3f)); // a frame of a MiB
    const frame = (byte: Uint8Array): void => {
      decoder.push(byte);
      assert.equal(decoder.next(), undefined);
    };
    assert(heldBy(50_000, frame) < 1_500_000);
    assert.equal(decoder.waitingBytes(), 50_003);
    const packets = noisePackets();
    packets.decode(Uint8Array.of(0xff, 0xff));
    assert(heldBy(50_000, (byte) => packets.decode(byte)) < 1_500_000);
  });
});
