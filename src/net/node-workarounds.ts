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

interface Reservation {
  readonly signal?: { readonly clear?: () => void };
}

interface ReservationHolder {
  readonly reservations?: {
    readonly get: (peerId: PeerId) => Reservation | undefined;
    readonly delete: (peerId: PeerId) => unknown;
  };
}

/** How long after a disconnect a peer is forgotten once more (ms): what was under way with it has ended by then. */
const SECOND_SWEEP_MS = 60_000;

/**
 * PeerIds are throwaways, and libp2p keeps every peer it ever met: a relay would grow for ever. A reservation too
 * outlives its connection until its time is over, and those of the gone would use up the relay's stock; its signal is held
 * for as long by Node, with all that hears it, 8 KB for each client that came and went.
 */
export function forgetDisconnectedPeers(node: Libp2p): void {
  const { circuits } = node.services as { circuits?: ReservationHolder };
  const forget = (peer: PeerId): void => {
    if (node.getConnections(peer).length > 0) return;
    circuits?.reservations?.get(peer)?.signal?.clear?.();
    circuits?.reservations?.delete(peer);
    node.peerStore.delete(peer).catch(() => undefined);
  };
  let gone: PeerId[] = [];
  node.addEventListener("peer:disconnect", ({ detail: peer }) => {
    forget(peer);
    gone.push(peer); // a request of its last moment may bring it back
  });
  setInterval(() => {
    for (const peer of gone) forget(peer);
    gone = [];
  }, SECOND_SWEEP_MS).unref();
}

/** Time between two looks for connections without a stream (ms); one that is seen twice is cut. */
const UNUSED_CHECK_MS = 60_000;

/** libp2p keeps a connection on which nothing was ever asked until it has too many: thousands could hold all places. */
export function cutUnusedConnections(node: Libp2p, checkMs = UNUSED_CHECK_MS): void {
  let unused = new Set<Connection>();
  setInterval(() => {
    const now = node.getConnections().filter(({ streams }) => streams.length === 0);
    for (const connection of now) if (unused.has(connection)) connection.abort(new Error("nothing was asked for long"));
    unused = new Set(now.filter((connection) => connection.status === "open"));
  }, checkMs).unref();
}
