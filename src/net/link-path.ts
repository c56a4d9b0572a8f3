/** Which way a connection to another member goes. */
import type { Connection } from "@libp2p/interface";
import type { PeerStatus } from "../client/ports/network.ts";

/** Who is at its other end, and whether the way leads through a relay. */
export const statusOf = ({ remotePeer, remoteAddr }: Connection): PeerStatus => ({
  peerId: remotePeer.toString(),
  path: /p2p-circuit/.test(remoteAddr.toString()) ? "circuit" : "direct",
});

/** A direct way is better than one through a relay. */
export const isBetter = (one: Connection, other: Connection): boolean =>
  statusOf(one).path === "direct" && statusOf(other).path === "circuit";
