/**
 * The IP address at the other end of a connection, for limits per address; and the relay between, where there is one.
 *
 * Loopback has none: a proxy, an onion service or a test on the holder's own machine stands for many people.
 * An IPv6 address counts as its /64, which is what one customer is given.
 */
import type { Connection, MultiaddrConnection } from "@libp2p/interface";

const HOST = /^\/ip[46]\/([^/]+)\//;
const THROUGH = /\/p2p\/([^/]+)\/p2p-circuit/;

/** The address as a key, or undefined for loopback and for what is no IP connection of its own (a circuit). */
export function remoteHost({ remoteAddr }: Pick<Connection | MultiaddrConnection, "remoteAddr">): string | undefined {
  const text = remoteAddr.toString();
  const host = text.includes("/p2p-circuit") ? undefined : HOST.exec(text)?.[1];
  if (host === undefined || host.startsWith("127.") || host === "::1" || host.startsWith("::ffff:127."))
    return undefined;
  return host.includes(":") ? subnet(host) : host;
}

/** PeerId of the relay through which the other end is reached; undefined for a direct connection. */
export function relayBetween({ remoteAddr }: Pick<Connection, "remoteAddr">): string | undefined {
  return THROUGH.exec(remoteAddr.toString())?.[1];
}

/** The first four groups: `2001:db8::7` is `2001:db8:0:0`. */
function subnet(host: string): string {
  const [head = "", tail] = host.split("::");
  const before = head.split(":").filter((group) => group !== "");
  const after = (tail ?? "").split(":").filter((group) => group !== "");
  const zeros = Array.from(
    { length: tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length) },
    () => "0",
  );
  return [...before, ...zeros, ...after].slice(0, 4).join(":");
}
