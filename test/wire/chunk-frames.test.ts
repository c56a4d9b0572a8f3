import fc from "fast-check";
import { ChunkAnswer, ChunkRequest } from "../../src/wire/chunk-frames.ts";
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
    record<Request<"put">>({ kind: fc.constant("put"), id, chunk }),
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
    record<Answer<"chunk">>({ kind: fc.constant("chunk"), id, chunk }),
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
