/**
 * The relays of a client: which are kept connected, by which addresses, and what of them counts.
 *
 * 1. Several addresses of one relay are one relay.
 * 2. Those that only a peer told us are given mail and asked for prekeys, nothing else (RelayLink).
 */
import { CODE_P2P, CODE_TCP, type Multiaddr } from "@multiformats/multiaddr";
import type { Delivery, NetworkEvents, RelayStatus, ToldBy, TopicSubscription } from "../client/ports/network.ts";
import { Fault } from "../wire/fault.ts";
import type { Topic } from "../wire/ids.ts";
import type { LinkTiming } from "./link-timing.ts";
import { parseAddress } from "./multiaddr-text.ts";
import type { NetNode } from "./node.ts";
import type { RelayHealing } from "./relay-healing.ts";
import { type LiveLink, RelayLink } from "./relay-link.ts";
import { HOST_CODES } from "./told-addresses.ts";
import type { TopicClient } from "./topic-client.ts";

export interface RelayLinksOptions {
  readonly accessToken: string;
  readonly timing: LinkTiming;
  /** Addresses are checked, and nobody is connected to. */
  readonly noRelay: boolean;
  readonly subscriptions: () => Iterable<TopicSubscription>;
}

/** What there is from the start on. */
export interface RelayLinksParts {
  readonly node: NetNode;
  readonly events: Pick<NetworkEvents, "caughtUp" | "relayChanged" | "relayFailed"> & {
    readonly arriving?: ((delivery: Delivery) => () => void) | undefined;
    /** `relay`: its PeerId. */
    readonly delivered: (delivery: Delivery, relay: string) => Promise<void>;
    readonly said: (topic: Topic, body: Uint8Array) => void;
  };
  /** See `Members`; undefined: relays are not healed. */
  readonly healing?: ((client: () => TopicClient | undefined) => RelayHealing) | undefined;
}

/** A relay that is connected, with the address that its status has. */
export interface ConnectedRelay extends LiveLink {
  readonly address: string;
}

export class RelayLinks {
  readonly #options: RelayLinksOptions;
  /** By the relay's PeerId. */
  readonly #links = new Map<string, RelayLink>();
  /** Of relays that were let go. */
  readonly #ending = new Set<Promise<void>>();
  /** Asked for before the start. */
  #waiting: (readonly [Multiaddr, ToldBy])[] = [];
  #parts: RelayLinksParts | undefined;

  constructor(options: RelayLinksOptions) {
    this.#options = options;
  }

  start(parts: RelayLinksParts): void {
    this.#parts = parts;
    for (const [address, toldBy] of this.#waiting) this.#keep(parts, address, toldBy);
    this.#waiting = [];
  }

  /** See `useRelays` of the port. */
  use(addresses: readonly string[], toldBy: ToldBy): void {
    for (const address of addresses.map(relayAddress)) {
      if (this.#options.noRelay) continue;
      if (this.#parts === undefined) this.#waiting.push([address, toldBy]);
      else this.#keep(this.#parts, address, toldBy);
    }
  }

  /** See `dropRelays` of the port. */
  drop(addresses: readonly string[]): void {
    for (const address of addresses.flatMap((text) => parseAddress(text) ?? [])) {
      const relay = relayOf(address);
      this.#waiting = this.#waiting.filter(([each]) => !each.equals(address));
      const link = this.#links.get(relay);
      if (!link?.dropAddress(address)) continue;
      this.#links.delete(relay);
      const ended = link.stop().then(() => void this.#ending.delete(ended));
      this.#ending.add(ended);
    }
  }

  subscribe(subscription: TopicSubscription): void {
    for (const link of this.#links.values()) link.subscribe(subscription);
  }

  unsubscribe(topic: Topic): void {
    for (const link of this.#links.values()) link.unsubscribe(topic);
  }

  /** The machine slept, or is in another network. */
  hurry(): void {
    for (const link of this.#links.values()) link.hurry();
  }

  /** All that are connected. */
  connected(): readonly ConnectedRelay[] {
    return [...this.#links.values()].flatMap(({ live, status: { address } }) => (live ? { ...live, address } : []));
  }

  /** Those of them that no mere peer told us. */
  ours(): readonly ConnectedRelay[] {
    return this.connected().filter(({ isForMail }) => !isForMail);
  }

  /** Whether this relay (PeerId) is connected, no mere peer told us of it, and it has not refused what we gave it last. */
  takes(relay: string): boolean {
    const link = this.#links.get(relay);
    return link?.live?.isForMail === false && link.status.reason === undefined;
  }

  statuses(): readonly RelayStatus[] {
    return [...this.#links.values()].map(({ status }) => status);
  }

  async stop(): Promise<void> {
    this.#parts = undefined;
    await Promise.all([...this.#ending, ...[...this.#links.values()].map((link) => link.stop())]);
  }

  #keep(parts: RelayLinksParts, address: Multiaddr, toldBy: ToldBy): void {
    const relay = relayOf(address);
    const known = this.#links.get(relay);
    known?.addAddress(address, toldBy);
    if (known !== undefined) return;
    const { accessToken, timing, subscriptions } = this.#options;
    const { node, events } = parts;
    const healing = parts.healing?.(() => (link.live?.isForMail === false ? link.live.client : undefined));
    const link = new RelayLink({
      node,
      address,
      toldBy,
      accessToken,
      timing,
      subscriptions,
      ended: () => healing?.stop(),
      events: {
        arriving: (delivery) => {
          healing?.delivered(delivery);
          return events.arriving?.(delivery) ?? ignore;
        },
        delivered: (delivery) => events.delivered(delivery, relay),
        caughtUp: (topic, log) => {
          healing?.caughtUp(topic, log);
          events.caughtUp(topic, log);
        },
        said: events.said,
        failed: (log, fault) => events.relayFailed?.(link.status.address, log, fault),
        changed: events.relayChanged,
      },
    });
    this.#links.set(relay, link);
    link.start();
  }
}

const ignore = (): void => undefined;

/** PeerId of a relay, with which its address ends. */
const relayOf = (address: Multiaddr): string => address.getComponents().at(-1)?.value ?? "";

function relayAddress(text: string): Multiaddr {
  const address = parseAddress(text);
  const [host, transport, peer, ...more] = address?.getComponents().map(({ code }) => code) ?? [];
  const isDialled = host !== undefined && HOST_CODES.has(host) && transport === CODE_TCP && peer === CODE_P2P;
  if (address && isDialled && more.length === 0) return address;
  throw new Fault(
    "usage/bad-argument",
    "a relay's address looks like /ip4/192.0.2.7/tcp/33001/p2p/12D3Koo… and ends with the relay's PeerId; copy it from the relay's ready line",
  );
}
