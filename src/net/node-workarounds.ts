/**
 * Faults of libp2p 3.3.11 that a relay with thousands of clients runs into, each worked around here and nowhere else.
 * Every one checks that what it replaces is there, so a later libp2p just runs without it.
 */
import type { Connection, Libp2p, PeerId } from "@libp2p/interface";

interface ConnectionIndex {
  getConnections: (peerId?: PeerId) => Connection[];
  readonly getConnectionsMap: () => { readonly values: () => Iterable<Connection[]> };
}

/**
 * `getConnections()` copies its growing result once per peer, and is called on every accept: quadratic, 16 to 37 ms
 * of CPU per connect at 2,000 clients. This one copies once.
 */
export function countConnectionsLinearly(node: Libp2p): void {
  const { components } = node as { components?: { connectionManager?: Partial<ConnectionIndex> } };
  const manager = components?.connectionManager;
  if (typeof manager?.getConnections !== "function" || typeof manager.getConnectionsMap !== "function") return;
  const index = manager as ConnectionIndex;
  const ofPeer = index.getConnections.bind(index);
  index.getConnections = (peerId) =>
    peerId === undefined ? [...index.getConnectionsMap().values()].flat() : ofPeer(peerId);
}

/** PeerIds are throwaways, and libp2p keeps every peer it ever met: a relay would grow for ever. */
export function forgetDisconnectedPeers(node: Libp2p): void {
  node.addEventListener("peer:disconnect", (event) => {
    node.peerStore.delete(event.detail).catch(() => undefined);
  });
}
