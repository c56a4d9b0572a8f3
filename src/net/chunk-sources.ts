/** Whom we may ask for chunks now: relays that are ours and members, each by a name that stays while it is connected. */
import type { Connection } from "@libp2p/interface";
import type { ChunkGiver } from "../client/ports/chunks.ts";
import type { ChunkHolder } from "./chunk-client.ts";

export interface ChunkSource {
  /** PeerId: what is remembered. */
  readonly name: string;
  /** As people are told of it. */
  readonly giver: ChunkGiver;
  readonly holder: ChunkHolder;
  /** Reached without a relay in between: asked for more at once. */
  readonly isDirect: boolean;
}

export interface ChunkSources {
  readonly now: () => readonly ChunkSource[];
  /** Calls when somebody new is there, until the answer is called. */
  readonly watch: (changed: () => void) => () => void;
}

/** A source of that kind on that connection; `address`: a relay's, where it is known by another than the connection's. */
export function sourceOn(
  connection: Connection,
  holder: Omit<ChunkHolder, "connection">,
  address = connection.remoteAddr.toString(),
): ChunkSource {
  const name = connection.remotePeer.toString();
  const isDirect = holder.kind === "member" && !address.includes("/p2p-circuit");
  const giver: ChunkGiver = holder.kind === "relay" ? { kind: "relay", address } : { kind: "member", peerId: name };
  return { name, giver, holder: { ...holder, connection }, isDirect };
}

/** Who is reached now. */
export interface Reached {
  /** Multihash bytes. */
  readonly ownPeerId: Uint8Array;
  /** Those that no mere peer told us. */
  readonly relays: readonly { readonly connection: Connection; readonly address: string }[];
  readonly members: readonly Connection[];
}

/** Sources, and the way to tell those who watch them. */
export interface WatchedSources extends ChunkSources {
  /** Somebody new is there. */
  readonly changed: () => void;
}

/** Members and relays as sources; `reached`: undefined before the start. */
export function watchedSources(
  { verifier, accessToken }: Pick<ChunkHolder, "verifier" | "accessToken">,
  reached: () => Reached | undefined,
): WatchedSources {
  const watchers = new Set<() => void>();
  return {
    now: () => {
      const { ownPeerId = new Uint8Array(), relays = [], members = [] } = reached() ?? {};
      const as = { ownPeerId, verifier, accessToken };
      return [
        ...members.map((each) => sourceOn(each, { ...as, kind: "member" })),
        ...relays.map(({ connection, address }) => sourceOn(connection, { ...as, kind: "relay" }, address)),
      ];
    },
    watch: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    changed: () => {
      for (const each of [...watchers]) each();
    },
  };
}
