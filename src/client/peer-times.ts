/** Since when this process has been connected to other members. */
import type { EventHub } from "./event-hub.ts";
import type { PeerStatus } from "./ports/network.ts";

/**
 * Answers since when (ms) there has been a connection of this kind; now, for one of which nobody told. A connection
 * through a relay that becomes a direct one is another one.
 */
export function peerTimes(hub: EventHub, nowMs: () => number): (peer: PeerStatus) => number {
  const times = new Map<string, { readonly path: PeerStatus["path"]; readonly ms: number }>();
  hub.listen((notice) => {
    if (notice.kind !== "peer") return;
    const { peerId, path } = notice.peer;
    if (notice.state === "gone") times.delete(peerId);
    else if (times.get(peerId)?.path !== path) times.set(peerId, { path, ms: nowMs() });
  });
  return ({ peerId, path }) => {
    const known = times.get(peerId);
    return known?.path === path ? known.ms : nowMs();
  };
}
