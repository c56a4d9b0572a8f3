/**
 * Dials the addresses at which members may be, one after another as they are due.
 *
 * 1. An address is dialled without a PeerId: whoever answers has to prove that it is a member, and so have we.
 * 2. A dial that takes longer than PATIENCE_MS keeps no other from being made. Addresses and dials are bounded, whoever
 *    tells us how many addresses.
 * 3. Who is reached by a circuit alone is dialled at the addresses that it has told, whether more members are needed or
 *    not (PROTOCOL.md § Addresses).
 *
 * It does not know where addresses come from (local-discovery.ts), nor what becomes of a connection (peer-links.ts).
 */
import type { Connection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import { DIALS_MAX, LOOK_MS, PATIENCE_MS, SLOW_DIALS_MAX } from "./neighbour-choice.ts";
import { type AddressOutcome, addressBook, isCircuit } from "./peer-address-book.ts";

/** What a dial needs to know of those to whom we are connected. */
export interface DiallingParts {
  /** Rejects when nobody answers. */
  readonly dial: (address: Multiaddr, options: { readonly signal: AbortSignal }) => Promise<Connection>;
  /** Time after which a dial is given up (ms). */
  readonly connectTimeoutMs: number;
  /** Which ways to more members than are here are wanted. */
  readonly wanted: () => "none" | "direct" | "all";
  /** PeerIds of members to whom the way leads through a relay. */
  readonly circuitPeers: () => ReadonlySet<string>;
  /** Takes a connection; resolves at its end. */
  readonly talk: (connection: Connection) => Promise<AddressOutcome>;
}

/** Dials until it is stopped. */
export class AddressDialling {
  readonly #parts: DiallingParts;
  readonly #book = addressBook();
  readonly #stopping = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #dials = 0;
  #slowDials = 0;
  #circuits = 0;

  constructor(parts: DiallingParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Dials through relays that are under way. */
  get circuits(): number {
    return this.#circuits;
  }

  /** How many addresses are known. */
  get size(): number {
    return this.#book.size();
  }

  /** Members may be found there; `of`: the PeerId of the process, where that was said. */
  learn(addresses: readonly Multiaddr[], of?: string): void {
    for (const address of addresses) this.#book.learn(address, of);
    this.look();
  }

  /** Strangers may have become members, or have something that was not looked for before: they may be asked again now. */
  forgive(): void {
    this.#book.forgive();
  }

  /** The machine slept, or is in another network: everything may be tried again now but where strangers are. */
  again(): void {
    this.#book.again();
    this.look();
  }

  /** Dials what is due, as many as may be dialled. */
  look(): void {
    const { wanted, circuitPeers } = this.#parts;
    while (this.#dials < DIALS_MAX && this.#slowDials < SLOW_DIALS_MAX && !this.#stopping.signal.aborted) {
      const address = this.#book.takeDirect(circuitPeers()) ?? this.#takeOf(wanted());
      if (address === undefined) return;
      this.#dial(address).then((outcome) => this.#book.settle(address, outcome));
    }
  }

  #takeOf(ways: ReturnType<DiallingParts["wanted"]>): Multiaddr | undefined {
    return ways === "none" ? undefined : this.#book.take(ways);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopping.abort();
  }

  async #dial(address: Multiaddr): Promise<AddressOutcome> {
    const { dial, connectTimeoutMs, talk } = this.#parts;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(connectTimeoutMs)]);
    const circuits = isCircuit(address) ? 1 : 0;
    this.#dials += 1;
    this.#circuits += circuits;
    let isSlow = false;
    const patience = setTimeout(() => {
      isSlow = true;
      this.#dials -= 1;
      this.#slowDials += 1;
      this.look();
    }, PATIENCE_MS);
    const connection = await dial(address, { signal }).catch(() => undefined);
    clearTimeout(patience);
    this.#circuits -= circuits;
    if (isSlow) this.#slowDials -= 1;
    else this.#dials -= 1;
    return connection ? talk(connection) : "absent";
  }
}
