/**
 * The client's `Network` port over libp2p: keeps the relays connected, reads every wanted topic on each of them,
 * appends to all; those that only a peer told us are given mail and asked for prekeys, nothing else.
 *
 * 1. What is wanted is declared (relays, subscriptions); reconnecting and resuming need nobody above.
 *    Several addresses of one relay are one relay.
 * 2. Deliveries of one relay come in its order, those that wait together; those of different relays may overlap.
 * 3. An append resolves as soon as every envelope is stored somewhere, or everybody has answered.
 *
 * It does not know what is inside an envelope, nor who anybody is.
 */
import "./node-shims.ts";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { ChunkNetwork } from "../client/ports/chunks.ts";
import type { AppendOutcome, Network, NetworkEvents, TopicSubscription } from "../client/ports/network.ts";
import { isDeposit, topicOf } from "../wire/envelope.ts";
import type { Topic } from "../wire/ids.ts";
import type { DirectoryRecord } from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import { appendEverywhere, appendSome } from "./append-everywhere.ts";
import { type ChunkExchange, createChunkExchange } from "./chunk-exchange.ts";
import { type Reached, type WatchedSources, watchedSources } from "./chunk-sources.ts";
import { LINK_TIMING, type LinkTiming } from "./link-timing.ts";
import { watchMachine } from "./machine-watch.ts";
import { countHolders } from "./member-holding.ts";
import { createMembers, type Members, type MembersOptions } from "./members.ts";
import { createClientNode, type NetNode } from "./node.ts";
import { type PrekeyAsker, prekeyAsker } from "./prekey-client.ts";
import { type Reachability, reachability } from "./reachability.ts";
import { type RelayDirectory, relayDirectory } from "./relay-directory.ts";
import { RelayLinks, type RelayLinksParts } from "./relay-links.ts";
import { saidBefore } from "./said-before.ts";
import { toldAddresses } from "./told-addresses.ts";
import type { TopicClient } from "./topic-client.ts";

export interface NetworkOptions {
  /** For relays that ask for one; default none. At most 256 bytes. */
  readonly accessToken?: string;
  /** Those given replace {@link LINK_TIMING}. */
  readonly timing?: Partial<LinkTiming>;
  /** True: relays' addresses are checked, and no relay is connected to. */
  readonly noRelay?: boolean;
  /** Undefined: members are reached through relays only. */
  readonly members?: MembersOptions;
  /** For tests; default: the machine as it is. */
  readonly watch?: (changed: () => void) => () => void;
}

/** A network that connects to nobody before `start`. */
export function createNetwork(options: NetworkOptions = {}): Network {
  return new ClientNetwork(options);
}

interface Running {
  readonly node: NetNode;
  readonly events: NetworkEvents;
  readonly members: Members | undefined;
  readonly unwatch: () => void;
  readonly reachability: Reachability;
}

class ClientNetwork implements Network {
  readonly #timing: LinkTiming;
  readonly #accessToken: string;
  readonly #askPrekeys: PrekeyAsker;
  readonly #relays: RelayLinks;
  readonly #directory: RelayDirectory;
  readonly #subscriptions = new Map<string, TopicSubscription>();
  #running: Running | undefined;
  /** Of members, that were told before the start. */
  readonly #addresses: Multiaddr[] = [];
  #offered: DirectoryRecord | undefined;
  readonly #members: MembersOptions | undefined;
  readonly #watch: NonNullable<NetworkOptions["watch"]>;
  readonly #chunkSources: WatchedSources | undefined;
  readonly #exchange: ChunkExchange | undefined;
  readonly #isNews = saidBefore();

  constructor(options: NetworkOptions) {
    this.#timing = { ...LINK_TIMING, ...options.timing };
    this.#accessToken = options.accessToken ?? "";
    this.#members = options.members;
    this.#watch = options.watch ?? watchMachine;
    this.#askPrekeys = prekeyAsker(this.#timing.requestTimeoutMs);
    this.#relays = new RelayLinks({
      accessToken: this.#accessToken,
      timing: this.#timing,
      noRelay: options.noRelay ?? false,
      subscriptions: () => this.#subscriptions.values(),
    });
    this.#directory = relayDirectory(this.#relays, this.#askPrekeys);
    const verifier = options.members?.verifier;
    this.#chunkSources =
      verifier && watchedSources({ verifier, accessToken: this.#accessToken }, () => this.#reached());
    this.#exchange = verifier && this.#chunkSources && createChunkExchange(verifier, this.#chunkSources);
  }

  get chunks(): ChunkNetwork | undefined {
    return this.#exchange;
  }

  readonly start = async (events: NetworkEvents): Promise<void> => {
    const node = await createClientNode({ listen: this.#members?.listen ?? [] });
    const subscriptions = () => this.#subscriptions.values();
    const members =
      this.#members &&
      createMembers(this.#members, {
        node,
        timing: this.#timing,
        subscriptions,
        events: this.#alsoChunks(events),
        said: (topic, body) => this.#heard(topic, body),
        askPrekeys: this.#askPrekeys,
        relayTakes: (relay) => this.#relays.takes(relay),
      });
    if (this.#offered) members?.mail.offerPrekeys(this.#offered);
    await members?.serve();
    await this.#exchange?.serveOn(node);
    await node.start();
    await members?.discover();
    members?.links.learn(this.#addresses);
    const unwatch = this.#watch(() => this.#hurry());
    this.#running = { node, events, members, unwatch, reachability: reachability(node) };
    this.#relays.start({ node, events: this.#relayEvents(events, members), healing: members?.healing });
  };

  readonly useRelays: Network["useRelays"] = (addresses, toldBy) => this.#relays.use(addresses, toldBy);

  readonly dropRelays: Network["dropRelays"] = (addresses) => this.#relays.drop(addresses);

  readonly subscribe = (subscription: TopicSubscription): void => {
    this.#subscriptions.set(toHex(subscription.topic), subscription);
    this.#relays.subscribe(subscription);
    this.#running?.members?.links.subscribe(subscription);
  };

  readonly unsubscribe: Network["unsubscribe"] = (topic) => {
    this.#subscriptions.delete(toHex(topic));
    this.#running?.members?.forget(topic);
    this.#relays.unsubscribe(topic);
  };

  readonly append = (envelopes: readonly Uint8Array[]): Promise<readonly AppendOutcome[]> =>
    appendEverywhere(envelopes, [
      ...this.#relays
        .connected()
        .map((link) =>
          link.isForMail ? appendSome(link, envelopes, (each) => this.#isMail(each)) : link.client.append(envelopes),
        ),
      ...(this.#running?.members?.mail.deliver(envelopes) ?? []),
    ]);

  readonly useAddresses: NonNullable<Network["useAddresses"]> = (addresses) => {
    const { usable, peerId } = toldAddresses(addresses);
    if (this.#running) this.#running.members?.links.learn(usable, peerId);
    else this.#addresses.push(...usable);
  };

  readonly offerPrekeys: NonNullable<Network["offerPrekeys"]> = (record) => {
    this.#offered = record;
    this.#running?.members?.mail.offerPrekeys(record);
  };

  readonly say: Network["say"] = (topic, body) => {
    this.#isNews(body);
    for (const { client } of this.#relays.ours()) client.say(topic, body);
    this.#running?.members?.say(topic, body);
  };

  get fill(): Network["fill"] {
    return this.#members && ((topics) => this.#fill(topics));
  }

  get heldBy(): Network["heldBy"] {
    const verifier = this.#members?.verifier;
    if (verifier === undefined) return undefined;
    return (written, among) => {
      const members = new Set(this.#readersAt(among));
      const holders = this.#readersAt(written.topic).filter((each) => members.has(each));
      return countHolders(holders, written, verifier.sha256);
    };
  }

  readonly readAt: NonNullable<Network["readAt"]> = (topic) => this.#readersAt(topic).length;

  readonly trim: Network["trim"] = (log, topic, upTo) => {
    for (const { client } of this.#relays.ours()) client.trim(log, topic, upTo);
  };

  readonly publishPrekeys: Network["publishPrekeys"] = (record, signature) =>
    this.#directory.publishPrekeys(record, signature);

  readonly takePrekeys: Network["takePrekeys"] = async (directoryKey) => {
    const taken = await this.#directory.takePrekeys(directoryKey);
    if (taken && taken.length > 0) return taken;
    return (await this.#running?.members?.mail.takePrekeys(directoryKey)) ?? taken;
  };

  readonly countPrekeys: Network["countPrekeys"] = (directoryKey, slot) =>
    this.#directory.countPrekeys(directoryKey, slot);

  readonly relays: Network["relays"] = () => this.#relays.statuses();

  readonly peers: Network["peers"] = () => this.#running?.members?.links.peers() ?? [];

  readonly behind: NonNullable<Network["behind"]> = () => this.#running?.members?.links.behind() ?? new Set();

  readonly reach: Network["reach"] = () => {
    const relays = new Set(this.#relays.ours().map(({ connection }) => connection.remotePeer.toString()));
    const reach = this.#running?.reachability.now(relays) ?? { listening: [], circuits: [], observed: [], own: [] };
    return { ...reach, discovers: this.#members?.discover ?? false };
  };

  readonly stop = async (): Promise<void> => {
    const running = this.#running;
    this.#running = undefined;
    running?.unwatch();
    running?.reachability.stop();
    await this.#exchange?.stop();
    await this.#relays.stop();
    await running?.members?.stop();
    await running?.node.stop();
  };

  async #fill(topics: readonly Topic[]): Promise<number> {
    const members = this.#running?.members;
    const relays = this.#relays.ours().map(({ client }) => client);
    const asked = await Promise.all(topics.map((topic) => members?.fill(topic, relays) ?? 0));
    return Math.max(0, ...asked);
  }

  #readersAt(topic: Topic): readonly TopicClient[] {
    return this.#running?.members?.links.readAt(topic) ?? [];
  }

  /** Whoever reads with us, and not where it was said, hears it from us. */
  #heard(topic: Topic, body: Uint8Array): void {
    if (!this.#isNews(body)) return;
    this.#running?.events.said?.(topic, body);
    this.#running?.members?.say(topic, body);
  }

  /** Members are those who have shown that they share a topic with us. */
  #alsoChunks(events: NetworkEvents): NetworkEvents {
    return {
      ...events,
      peerChanged: (peer, state) => {
        events.peerChanged?.(peer, state);
        if (state === "connected") this.#chunkSources?.changed();
      },
    };
  }

  #relayEvents(events: NetworkEvents, members: Members | undefined): RelayLinksParts["events"] {
    return {
      ...events,
      arriving: members?.arriving,
      delivered: (delivery, relay) => members?.fromRelay(relay, delivery) ?? events.delivered(delivery),
      said: (topic, body) => this.#heard(topic, body),
      relayChanged: (status) => {
        events.relayChanged(status);
        if (status.state === "connected") this.#chunkSources?.changed();
      },
    };
  }

  #reached(): Reached | undefined {
    const running = this.#running;
    const members = running?.members?.links.connections() ?? [];
    return running && { ownPeerId: running.node.peerIdBytes, relays: this.#relays.ours(), members };
  }

  #hurry(): void {
    this.#relays.hurry();
    this.#running?.members?.links.hurry();
  }

  /** Mail to somebody else; what we deposit for ourselves, and where, is nothing for a peer's relay. */
  #isMail(envelope: Uint8Array): boolean {
    return isDeposit(envelope) && !this.#subscriptions.has(toHex(topicOf(envelope)));
  }
}
