/**
 * `/hermes/chunks/1.0.0`: one stream for each file and holder; frames are length-prefixed as on the topic stream. The holder
 * speaks first. Requests carry an id that the answer repeats; many may be under way. Chunks are views of their frame: nothing
 * else of it is worth a copy.
 *
 * @see PROTOCOL.md § Chunks
 */
import { bytes, bytesView, list, raw, struct, text, u32, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { ChunkId, Signature, Topic } from "./ids.ts";
import { CHUNK_LIST_MAX, CHUNK_MAX_BYTES } from "./limits.ts";
import { ChallengeNonce, refusal } from "./topic-frames.ts";

const id = u32;

/** What whoever fetches or uploads says. */
export const ChunkRequest = union({
  /** At a relay: the file's topic, proved as an open proof. */
  open: [1, struct({ access: text(256), topic: Topic, signature: Signature })],
  /** At a member: the topic's name for these two nonces, and the proof. */
  meet: [2, struct({ nonce: raw(32), name: raw(32), signature: Signature })],
  /** Which of these the holder has. */
  have: [3, struct({ id, chunks: list(ChunkId, CHUNK_LIST_MAX) })],
  get: [4, struct({ id, chunk: ChunkId })],
  put: [5, struct({ id, chunk: bytesView(CHUNK_MAX_BYTES, 16) })],
  /** The holder may erase all that it has under the topic. */
  release: [6, struct({ id })],
});
export type ChunkRequest = Infer<typeof ChunkRequest>;

/** What the holder says. */
export const ChunkAnswer = union({
  challenge: [1, struct({ nonce: ChallengeNonce })],
  /** The topic is open; at a member with its own proof, made for the other's nonce, the roles turned round. */
  opened: [2, struct({ proof: bytes(64) })],
  /** One bit for each chunk that was asked for, lowest first. */
  has: [3, struct({ id, bits: bytes(CHUNK_LIST_MAX / 8) })],
  chunk: [4, struct({ id, chunk: bytesView(CHUNK_MAX_BYTES, 16) })],
  lacking: [5, struct({ id })],
  /** Durable; or released. */
  done: [6, struct({ id })],
  /** `retryAfterMs`: 0 when time heals nothing. Of an `open` or `meet` the id is 0. */
  refused: [7, struct({ id, reason: refusal, retryAfterMs: u32 })],
});
export type ChunkAnswer = Infer<typeof ChunkAnswer>;

const headFields = struct({ id, chunkBytes: u32 });
const ChunkHead = union({ put: [5, headFields], chunk: [4, headFields] });

/** What stands before a chunk's bytes in its `put` or `chunk` frame: whoever sends one need not copy them for the encoding. */
export const encodeChunkHead = (head: Infer<typeof ChunkHead>): Uint8Array => encode(ChunkHead, head);

export const encodeChunkRequest = (request: ChunkRequest): Uint8Array => encode(ChunkRequest, request);
export const decodeChunkRequest = (encoded: Uint8Array): ChunkRequest | undefined => decode(ChunkRequest, encoded);
export const encodeChunkAnswer = (answer: ChunkAnswer): Uint8Array => encode(ChunkAnswer, answer);
export const decodeChunkAnswer = (encoded: Uint8Array): ChunkAnswer | undefined => decode(ChunkAnswer, encoded);
