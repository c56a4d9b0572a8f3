/** Addresses at which this process can be reached without a relay, as links and members tell them. */
import type { Network, Reach } from "./ports/network.ts";

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

/**
 * The same as members are told: with ways through relays, which need no open port. They end with the PeerId of this
 * process; where there are none it stands alone, so that members know whom they are connected to.
 */
export function reachableAt(network: Pick<Network, "reach">): readonly string[] {
  const { throughRelays = [], peerId } = network.reach();
  const process = peerId === undefined ? [] : [`/p2p/${peerId}`];
  const circuits = throughRelays.slice(0, CIRCUITS_MAX);
  return [...ownAddresses(network).slice(0, DIRECT_MAX), ...(circuits.length > 0 ? circuits : process)];
}
/** Direct addresses and circuits in one announcement. */
const DIRECT_MAX = 4;
const CIRCUITS_MAX = 2;

const bare = (address: Reach["listening"][number]): string => address.replace(/\/p2p\/[^/]+$/, "");
/** The process to which the addresses of one announcement lead (PeerId), where they say so. */
export function processOf(addresses: readonly string[]): string | undefined {
  return addresses.flatMap((each) => /\/p2p\/([^/]+)$/.exec(each)?.[1] ?? [])[0];
}

/** Whether this is a way to somewhere, and not only the name of a process. */
export const isWay = (address: string): boolean => !address.startsWith("/p2p/");

const isIp4 = (address: string): boolean => address.startsWith("/ip4/");
