/** How others could connect to this process: what it listens at, what relays pass on, and how relays see it. */
import type { IdentifyResult } from "@libp2p/interface";
import type { Reach } from "../client/ports/network.ts";
import { ownAddresses } from "./machine-watch.ts";
import type { NetNode } from "./node.ts";

export interface Reachability {
  /** `relays`: PeerIds of those whose word counts. */
  readonly now: (relays: ReadonlySet<string>) => Reach;
  readonly stop: () => void;
}

/** Learns from now on how others see us. */
export function reachability(node: NetNode): Reachability {
  /** IP address at which a connected peer sees us, by its PeerId. */
  const seenBy = new Map<string, string>();
  const identified = ({ detail }: { readonly detail: IdentifyResult }): void => {
    const seen = hostOf(String(detail.observedAddr ?? ""));
    if (seen !== undefined) seenBy.set(detail.peerId.toString(), seen);
  };
  const gone = ({ detail }: { readonly detail: { toString: () => string } }): void =>
    void seenBy.delete(detail.toString());
  node.libp2p.addEventListener("peer:identify", identified);
  node.libp2p.addEventListener("peer:disconnect", gone);
  return {
    now: (relays) => {
      const addresses = node.addresses();
      const circuits = addresses.flatMap((each) => /\/p2p\/([^/]+)\/p2p-circuit/.exec(each)?.[1] ?? []);
      return {
        peerId: node.peerId,
        listening: addresses.filter((each) => !each.includes("/p2p-circuit")),
        circuits: [...new Set(circuits)],
        throughRelays: addresses.filter((each) => each.includes("/p2p-circuit")),
        observed: [...new Set([...seenBy].flatMap(([peer, seen]) => (relays.has(peer) ? [seen] : [])))],
        own: ownAddresses(),
      };
    },
    stop: () => {
      node.libp2p.removeEventListener("peer:identify", identified);
      node.libp2p.removeEventListener("peer:disconnect", gone);
    },
  };
}

/** The IP address in a multiaddr. */
const hostOf = (address: string): string | undefined => /^\/ip[46]\/([^/]+)/.exec(address)?.[1];
