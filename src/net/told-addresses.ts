/**
 * Addresses of a member's process, as links and members tell them.
 *
 * 1. Nothing is dialled but IP addresses and names with a TCP port, directly or by one circuit, whoever names it.
 * 2. One list is one process: the PeerId in it, at the end of a circuit or alone, says which (PROTOCOL.md § Addresses).
 */
import {
  CODE_DNS,
  CODE_DNS4,
  CODE_DNS6,
  CODE_IP4,
  CODE_IP6,
  CODE_P2P,
  CODE_P2P_CIRCUIT,
  CODE_TCP,
  type Multiaddr,
} from "@multiformats/multiaddr";
import { parseAddress } from "./multiaddr-text.ts";

/** What an address may begin with. */
export const HOST_CODES: ReadonlySet<number> = new Set([CODE_IP4, CODE_IP6, CODE_DNS, CODE_DNS4, CODE_DNS6]);

/** What came of one list. */
export interface ToldAddresses {
  readonly usable: readonly Multiaddr[];
  /** The PeerId that it names; undefined: none, or several. */
  readonly peerId: string | undefined;
}

/** Lists that are remembered: one device says the same in each of its groups, and people have many in common. */
const REMEMBERED_MAX = 256;
const remembered = new Map<string, ToldAddresses>();

/** Reads a list; what cannot be used is passed over. */
export function toldAddresses(texts: readonly string[]): ToldAddresses {
  const name = JSON.stringify(texts);
  const told = remembered.get(name) ?? readAddresses(texts);
  remembered.set(name, told);
  const [oldest] = remembered.keys();
  if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  return told;
}

function readAddresses(texts: readonly string[]): ToldAddresses {
  const addresses = texts.flatMap((text) => parseAddress(text) ?? []);
  const named = new Set(addresses.flatMap((each) => peerIdAtEnd(each) ?? []));
  return { usable: addresses.filter(isDialled), peerId: named.size === 1 ? [...named][0] : undefined };
}

function peerIdAtEnd(address: Multiaddr): string | undefined {
  const last = address.getComponents().at(-1);
  return last?.code === CODE_P2P ? last.value : undefined;
}

function isDialled(address: Multiaddr): boolean {
  const [host, transport, ...more] = address.getComponents().map(({ code }) => code);
  if (host === undefined || !HOST_CODES.has(host) || transport !== CODE_TCP) return false;
  return more.length === 0 || more.join() === [CODE_P2P, CODE_P2P_CIRCUIT, CODE_P2P].join();
}
