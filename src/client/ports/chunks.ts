/**
 * What the client needs of a network for files: their chunks at relays and members. `src/net` implements it.
 */
import type { ChunkId, Topic } from "../../wire/ids.ts";
import type { TopicSubscription } from "./network.ts";

/** The topic under which the chunks of one file lie; whoever has the file's key can prove it. */
export interface ChunkTopic {
  readonly topic: Topic;
  readonly prove: TopicSubscription["prove"];
}

/** What this device has of one file. */
export interface ChunkHoldings extends ChunkTopic {
  /** Which of these we have, in their order; at most CHUNK_LIST_MAX. */
  readonly has: (ids: readonly ChunkId[]) => Promise<readonly boolean[]>;
  /** The ciphertext; undefined when it is here no more, as when the source file has changed. */
  readonly read: (id: ChunkId) => Promise<Uint8Array | undefined>;
  /** Another member has taken this one from us. */
  readonly served?: (id: ChunkId) => void;
}

/** What became of a fetch; `lacking`: none of so many `asked` has the rest. */
export type FetchOutcome =
  | { readonly kind: "complete" | "cancelled" }
  | { readonly kind: "lacking"; readonly asked: number };

/** What became of an upload; `refused`: a sentence with the cause. */
export type UploadOutcome =
  | { readonly kind: "stored" | "unreachable" | "cancelled" }
  | { readonly kind: "refused"; readonly reason: string; readonly retryAfterMs?: number };

/** The part of AbortSignal that the core knows. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", listener: () => void) => void;
  readonly removeEventListener: (type: "abort", listener: () => void) => void;
}

/** Who gave us chunks. `peerId`: of a member's process. */
export type ChunkGiver =
  | { readonly kind: "relay"; readonly address: string }
  | { readonly kind: "member"; readonly peerId: string };

/** Chunks of files at relays and at other members. Every chunk that comes out of here has the hash that names it. */
export interface ChunkNetwork {
  /** Serves what we have to members who prove the topic, until the answer is called. */
  readonly serve: (holdings: ChunkHoldings) => () => void;
  /**
   * Fetches chunks, at most CHUNK_LIST_MAX, from everybody who is reached and has them. `arrived` resolves when the chunk
   * is saved; until then its bytes are valid, and a source is read no further. `blamed`: a source that lied, and is asked no more.
   */
  readonly fetch: (
    topic: ChunkTopic,
    wanted: readonly ChunkId[],
    options: {
      readonly arrived: (id: ChunkId, ciphertext: Uint8Array) => Promise<void>;
      readonly blamed?: (giver: ChunkGiver) => void;
      readonly signal: StopSignal;
    },
  ) => Promise<FetchOutcome>;
  /** Puts these chunks, at most CHUNK_LIST_MAX, on every connected relay that no mere peer told us. `stored`: one relay has it on its disk. */
  readonly upload: (
    holdings: ChunkHoldings,
    ids: readonly ChunkId[],
    options: { readonly stored: (id: ChunkId) => void; readonly signal: StopSignal },
  ) => Promise<UploadOutcome>;
  /** Lets relays delete everything under this topic. Best effort. */
  readonly release: (topic: ChunkTopic) => void;
  /** Calls `wake` whenever somebody new may have chunks of this topic, until the answer is called. */
  readonly watch: (topic: Topic, wake: () => void) => () => void;
}
