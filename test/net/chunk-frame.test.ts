import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { chunkFrame } from "../../src/net/chunk-frame.ts";
import { withLength } from "../../src/net/frame-stream.ts";
import { encodeChunkAnswer, encodeChunkRequest } from "../../src/wire/chunk-frames.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";

describe("a chunk's frame", () => {
  it("is byte for byte what the codec and the length prefix give", () => {
    for (const bytes of [16, 100, 118, 119, 16_374, 16_375, CHUNK_MAX_BYTES]) {
      const [id, chunk] = [bytes * 7, new Uint8Array(bytes).fill(3)];
      const [put, given] = [{ kind: "put", id, chunk } as const, { kind: "chunk", id, chunk } as const];
      assert(Buffer.from(withLength(encodeChunkRequest(put))).equals(chunkFrame(put)), `put ${bytes}`);
      assert(Buffer.from(withLength(encodeChunkAnswer(given))).equals(chunkFrame(given)), `chunk ${bytes}`);
    }
  });
});
