import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  ChunkAnswer,
  ChunkRequest,
  decodeChunkAnswer,
  decodeChunkRequest,
  encodeChunkAnswer,
  encodeChunkRequest,
} from "../../src/wire/chunk-frames.ts";
import { ChunkId, Signature, Topic } from "../../src/wire/ids.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { anyText, anyU32, brandedBytes, bytesOf, record } from "./arbitraries.ts";
import { formatProperties } from "./format-properties.ts";

const id = anyU32;
const signature = brandedBytes(Signature);
const chunkId = brandedBytes(ChunkId);
const chunk = bytesOf(300, 16);

type Request<K extends ChunkRequest["kind"]> = ChunkRequest & { readonly kind: K };
type Answer<K extends ChunkAnswer["kind"]> = ChunkAnswer & { readonly kind: K };

formatProperties(
  "ChunkRequest",
  ChunkRequest,
  fc.oneof<fc.Arbitrary<ChunkRequest>[]>(
    record<Request<"open">>({ kind: fc.constant("open"), access: anyText(256), topic: brandedBytes(Topic), signature }),
    record<Request<"meet">>({ kind: fc.constant("meet"), nonce: bytesOf(32, 32), name: bytesOf(32, 32), signature }),
    record<Request<"have">>({ kind: fc.constant("have"), id, chunks: fc.array(chunkId, { maxLength: 4 }) }),
    record<Request<"get">>({ kind: fc.constant("get"), id, chunk: chunkId }),
    record<Request<"release">>({ kind: fc.constant("release"), id }),
  ),
);
formatProperties(
  "ChunkAnswer",
  ChunkAnswer,
  fc.oneof<fc.Arbitrary<ChunkAnswer>[]>(
    record<Answer<"challenge">>({ kind: fc.constant("challenge"), nonce: bytesOf(32, 32) }),
    record<Answer<"opened">>({ kind: fc.constant("opened"), proof: bytesOf(64) }),
    record<Answer<"has">>({ kind: fc.constant("has"), id, bits: bytesOf(100) }),
    record<Answer<"lacking">>({ kind: fc.constant("lacking"), id }),
    record<Answer<"done">>({ kind: fc.constant("done"), id }),
    record<Answer<"refused">>({
      kind: fc.constant("refused"),
      id,
      reason: fc.constantFrom(...Object.values(REFUSAL)),
      retryAfterMs: anyU32,
    }),
  ),
);

/** With so many zeros more at the end, or so many bytes fewer. */
function resized(encoded: Uint8Array, by: number): Uint8Array {
  const out = new Uint8Array(encoded.length + by);
  out.set(encoded.subarray(0, out.length));
  return out;
}

describe("frames with a chunk in them", () => {
  it("come back as they were, and no shorter or longer", () => {
    fc.assert(
      fc.property(id, chunk, (number, bytes) => {
        const put: ChunkRequest = { kind: "put", id: number, chunk: bytes };
        const answer: ChunkAnswer = { kind: "chunk", id: number, chunk: bytes };
        assert.deepEqual(decodeChunkRequest(encodeChunkRequest(put)), put);
        assert.deepEqual(decodeChunkAnswer(encodeChunkAnswer(answer)), answer);
        for (const length of [-1, 1]) {
          assert.equal(decodeChunkRequest(resized(encodeChunkRequest(put), length)), undefined);
          assert.equal(decodeChunkAnswer(resized(encodeChunkAnswer(answer), length)), undefined);
        }
      }),
    );
  });
});
