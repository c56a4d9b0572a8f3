/**
 * One relay, kept connected: dial, speak, notice the end, wait, dial again; for as long as the client runs.
 *
 * 1. There is one attempt or one live session at a time, and a new one begins only when the last has digested.
 * 2. The relay's identity is part of its address; whoever cannot prove it is not spoken to.
 * 3. The time between attempts doubles (link-timing.ts) and begins anew after a session that worked. libp2p's own
 *    reconnecting gives up after 30 s and never renews a reservation (js-libp2p#3601), so it is switched off.
 */
import { type Connection, KEEP_ALIVE, type Stream } from "@libp2p/interface";
import type { Multiaddr } from "@multiformats/multiaddr";
import type { RelayStatus, ToldBy, TopicSubscription } from "../client/ports/network.ts";
import type { Topic } from "../wire/ids.ts";
import { failureOf, type LinkFailure, NOBODY_LISTENS, unreachable } from "./link-failure.ts";
import { type LinkTiming, longestRetryMs, shortened } from "./link-timing.ts";
import type { NetNode } from "./node.ts";
import { TopicClient, type TopicClientEvents } from "./topic-client.ts";
import { TOPIC_PROTOCOL } from "./topic-service.ts";
import { delay } from "./turn-gate.ts";

export interface RelayLinkOptions {
  readonly node: NetNode;
  /** With /p2p/PeerId; the status names the relay by it. */
  readonly address: Multiaddr;
  readonly toldBy: ToldBy;
  readonly accessToken: string;
  readonly timing: LinkTiming;
  /** Everything that is to be read, now. */
  readonly subscriptions: () => Iterable<TopicSubscription>;
  /** It was stopped, and takes nothing any more. */
  readonly ended?: () => Promise<void> | undefined;
  readonly events: Omit<TopicClientEvents, "challenged" | "waiting"> & {
    readonly changed: (status: RelayStatus) => void;
  };
}

/** A session that can be used. */
export interface LiveLink {
  /** It is given mail only. */
  readonly isForMail: boolean;
  readonly client: TopicClient;
  readonly connection: Connection;
}

/** Addresses of one relay that others told us: each that is silent delays the next attempt. */
const OTHERS_ADDRESSES_MAX = 3;

/** Share of `connectTimeoutMs` after which the next address of the same relay is tried: 2 s. */
const NEXT_ADDRESS_SHARE = 0.4;

/** How one attempt went. */
interface Attempt {
  readonly failure: LinkFailure;
  /** How long the holder spoke with us (ms), 0 when it never did. */
  readonly livedMs: number;
}

export class RelayLink {
  readonly #options: RelayLinkOptions;
  readonly #stopping = new AbortController();
  /** The pause before the next attempt. */
  #resting = new AbortController();
  #addresses: Multiaddr[];
  #toldBy: ToldBy;
  #status: RelayStatus;
  #client: TopicClient | undefined;
  #live: Omit<LiveLink, "isForMail"> | undefined;
  #run: Promise<void> | undefined;

  constructor(options: RelayLinkOptions) {
    this.#options = options;
    this.#addresses = [options.address];
    this.#toldBy = options.toldBy;
    this.#status = { address: options.address.toString(), state: "connecting", sinceMs: Date.now() };
  }

  get status(): RelayStatus {
    return this.#status;
  }

  /** The session, while there is one. */
  get live(): LiveLink | undefined {
    return this.#live && { ...this.#live, isForMail: this.#isForMail };
  }

  get #isForMail(): boolean {
    return this.#toldBy === "peer";
  }

  /**
   * Another address of the same relay, tried too from the next attempt on. A relay that we know ourselves is dialled only
   * where we said; whoever tells more than we knew makes it a relay of that kind, read from now on unless it is a peer.
   */
  addAddress(address: Multiaddr, toldBy: ToldBy): void {
    const wasForMail = this.#isForMail;
    if (toldBy === "us" && this.#toldBy !== "us") this.#addresses = [address];
    else if (toldBy === "us" || (this.#toldBy !== "us" && this.#addresses.length < OTHERS_ADDRESSES_MAX))
      this.#addAlso(address);
    if (toldBy === "us" || this.#toldBy === "peer") this.#toldBy = toldBy;
    if (wasForMail && !this.#isForMail) this.#subscribeAll();
  }

  /** True when no address is left by it: the link is of no use any more. */
  dropAddress(address: Multiaddr): boolean {
    const left = this.#addresses.filter((known) => !known.equals(address));
    if (left[0] !== undefined) {
      this.#addresses = left;
      this.#status = { ...this.#status, address: left[0].toString() };
    }
    return left.length === 0;
  }

  #addAlso(address: Multiaddr): void {
    if (!this.#addresses.some((known) => known.equals(address))) this.#addresses.push(address);
  }

  #subscribeAll(): void {
    if (this.#isForMail) return;
    for (const subscription of this.#options.subscriptions()) this.#client?.subscribe(subscription);
  }

  start(): void {
    this.#options.events.changed(this.#status);
    this.#run ??= this.#keep();
  }

  /** Reads this topic now; later sessions ask for all that are wanted. */
  subscribe(subscription: TopicSubscription): void {
    if (!this.#isForMail) this.#client?.subscribe(subscription);
  }

  unsubscribe(topic: Topic): void {
    this.#client?.unsubscribe(topic);
  }

  /** The machine slept, or is in another network: dials now, or finds out soon whether the session still works. */
  hurry(): void {
    this.#client?.probe();
    this.#resting.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#resting.abort();
    await this.#client?.close();
    await this.#run;
    await this.#options.ended?.();
  }

  async #keep(): Promise<void> {
    const { timing } = this.#options;
    const { signal } = this.#stopping;
    let longestMs = 0;
    while (!signal.aborted) {
      const startedAtMs = Date.now();
      const { failure, livedMs } = await this.#attempt();
      if (signal.aborted) return;
      this.#change(failure.state, failure.reason);
      await this.#client?.digested();
      longestMs = longestRetryMs(timing, livedMs > timing.lastRetryMs ? 0 : longestMs, failure === NOBODY_LISTENS);
      const spentMs = livedMs > 0 ? 0 : Date.now() - startedAtMs;
      this.#resting = new AbortController();
      await delay(Math.max(0, shortened(longestMs, Math.random()) - spentMs), this.#resting.signal);
      if (this.#resting.signal.aborted) longestMs = 0;
    }
  }

  async #attempt(): Promise<Attempt> {
    const { timing, node } = this.#options;
    try {
      const connection = await this.#dial();
      const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(timing.connectTimeoutMs)]);
      await node.libp2p.peerStore.merge(connection.remotePeer, KEEP_TAG);
      const stream = await connection.newStream(TOPIC_PROTOCOL, { signal });
      return await this.#converse(connection, stream);
    } catch (error) {
      return { failure: failureOf(error), livedMs: 0 };
    }
  }

  /**
   * The address at which it was last comes first. libp2p tries those of one PeerId one after another for as long as the
   * whole may take, so that one silent address would keep it from the others: each gets a part of the time here.
   */
  async #dial(): Promise<Connection> {
    const { node, timing } = this.#options;
    const { signal: stopping } = this.#stopping;
    for (const [i, address] of this.#addresses.entries()) {
      const isLast = i === this.#addresses.length - 1;
      const patience = AbortSignal.timeout(
        isLast ? timing.connectTimeoutMs : timing.connectTimeoutMs * NEXT_ADDRESS_SHARE,
      );
      try {
        const connection = await node.libp2p.dial(address, { signal: AbortSignal.any([stopping, patience]) });
        this.#addresses = [address, ...this.#addresses.filter((each) => each !== address)];
        return connection;
      } catch (error) {
        if (isLast || stopping.aborted) throw error;
      }
    }
    throw new Error("a relay without an address");
  }

  async #converse(connection: Connection, stream: Stream): Promise<Attempt> {
    const { timing, node, accessToken, events } = this.#options;
    let challengedAtMs: number | undefined;
    const challenged = (): void => {
      challengedAtMs = Date.now();
      clearTimeout(timer);
      this.#live = { client, connection };
      this.#change("connected", undefined);
    };
    const client = new TopicClient({
      stream,
      connection,
      openerPeerId: node.peerIdBytes,
      accessToken,
      timing,
      events: { ...events, challenged, waiting: (because) => this.#live && this.#change("connected", because) },
    });
    const timer = setTimeout(() => client.abort(NO_ANSWER), timing.connectTimeoutMs);
    this.#client = client;
    this.#subscribeAll();
    if (this.#stopping.signal.aborted) await client.close();
    const failure = await client.ended;
    clearTimeout(timer);
    this.#live = undefined;
    return { failure, livedMs: challengedAtMs === undefined ? 0 : Math.max(1, Date.now() - challengedAtMs) };
  }

  #change(state: RelayStatus["state"], reason: string | undefined): void {
    const { address, state: before, reason: reasonBefore, sinceMs } = this.#status;
    if (state === before && reason === reasonBefore) return;
    this.#status = { address, state, reason, sinceMs: state === before ? sinceMs : Date.now() };
    this.#options.events.changed(this.#status);
  }
}

const NO_ANSWER = unreachable("the relay did not answer in time");
/** Keeps libp2p from closing the connection when it has many. */
const KEEP_TAG = { tags: { [`${KEEP_ALIVE}-relay`]: { value: 100 } } };
