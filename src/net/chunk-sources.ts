/** Whom we may ask for chunks now: relays that are ours and members, each by a name that stays while it is connected. */
import type { Connection } from "@libp2p/interface";
import type { ChunkHolder } from "./chunk-client.ts";

export interface ChunkSource {
  /** PeerId: what is blamed, and remembered. */
  readonly name: string;
  readonly holder: ChunkHolder;
  /** Reached without a relay in between: asked for more at once. */
  readonly isDirect: boolean;
}

export interface ChunkSources {
  readonly now: () => readonly ChunkSource[];
  /** Calls when somebody new is there, until the answer is called. */
  readonly watch: (changed: () => void) => () => void;
}

/** A source of that kind on that connection. */
export function sourceOn(connection: Connection, holder: Omit<ChunkHolder, "connection">): ChunkSource {
  const isDirect = holder.kind === "member" && !connection.remoteAddr.toString().includes("/p2p-circuit");
  return { name: connection.remotePeer.toString(), holder: { ...holder, connection }, isDirect };
}
