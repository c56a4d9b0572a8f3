/**
 * Members on the same LAN, by mDNS. What is told there is a throwaway PeerId and where it listens: no account, no
 * group, no relay. Who is found is a stranger until it proves a topic of ours (topic-meeting.ts).
 */

import { start, stop } from "@libp2p/interface";
import type { MulticastDNSComponents } from "@libp2p/mdns";
import { mdns } from "@libp2p/mdns";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { NetNode } from "./node.ts";

/** A name of our own, so that not every program on libp2p is dialled. */
const SERVICE_TAG = "_hermes._udp.local";
/** UDP port of mDNS. */
const MDNS_PORT = 5_353;
/** Time between two questions to the LAN (ms). */
const ASK_MS = 10_000;

export interface LocalDiscovery {
  readonly stop: () => Promise<void>;
}

/** Begins to ask and to answer; `found` is called for each answer, again and again. The node has started. `port`: for tests. */
export async function discoverLocally(
  node: NetNode,
  found: (addresses: readonly Multiaddr[]) => void,
  port = MDNS_PORT,
): Promise<LocalDiscovery> {
  // node.ts announces no circuits, so no relay is named here either
  const addressManager = {
    getAddresses: () => node.libp2p.getMultiaddrs(),
  } as MulticastDNSComponents["addressManager"];
  const service = mdns({ serviceTag: SERVICE_TAG, interval: ASK_MS, port })({
    addressManager,
    logger: node.libp2p.logger,
  });
  service.addEventListener("peer", ({ detail }) => found(detail.multiaddrs));
  await start(service);
  return { stop: () => stop(service) };
}
