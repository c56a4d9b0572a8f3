/** gossipsub on the same libp2p, noise, yamux and TCP as ours, tuned for a star: everybody is in the relay's mesh. */
import "../src/net/node-shims.ts";
import { noise } from "@chainsafe/libp2p-noise";
import { identify } from "@libp2p/identify";
import type { Libp2p } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { yamux } from "@libp2p/yamux";
import { createLibp2p } from "libp2p";
import { type Gossip, loadGossipsub } from "./peers.ts";

export const GOSSIP_TOPIC = "bench";

/** A node and its pubsub. */
export interface GossipNode {
  readonly node: Libp2p;
  readonly pubsub: Gossip;
}

/** A started node with room for so many in its mesh. */
export async function gossipNode(listen: readonly string[], mesh: number): Promise<GossipNode> {
  const { gossipsub } = loadGossipsub();
  const tuning = {
    ...{ D: mesh, Dlo: Math.max(1, mesh - 4), Dhi: mesh + 4, Dscore: 1, Dout: 0, Dlazy: 0 },
    allowPublishToZeroTopicPeers: true,
    fallbackToFloodsub: false,
    floodPublish: true,
    scoreParams: { IPColocationFactorWeight: 0 }, // all clients are on this machine: 11 would already be punished
    globalSignaturePolicy: "StrictNoSign",
    maxInboundStreams: 2_000,
    maxOutboundStreams: 2_000,
  };
  const node = await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionManager: {
      maxConnections: 10_000,
      inboundConnectionThreshold: 100_000,
      maxIncomingPendingConnections: 48,
    },
    services: { identify: identify(), pubsub: gossipsub(tuning) },
  });
  const { pubsub } = node.services as { readonly pubsub: Gossip };
  pubsub.subscribe(GOSSIP_TOPIC);
  return { node, pubsub };
}
