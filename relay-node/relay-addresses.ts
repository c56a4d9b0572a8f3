/**
 * Under which addresses a relay is reached. libp2p announces no public address until another peer has verified it;
 * but an address of this machine's own interfaces is known to be ours, so it is announced like an operator's.
 */
import type { NetworkInterfaceInfo } from "node:os";

/** As os.networkInterfaces answers. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** `/ip4/0.0.0.0/tcp/33001` and `/ip6/::/tcp/33001`, and what follows. Port 0 is not known before listening. */
const WILDCARD = /^\/(ip4\/0\.0\.0\.0|ip6\/::)(\/tcp\/[1-9]\d*.*)$/;
const LOOPBACK = /^\/(ip4\/127\.|ip6\/::1\/|dns[46]?\/localhost\/)/;

/** Multiaddrs of the machine's interfaces that the wildcards among `listen` stand for; loopback and link-local ones are left out. */
export function interfaceAddresses(listen: readonly string[], interfaces: Interfaces): readonly string[] {
  const found = Object.values(interfaces).flatMap((each) => each ?? []);
  return listen.flatMap((address) => {
    const [, wildcard = "", rest = ""] = WILDCARD.exec(address) ?? [];
    const family = wildcard.startsWith("ip4") ? "IPv4" : "IPv6";
    if (wildcard === "") return [];
    return found
      .filter((each) => each.family === family && !each.internal && !each.address.startsWith("fe80"))
      .map((each) => `/${wildcard.slice(0, 3)}/${each.address}${rest}`);
  });
}

/** The addresses to show, those first that most people can use: announced, then the machine's, then loopback. */
export function bestFirst(addresses: readonly string[], announced: readonly string[]): readonly string[] {
  const rank = (address: string): number => {
    if (announced.some((each) => address.startsWith(each))) return 0;
    return LOOPBACK.test(address) ? 2 : 1;
  };
  return [...new Set(addresses)].sort((a, b) => rank(a) - rank(b));
}
