/** What a holder of chunks is to the chunk service: a relay's disk, or what a member can make again. */
import type { ChunkId, Topic } from "../wire/ids.ts";

/** What became of one chunk that was handed in. `quota`: of the topic or of all; `unavailable`: the disk. */
export type ChunkPut = "stored" | "quota" | "unavailable";

/** Methods never reject. */
export interface ChunkStore {
  /** Which of these are here, in their order. */
  readonly has: (topic: Topic, ids: readonly ChunkId[]) => Promise<readonly boolean[]>;
  readonly read: (topic: Topic, id: ChunkId) => Promise<Uint8Array | undefined>;
  /** Durable when it answers `stored`. `chunk` has that id: the service has checked. */
  readonly put: (topic: Topic, id: ChunkId, chunk: Uint8Array) => Promise<ChunkPut>;
  readonly release: (topic: Topic) => Promise<void>;
}
