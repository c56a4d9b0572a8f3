/**
 * The other members to whom we are connected: finds them at the addresses that we learn (address-dialling.ts), and reads
 * from them.
 *
 * 1. A topic is read at up to NEIGHBOURS_MAX of them, chosen at random (neighbour-choice.ts); whoever goes is replaced.
 * 2. Whoever comes and reads here is read in turn, for which another one has to make room once.
 * 3. A direct connection takes the place of one through a relay, from either end (PROTOCOL.md § Addresses).
 * 4. Links are bounded, whoever comes: of those beyond LINKS_MAX the connection is closed.
 */
import type { Connection } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { NetworkEvents, PeerStatus, TopicSubscription } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { AddressDialling } from "./address-dialling.ts";
import type { Givers } from "./givers.ts";
import { isBetter, statusOf } from "./link-path.ts";
import { type LinkTiming, memberTiming } from "./link-timing.ts";
import type { MailTopic } from "./mail-meeting.ts";
import type { MemberCatchUp } from "./member-catch-up.ts";
import {
  ANEW_MS,
  LINKS_MAX,
  neighboursMost,
  replacedNeighbour,
  SUPERSEDED_CIRCUITS_MAX,
  wantedWays,
  wantsNeighbour,
} from "./neighbour-choice.ts";
import type { NetNode } from "./node.ts";
import type { AddressOutcome } from "./peer-address-book.ts";
import { PeerLink } from "./peer-link.ts";
import { relayBetween } from "./remote-host.ts";
import type { TopicArrivals } from "./topic-arrivals.ts";
import type { TopicClient, TopicClientEvents } from "./topic-client.ts";

/** Strangers whom we call in turn because they have mail for us, at the same time. */
const CORRESPONDENTS_MAX = 8;
/** Topics for which a taker is looked for: who has more to deliver finds the others afterwards. */
const SOUGHT_MAX = 256;

/** Undefined: not there. */
export type Inquiry<T> = (connection: Connection) => Promise<T | undefined>;

export interface PeerLinksOptions {
  readonly node: NetNode;
  readonly verifier: Verifier;
  readonly catchUp: MemberCatchUp;
  readonly givers: Givers;
  readonly relayTakes: (relay: string) => boolean;
  /** How many members read this topic (hex) here. */
  readonly readersOf: (topic: string) => number;
  readonly arrivals: Pick<TopicArrivals, "isBusy">;
  readonly timing: LinkTiming;
  readonly subscriptions: () => Iterable<TopicSubscription>;
  readonly events: Pick<NetworkEvents, "delivered" | "caughtUp" | "peerChanged"> &
    Pick<TopicClientEvents, "arriving" | "said" | "kept"> & {
      /** Somebody has come who takes mail for this topic. */
      readonly takes: (topic: Topic) => void;
    };
}

export class PeerLinks {
  readonly #options: PeerLinksOptions;
  readonly #dialling: AddressDialling;
  /** By PeerId. */
  readonly #links = new Map<string, PeerLink>();
  readonly #stopping = new AbortController();
  /** Mail for which nobody is there yet, by its topic's hex. */
  readonly #sought = new Map<string, MailTopic>();
  /** Each is shown everybody who comes. */
  readonly #visitors = new Set<(link: PeerLink) => void>();

  constructor(options: PeerLinksOptions) {
    this.#options = options;
    this.#dialling = new AddressDialling({
      dial: (address, dialOptions) => options.node.libp2p.dial(address, dialOptions),
      connectTimeoutMs: options.timing.connectTimeoutMs,
      wanted: () => this.#wantedWays(),
      circuitPeers: () => this.#circuitPeers(),
      talk: (connection) => this.#talk(connection),
    });
  }

  /** Members may be found there; `of`: the PeerId of the process, where that was said. */
  learn(addresses: readonly Multiaddr[], of?: string): void {
    this.#dialling.learn(addresses, of);
  }

  /** Reads this topic, too, at whoever has it; strangers may have become members by it. */
  subscribe(subscription: TopicSubscription): void {
    for (const link of this.#links.values()) link.subscribe(subscription);
    this.#dialling.forgive();
  }

  unsubscribe(topic: Topic): void {
    for (const link of this.#links.values()) link.unsubscribe(topic);
  }

  /** Whoever opened a stream to us has proved topics of ours: we read there, too. */
  met(openerPeerId: Uint8Array, topics: readonly Topic[]): void {
    const connections = this.#options.node.libp2p
      .getConnections()
      .filter(({ remotePeer }) => toHex(remotePeer.toMultihash().bytes) === toHex(openerPeerId));
    const connection = connections.find((each) => statusOf(each).path === "direct") ?? connections[0];
    const link = connection && this.#links.get(connection.remotePeer.toString());
    const newestMs = Math.max(...connections.map(({ timeline }) => timeline.open));
    if (link && newestMs - link.connection.timeline.open > ANEW_MS) link.probe(); // its last connection may be broken
    if (link && !isBetter(connection, link.connection)) link.meetNew(topics);
    else if (connection && this.#hasRoomFor(topics) && !this.#stopping.signal.aborted)
      void this.#talk(connection, "called-on");
    if (connection) this.#links.get(connection.remotePeer.toString())?.keep();
  }

  /** Those who take mail for this topic (hex). */
  takersOf(topic: string): readonly TopicClient[] {
    return [...this.#links.values()].flatMap((link) => (link.takes(topic) && link.client) || []);
  }

  /** Looks for somebody who takes this mail, among those who are there and at all addresses, until it is found or delivered. */
  seek(mail: readonly MailTopic[]): void {
    const fresh = mail.filter(({ topic }) => !this.#sought.has(toHex(topic)));
    for (const each of fresh) this.#sought.set(toHex(each.topic), each);
    for (const name of this.#sought.keys()) {
      if (this.#sought.size <= SOUGHT_MAX) break;
      this.#sought.delete(name); // looked for the longest
    }
    for (const link of this.#links.values()) link.seek(mail);
    if (fresh.length > 0) this.#dialling.forgive();
    this.#dialling.look();
  }

  /** This mail (hex) is delivered. */
  found(topic: string): void {
    this.#sought.delete(topic);
  }

  /** Whether an address is known, or anybody is there. */
  knowsAnybody(): boolean {
    return this.#links.size + this.#dialling.size > 0;
  }

  /** Asks those who are there and those who come; undefined when nobody had it in time. `isNew`: it was not asked before. */
  inquire<T>(inquiry: Inquiry<T>, { withinMs, isNew }: { readonly withinMs: number; readonly isNew: boolean }) {
    return new Promise<T | undefined>((resolve) => {
      const { signal } = this.#stopping;
      const end = (found: T | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", stopped);
        this.#visitors.delete(visit);
        resolve(found);
      };
      const stopped = (): void => end(undefined);
      const visit = (link: PeerLink): void =>
        void inquiry(link.connection).then((found) => {
          if (found === undefined) return;
          link.keep();
          end(found);
        });
      const timer = setTimeout(stopped, withinMs);
      signal.addEventListener("abort", stopped);
      this.#visitors.add(visit);
      for (const link of this.#links.values()) visit(link);
      if (isNew) this.#dialling.forgive();
      this.#dialling.look();
    });
  }

  /** The machine slept, or is in another network: dials at once, and finds out soon which links still work. */
  hurry(): void {
    for (const link of this.#links.values()) link.probe();
    this.#dialling.again();
  }

  /** Members only. */
  peers(): readonly PeerStatus[] {
    return [...this.#links.values()].filter(({ isMember }) => isMember).map(({ connection }) => statusOf(connection));
  }

  /** See `behind` of the port. */
  behind(): ReadonlySet<string> {
    return new Set([...this.#links].flatMap(([peer, link]) => (link.isMember && link.isBehind ? peer : [])));
  }

  /** Members at whom this topic is read. */
  readAt(topic: Topic): readonly TopicClient[] {
    return [...this.#links.values()].flatMap((link) => (link.reads(toHex(topic)) && link.client) || []);
  }

  /** To members only. */
  connections(): readonly Connection[] {
    return [...this.#links.values()].filter(({ isMember }) => isMember).map(({ connection }) => connection);
  }

  async stop(): Promise<void> {
    this.#dialling.stop();
    this.#stopping.abort();
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
  }

  /** Those who come with mail, and prove no topic, must not take the places of members. */
  #hasRoomFor(proved: readonly Topic[]): boolean {
    const strangers = [...this.#links.values()].filter(({ isMember }) => !isMember);
    return this.#links.size < LINKS_MAX && (proved.length > 0 || strangers.length < CORRESPONDENTS_MAX);
  }

  #wantedWays(): "none" | "direct" | "all" {
    if (this.#sought.size + this.#visitors.size > 0) return this.#links.size < LINKS_MAX ? "all" : "none";
    const { subscriptions, readersOf, arrivals } = this.#options;
    const present = [...subscriptions()].filter((each) => !each.inbox && !isSuperseded(each));
    const topics = present.map(({ topic }) => toHex(topic));
    return wantedWays(this.#links, { topics, readersOf, circuits: this.#dialling.circuits, isBusy: arrivals.isBusy() });
  }

  /** PeerIds of members to whom the way leads through a relay. */
  #circuitPeers(): ReadonlySet<string> {
    return new Set(this.peers().flatMap(({ peerId, path }) => (path === "circuit" ? [peerId] : [])));
  }

  /** One conversation from its beginning to its end; `called-on`: the other end came to us, and reads here. */
  async #talk(connection: Connection, cause: "dialled" | "called-on" = "dialled"): Promise<AddressOutcome> {
    const { node, verifier, timing, subscriptions, events, catchUp, givers, relayTakes } = this.#options;
    const peer = connection.remotePeer.toString();
    const other = this.#links.get(peer);
    if (other && isBetter(connection, other.connection)) {
      await other.stop();
      await other.connection.close().catch(ignore);
      const successor = this.#links.get(peer);
      if (successor && successor !== other) return await this.#talk(connection, cause);
    } else if (other || peer === node.peerId) {
      if (other?.connection !== connection && connection.streams.length === 0) await connection.close().catch(ignore);
      return (await other?.ended) ?? "stranger";
    } else if (this.#links.size >= LINKS_MAX) {
      await connection.close().catch(ignore);
      return "stranger";
    }
    const status = statusOf(connection);
    const [name, through] = [toHex(connection.remotePeer.toMultihash().bytes), relayBetween(connection)];
    const givenBy = (): readonly string[] => (through && relayTakes(through) ? [name, through] : [name]);
    const link = new PeerLink({
      node,
      connection,
      verifier,
      catchUp,
      givers: givenBy,
      timing: memberTiming(timing, connection.direction),
      subscriptions,
      events: {
        arriving: events.arriving,
        delivered: (delivery) => givers.during(givenBy(), delivery, () => events.delivered(delivery)),
        kept: events.kept,
        caughtUp: events.caughtUp,
        said: events.said,
        known: () => events.peerChanged?.(status, "connected"),
        takes: events.takes,
        wants: (each, isFirstTime) => {
          const isNamedAgain = cause === "called-on" || isSuperseded(each); // whoever names these has too few
          const most = neighboursMost(isSuperseded(each) ? "past" : "present", status.path);
          if (isNamedAgain && isFirstTime && most > SUPERSEDED_CIRCUITS_MAX) this.#makeRoom(each, most);
          return this.#hasPlace(each, most);
        },
        hasPlace: (each) => !isSuperseded(each) || this.#hasPlace(each, neighboursMost("past", status.path)),
      },
    });
    this.#links.set(peer, link);
    link.seek(this.#sought.values());
    for (const visit of this.#visitors) visit(link);
    const outcome = await link.ended;
    if (this.#links.get(peer) === link) this.#links.delete(peer);
    if (outcome !== "stranger" && !this.#stopping.signal.aborted) {
      if (link.isMember) events.peerChanged?.(status, "gone");
      const successor = this.#openConnection(peer, connection);
      if (successor) void this.#talk(successor, "called-on");
      for (const each of this.#links.values()) each.meetAgain();
    }
    return outcome;
  }

  /** The other end may have come anew, and read here, before its last connection was known to be gone. */
  #openConnection(peer: string, besides: Connection): Connection | undefined {
    const open = this.#options.node.libp2p.getConnections().filter((each) => each.status === "open");
    return open.find((each) => each !== besides && each.remotePeer.toString() === peer);
  }

  /** Whether this topic should be read at one more member. */
  #hasPlace({ topic }: TopicSubscription, most: number): boolean {
    return wantsNeighbour(this.#links.values(), toHex(topic), most);
  }

  #makeRoom({ topic }: TopicSubscription, most: number): void {
    replacedNeighbour(this.#links.values(), toHex(topic), Math.random(), most)?.unsubscribe(topic);
  }
}

const isSuperseded = ({ isSuperseded: ask }: TopicSubscription): boolean => ask?.() ?? false;

/** If closing fails, it is closed already. */
const ignore = (): void => undefined;
