/** Addresses at which this process can be reached without a relay, as links and members tell them. */
import type { Network, Reach } from "./ports.ts";

/** Link-local IPv6 addresses mean nothing without the name of a network card, which is another one elsewhere. */
const LINK_LOCAL = /^\/ip6\/fe[89ab]/i;
const LOOPBACK = /^\/(ip4\/127\.|ip6\/::1\/)/;

/** Multiaddrs without PeerId, IPv4 first; those of loopback only where there are no others. */
export function ownAddresses(network: Pick<Network, "reach">): readonly string[] {
  const all = network
    .reach()
    .listening.map(bare)
    .filter((each) => !LINK_LOCAL.test(each));
  const shared = all.filter((each) => !LOOPBACK.test(each));
  const told = [...new Set(shared.length > 0 ? shared : all)];
  return [...told.filter(isIp4), ...told.filter((each) => !isIp4(each))];
}

const bare = (address: Reach["listening"][number]): string => address.replace(/\/p2p\/[^/]+$/, "");
const isIp4 = (address: string): boolean => address.startsWith("/ip4/");
