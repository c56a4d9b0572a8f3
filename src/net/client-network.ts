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
import { CODE_P2P, CODE_TCP, type Multiaddr } from "@multiformats/multiaddr";
import type {
  AppendOutcome,
  ChunkNetwork,
  Network,
  NetworkEvents,
  ToldBy,
  TopicSubscription,
} from "../client/ports.ts";
import { isDeposit, topicOf } from "../wire/envelope.ts";
import { Fault } from "../wire/fault.ts";
import type { DirectoryKey, SlotKey, Topic } from "../wire/ids.ts";
import { Signature } from "../wire/ids.ts";
import type { DirectoryRecord, PrekeyAnswer, PrekeyRequest, TakenPrekeys } from "../wire/prekey-frames.ts";
import { toHex } from "../wire/text-forms.ts";
import { appendEverywhere } from "./append-everywhere.ts";
import { type ChunkExchange, createChunkExchange } from "./chunk-exchange.ts";
import { type ChunkSources, sourceOn } from "./chunk-sources.ts";
import { LINK_TIMING, type LinkTiming } from "./link-timing.ts";
import { watchMachine } from "./machine-watch.ts";
import { countHolders } from "./member-holding.ts";
import { createMembers, type Members, type MembersOptions } from "./members.ts";
import { parseAddress } from "./multiaddr-text.ts";
import { createClientNode, type NetNode } from "./node.ts";
import { type PrekeyAsker, prekeyAsker } from "./prekey-client.ts";
import { type Reachability, reachability } from "./reachability.ts";
import { type LiveLink, RelayLink } from "./relay-link.ts";
import { saidBefore } from "./said-before.ts";
import { HOST_CODES, toldAddresses } from "./told-addresses.ts";
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
  /** By the relay's PeerId. */
  readonly #links = new Map<string, RelayLink>();
  /** Of relays that were let go. */
  readonly #ending = new Set<Promise<void>>();
  readonly #subscriptions = new Map<string, TopicSubscription>();
  /** Relays asked for before the start. */
  #waiting: (readonly [Multiaddr, ToldBy])[] = [];
  #running: Running | undefined;
  /** Of members, that were told before the start. */
  readonly #addresses: Multiaddr[] = [];
  #offered: DirectoryRecord | undefined;
  readonly #members: MembersOptions | undefined;
  readonly #noRelay: boolean;
  readonly #watch: NonNullable<NetworkOptions["watch"]>;
  /** Called when somebody new may have chunks. */
  readonly #chunkWatchers = new Set<() => void>();
  readonly #exchange: ChunkExchange | undefined;
  readonly #isNews = saidBefore();

  constructor(options: NetworkOptions) {
    this.#timing = { ...LINK_TIMING, ...options.timing };
    this.#accessToken = options.accessToken ?? "";
    this.#members = options.members;
    this.#noRelay = options.noRelay ?? false;
    this.#watch = options.watch ?? watchMachine;
    this.#askPrekeys = prekeyAsker(this.#timing.requestTimeoutMs);
    this.#exchange = options.members && createChunkExchange(options.members.verifier, this.#chunkSources());
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
      });
    if (this.#offered) members?.mail.offerPrekeys(this.#offered);
    await members?.serve();
    await this.#exchange?.serveOn(node);
    await node.start();
    await members?.discover();
    members?.links.learn(this.#addresses);
    const unwatch = this.#watch(() => this.#hurry());
    this.#running = { node, events, members, unwatch, reachability: reachability(node) };
    for (const [address, toldBy] of this.#waiting) this.#keep(address, toldBy);
    this.#waiting = [];
  };

  readonly useRelays = (addresses: readonly string[], toldBy: ToldBy): void => {
    for (const address of addresses.map(relayAddress)) {
      if (this.#noRelay) continue;
      if (this.#running === undefined) this.#waiting.push([address, toldBy]);
      else this.#keep(address, toldBy);
    }
  };

  readonly dropRelays = (addresses: readonly string[]): void => {
    for (const address of addresses.flatMap((text) => parseAddress(text) ?? [])) {
      const relay = relayOf(address);
      this.#waiting = this.#waiting.filter(([each]) => !each.equals(address));
      const link = this.#links.get(relay);
      if (!link?.dropAddress(address)) continue;
      this.#links.delete(relay);
      const ended = link.stop().then(() => void this.#ending.delete(ended));
      this.#ending.add(ended);
    }
  };

  readonly subscribe = (subscription: TopicSubscription): void => {
    this.#subscriptions.set(toHex(subscription.topic), subscription);
    for (const link of this.#links.values()) link.subscribe(subscription);
    this.#running?.members?.links.subscribe(subscription);
  };

  readonly unsubscribe: Network["unsubscribe"] = (topic) => {
    this.#subscriptions.delete(toHex(topic));
    this.#running?.members?.forget(topic);
    for (const link of this.#links.values()) link.unsubscribe(topic);
  };

  readonly append = (envelopes: readonly Uint8Array[]): Promise<readonly AppendOutcome[]> =>
    appendEverywhere(envelopes, [
      ...this.#live().map((link) =>
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
    for (const link of this.#live()) if (!link.isForMail) link.client.say(topic, body);
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
    for (const link of this.#live()) if (!link.isForMail) link.client.trim(log, topic, upTo);
  };

  readonly publishPrekeys = async (
    record: DirectoryRecord,
    signature: Uint8Array,
  ): Promise<{ readonly left: number } | "unreachable" | "refused"> => {
    const answers = await this.#askAll({ kind: "publish", record, signature: Signature.from(signature) });
    const left = answers.filter((answer) => answer.kind === "published").map((answer) => answer.left);
    if (left.length > 0) return { left: Math.max(...left) };
    return answers.length > 0 ? "refused" : "unreachable";
  };

  readonly takePrekeys = async (directoryKey: DirectoryKey): Promise<readonly TakenPrekeys[] | undefined> => {
    // a device can be known at some relays only
    const asked = this.#live().map(({ connection }) => this.#askPrekeys(connection, { kind: "take", directoryKey }));
    const answers = (await Promise.all(asked)).filter((answer) => answer !== undefined);
    const taken = answers.flatMap((answer) => (answer.kind === "taken" ? [answer.devices] : []));
    if (taken.some((devices) => devices.length > 0)) return taken.flat();
    const own = await this.#running?.members?.mail.takePrekeys(directoryKey);
    return own ?? (taken.length > 0 ? [] : undefined);
  };

  readonly countPrekeys = async (directoryKey: DirectoryKey, slot: SlotKey): Promise<number | undefined> => {
    const answers = await this.#askAll({ kind: "count", directoryKey, slot });
    const left = answers.filter((answer) => answer.kind === "counted").map((answer) => answer.left);
    return left.length > 0 ? Math.min(...left) : undefined; // the relay that has the fewest needs more
  };

  readonly relays: Network["relays"] = () => [...this.#links.values()].map((link) => link.status);

  readonly peers: Network["peers"] = () => this.#running?.members?.links.peers() ?? [];

  readonly reach: Network["reach"] = () => {
    const relays = new Set(
      [...this.#links].flatMap(([relay, link]) => (link.live?.isForMail === false ? [relay] : [])),
    );
    const reach = this.#running?.reachability.now(relays) ?? { listening: [], circuits: [], observed: [], own: [] };
    return { ...reach, discovers: this.#members?.discover ?? false };
  };

  readonly stop = async (): Promise<void> => {
    const running = this.#running;
    this.#running = undefined;
    running?.unwatch();
    running?.reachability.stop();
    await this.#exchange?.stop();
    await Promise.all([...this.#ending, ...[...this.#links.values()].map((link) => link.stop())]);
    await running?.members?.stop();
    await running?.node.stop();
  };

  async #fill(topics: readonly Topic[]): Promise<number> {
    const members = this.#running?.members;
    const relays = this.#live().filter((link) => !link.isForMail);
    let most = 0;
    for (const topic of members ? topics : [])
      most = Math.max(
        most,
        (await members?.fill(
          topic,
          relays.map(({ client }) => client),
        )) ?? 0,
      );
    return most;
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
        if (state === "connected") this.#tellChunks();
      },
    };
  }

  #tellChunks(): void {
    for (const each of [...this.#chunkWatchers]) each();
  }

  #chunkSources(): ChunkSources {
    return {
      now: () => {
        const running = this.#running;
        const verifier = this.#members?.verifier;
        if (!running || !verifier) return [];
        const as = { ownPeerId: running.node.peerIdBytes, verifier, accessToken: this.#accessToken };
        const relays = [...this.#links.values()].flatMap(({ live, status }) =>
          live?.isForMail === false ? [sourceOn(live.connection, { ...as, kind: "relay" }, status.address)] : [],
        );
        const members = running.members?.links.connections() ?? [];
        return [...members.map((each) => sourceOn(each, { ...as, kind: "member" })), ...relays];
      },
      watch: (changed) => {
        this.#chunkWatchers.add(changed);
        return () => this.#chunkWatchers.delete(changed);
      },
    };
  }

  #hurry(): void {
    for (const link of this.#links.values()) link.hurry();
    this.#running?.members?.links.hurry();
  }

  #keep(address: Multiaddr, toldBy: ToldBy): void {
    const running = this.#running;
    if (running === undefined) return;
    const relay = relayOf(address);
    const known = this.#links.get(relay);
    known?.addAddress(address, toldBy);
    if (known !== undefined) return;
    const { delivered, caughtUp, relayChanged: changed } = running.events;
    const healing = running.members?.healing(() => (link.live?.isForMail === false ? link.live.client : undefined));
    const link = new RelayLink({
      node: running.node,
      address,
      toldBy,
      accessToken: this.#accessToken,
      timing: this.#timing,
      subscriptions: () => this.#subscriptions.values(),
      ended: () => healing?.stop(),
      events: {
        delivered: (delivery) => {
          healing?.delivered(delivery);
          return delivered(delivery);
        },
        caughtUp: (topic, log) => {
          healing?.caughtUp(topic, log);
          caughtUp(topic, log);
        },
        said: (topic, body) => this.#heard(topic, body),
        failed: (log, fault) => running.events.relayFailed?.(link.status.address, log, fault),
        changed: (status) => {
          changed(status);
          if (status.state === "connected") this.#tellChunks();
        },
      },
    });
    this.#links.set(relay, link);
    link.start();
  }

  /** Mail to somebody else; what we deposit for ourselves, and where, is nothing for a peer's relay. */
  #isMail(envelope: Uint8Array): boolean {
    return isDeposit(envelope) && !this.#subscriptions.has(toHex(topicOf(envelope)));
  }

  #live(): LiveLink[] {
    return [...this.#links.values()].flatMap(({ live }) => live ?? []);
  }

  /** Asks every relay that no mere peer told us. */
  async #askAll(request: PrekeyRequest): Promise<PrekeyAnswer[]> {
    const ours = this.#live().filter((link) => !link.isForMail);
    const answers = await Promise.all(ours.map(({ connection }) => this.#askPrekeys(connection, request)));
    return answers.filter((answer) => answer !== undefined);
  }
}

/** PeerId of a relay, with which its address ends. */
const relayOf = (address: Multiaddr): string => address.getComponents().at(-1)?.value ?? "";

/** Appends those that are wanted; about the others nobody is asked. */
async function appendSome(
  { client }: LiveLink,
  envelopes: readonly Uint8Array[],
  isWanted: (envelope: Uint8Array) => boolean,
): Promise<readonly (AppendOutcome | undefined)[]> {
  const wanted = envelopes.map(isWanted);
  const outcomes = await client.append(envelopes.filter((_, i) => wanted[i]));
  let next = 0;
  return wanted.map((each) => (each ? outcomes[next++] : undefined));
}

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
