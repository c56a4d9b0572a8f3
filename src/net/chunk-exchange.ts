/** The client's `ChunkNetwork`: what we have is served to members, what we lack is fetched from relays and members. */
import type { ChunkHoldings, ChunkNetwork } from "../client/ports.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
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
  const served = new Map<string, ChunkHoldings>();
  const liars: Liars = new Map();
  const of = (topic: Topic): ChunkHoldings | undefined => served.get(toHex(topic));
  const service: ChunkService = createChunkService({
    verifier,
    own: () => served.values(),
    store: {
      has: async (topic, ids) => (await of(topic)?.has(ids)) ?? ids.map(() => false),
      read: async (topic, id) => {
        const chunk = await of(topic)?.read(id);
        if (chunk) of(topic)?.served?.(id);
        return chunk;
      },
      put: async () => "unavailable",
      release: async () => undefined,
    },
  });
  return {
    serve: (holdings) => {
      served.set(toHex(holdings.topic), holdings);
      return () => {
        if (of(holdings.topic) === holdings) served.delete(toHex(holdings.topic));
      };
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
