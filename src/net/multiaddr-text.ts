/** Addresses as people write them, and what the operating system says about listening on them. */
import { type Multiaddr, multiaddr } from "@multiformats/multiaddr";
import { Fault } from "../wire/fault.ts";

/** The address, or `undefined` when `text` is no multiaddr. */
export function parseAddress(text: string): Multiaddr | undefined {
  try {
    const address = multiaddr(text);
    void address.bytes; // parts such as /onion3/x are looked at only here, and would throw wherever addresses are compared
    return address;
  } catch {
    return undefined;
  }
}

/** Throws `config/invalid` for the first of `addresses` that is no multiaddr; `setting` is its name in the configuration. */
export function requireAddresses(setting: string, addresses: readonly string[]): void {
  const bad = addresses.find((each) => parseAddress(each) === undefined);
  if (bad === undefined) return;
  throw new Fault(
    "config/invalid",
    `"${bad}" (${setting}) is not an address; write it like /ip4/0.0.0.0/tcp/33001 or /dns4/relay.example/tcp/33001`,
  );
}

const SENTENCES = {
  EADDRINUSE: "the port is already in use; stop the other program or choose another port",
  EACCES: "this user may not listen on that port; choose one above 1023",
  EADDRNOTAVAIL: "this machine does not have that address; listen on 0.0.0.0 to use all that it has",
} as const;

/** Why a node could not listen: `network/refused` where the machine does not let it, which may change, else `config/invalid`. */
export function listenFault(addresses: readonly string[], cause: unknown): Fault {
  const text = cause instanceof Error ? cause.message : "";
  const known = Object.entries(SENTENCES).find(([code]) => text.includes(code))?.[1];
  const sentence = known ?? "the operating system refused, or no part of Hermes listens on such an address";
  const code = known === undefined ? "config/invalid" : "network/refused";
  return new Fault(code, `cannot listen on ${addresses.join(", ")}: ${sentence}`, { cause });
}
