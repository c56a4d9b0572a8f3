/**
 * How many connections one IP address may have at a relay, and how many of them may be in their handshake.
 *
 * 1. libp2p's cap on handshakes is for all together: without a share for each address, one that begins handshakes
 *    and never ends them keeps everybody else out.
 * 2. Loopback and circuits are not counted, see remote-host.ts.
 */
import type { ConnectionGater, MultiaddrConnection } from "@libp2p/interface";
import { remoteHost } from "./remote-host.ts";

/** Most per address. */
export interface CrowdLimits {
  readonly connections: number;
  /** Handshakes under way. */
  readonly handshakes: number;
}

/** The gater's part that counts. `addressOf` tells whose a connection is; undefined is not counted. */
export function addressCrowd(
  limits: CrowdLimits,
  addressOf: (connection: MultiaddrConnection) => string | undefined = remoteHost,
): ConnectionGater {
  const open = new Map<string, number>();
  const shaking = new Map<string, Set<MultiaddrConnection>>();
  const settle = (address: string, connection: MultiaddrConnection): void => {
    const under = shaking.get(address);
    under?.delete(connection);
    if (under?.size === 0) shaking.delete(address);
  };
  return {
    denyInboundConnection: (connection) => {
      const address = addressOf(connection);
      if (address === undefined) return false;
      const under = shaking.get(address) ?? new Set();
      const count = open.get(address) ?? 0;
      if (count >= limits.connections || under.size >= limits.handshakes) return true;
      open.set(address, count + 1);
      shaking.set(address, under.add(connection));
      connection.addEventListener("close", () => {
        settle(address, connection);
        const left = (open.get(address) ?? 1) - 1;
        if (left > 0) open.set(address, left);
        else open.delete(address);
      });
      return false;
    },
    denyInboundUpgradedConnection: (_peer, connection) => {
      const address = addressOf(connection);
      if (address !== undefined) settle(address, connection);
      return false;
    },
  };
}
