import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { chunkHead } from "../../src/net/chunk-frame.ts";
import { withLength } from "../../src/net/frame-stream.ts";
import { encodeChunkAnswer, encodeChunkRequest } from "../../src/wire/chunk-frames.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";

describe("a chunk's frame", () => {
  it("is byte for byte what the codec and the length prefix give", () => {
    for (const bytes of [16, 100, 118, 119, 16_374, 16_375, CHUNK_MAX_BYTES]) {
      const [id, chunk] = [bytes * 7, new Uint8Array(bytes).fill(3)];
      const [put, given] = [{ kind: "put", id, chunk } as const, { kind: "chunk", id, chunk } as const];
      for (const [kind, whole] of [
        ["put", encodeChunkRequest(put)],
        ["chunk", encodeChunkAnswer(given)],
      ] as const) {
        const ours = Buffer.concat([chunkHead({ kind, id, chunkBytes: bytes }), chunk]);
        assert(Buffer.from(withLength(whole)).equals(ours), `${kind} ${bytes}`);
      }
    }
  });
});
