/** A relay's chunks that follow from their numbers, in three topics: what a process puts there, another can ask for. */
import { type ChunkFiles, openChunkFiles } from "../../relay-node/chunk-files.ts";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { ChunkId, Topic } from "../../src/wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../../src/wire/limits.ts";

const TOPICS = [1, 2, 3].map((byte) => Topic.from(new Uint8Array(32).fill(byte)));

export interface NumberedChunks {
  readonly put: (n: number) => ReturnType<ChunkFiles["put"]>;
  /** Whether it is read as it should be. */
  readonly isThere: (n: number) => Promise<boolean>;
  /** Whether it is said to be there. */
  readonly isClaimed: (n: number) => Promise<boolean>;
  /** Erases all. */
  readonly release: () => Promise<void>;
}

export async function openNumberedChunks(directory: string): Promise<NumberedChunks> {
  const limits = { totalMaxBytes: 1e9, fileMaxBytes: 1e9, retentionMs: 1e9, keepFreeBytes: 0 };
  const files = await openChunkFiles({ directory, ...limits });
  return {
    put: (n) => files.put(topicOf(n), idOf(n), chunkOf(n)),
    isThere: async (n) => Buffer.from((await files.read(topicOf(n), idOf(n))) ?? []).equals(chunkOf(n)),
    isClaimed: async (n) => (await files.has(topicOf(n), [idOf(n)]))[0] ?? false,
    release: async () => {
      for (const topic of TOPICS) await files.release(topic);
      await files.close();
    },
  };
}

const topicOf = (n: number): Topic => TOPICS[n % TOPICS.length] ?? Topic.from(new Uint8Array(32));
const idOf = (n: number): ChunkId => ChunkId.from(nodeVerifier.sha256(chunkOf(n)));

/** Most are full, as those of files are. */
function chunkOf(n: number): Uint8Array {
  const chunk = new Uint8Array(n % 5 === 0 ? 1_000 + n : CHUNK_MAX_BYTES).fill(n);
  new DataView(chunk.buffer).setUint32(0, n);
  return chunk;
}
