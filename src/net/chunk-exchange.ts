/** The client's `ChunkNetwork`: what we have is served to members, what we lack is fetched from relays and members. */
import type { ChunkHoldings, ChunkNetwork } from "../client/ports/chunks.ts";
import { equalBytes } from "../verify/transcript.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { openChunks } from "./chunk-client.ts";
import { fetchChunks, type Liars } from "./chunk-fetch.ts";
import { type ChunkService, createChunkService } from "./chunk-service.ts";
import type { ChunkSources } from "./chunk-sources.ts";
import { uploadChunks } from "./chunk-upload.ts";
import type { NetNode } from "./node.ts";

export interface ChunkExchange extends ChunkNetwork {
  /** Answers other members on `node`; may be called before it starts. */
  readonly serveOn: (node: NetNode) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export function createChunkExchange(verifier: Verifier, sources: ChunkSources): ChunkExchange {
  const served = new Set<ChunkHoldings>();
  const liars: Liars = new Map();
  /** Often one; a message may name the key of another file, and takes nothing away from that. */
  const of = (topic: Topic): readonly ChunkHoldings[] => [...served].filter((each) => equalBytes(each.topic, topic));
  const service: ChunkService = createChunkService({
    verifier,
    own: () => served,
    store: {
      has: async (topic, ids) => {
        const each = await Promise.all(of(topic).map((holdings) => holdings.has(ids)));
        return ids.map((_, at) => each.some((flags) => flags[at]));
      },
      read: async (topic, id) => {
        for (const holdings of of(topic)) {
          const chunk = await holdings.read(id);
          if (chunk) holdings.served?.(id);
          if (chunk) return chunk;
        }
        return undefined;
      },
      put: async () => "unavailable",
      release: async () => undefined,
    },
  });
  return {
    serve: (holdings) => {
      served.add(holdings);
      return () => void served.delete(holdings);
    },
    fetch: (...given) => fetchChunks(sources, liars, given),
    upload: (...given) => uploadChunks(sources, given),
    release: (topic) => {
      for (const { holder } of sources.now().filter((each) => each.holder.kind === "relay"))
        openChunks(holder, topic)
          .then(async (client) => {
            await client?.release();
            await client?.close();
          })
          .catch(() => undefined); // it goes with the retention
    },
    watch: (_, wake) => sources.watch(wake),
    serveOn: (node) => service.serve(node),
    stop: () => service.close(),
  };
}
