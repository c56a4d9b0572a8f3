/**
 * One other member, while there is a connection to it: what both read, we read there, too.
 *
 * 1. A topic is read only after both ends have proved it (topic-meeting.ts).
 * 2. A stranger, who has answered and shares nothing with us, is let go after STRANGER_MS; one to whom we write, or who writes
 *    to us, later. Whoever has not answered yet is no stranger: it is busy, or its connection has just gone.
 * 3. `ended` resolves once, when nothing is delivered any more.
 *
 * It does not know how the connection came to be, nor what follows its end (peer-links.ts).
 */
import type { Connection } from "@libp2p/interface";
import type { TopicSubscription } from "../client/ports/network.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import { OPEN_TOPICS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { comparingRounds } from "./comparing-rounds.ts";
import { GONE_SILENT } from "./link-failure.ts";
import { statusOf } from "./link-path.ts";
import type { LinkTiming } from "./link-timing.ts";
import type { MailTopic } from "./mail-meeting.ts";
import type { CaughtUpMember, MemberCatchUp } from "./member-catch-up.ts";
import type { NetNode } from "./node.ts";
import type { AddressOutcome } from "./peer-address-book.ts";
import { TopicClient, type TopicClientEvents } from "./topic-client.ts";
import { TOPIC_PROTOCOL } from "./topic-service.ts";

/** How long somebody with whom we share nothing may stay (ms): it may be about to learn of a group. */
const STRANGER_MS = 3_000;
/** How long somebody whose mail we take, or who takes ours, may (ms): a welcome may be on its way, and is checked first. */
const CORRESPONDENT_MS = 30_000;

export interface PeerLinkOptions {
  readonly node: NetNode;
  readonly connection: Connection;
  readonly verifier: Verifier;
  readonly catchUp: MemberCatchUp;
  /** See `CaughtUpMember`. */
  readonly givers: () => readonly string[];
  readonly timing: LinkTiming;
  /** Everything that is to be read, now. */
  readonly subscriptions: () => Iterable<TopicSubscription>;
  readonly events: Pick<TopicClientEvents, "arriving" | "delivered" | "caughtUp" | "said" | "kept"> & {
    /** It has turned out to be a member of something of ours. */
    readonly known: () => void;
    /** It has proved that mail for this topic is its own. */
    readonly takes: (topic: Topic) => void;
    /** Whether this link, too, should read this topic, which both have proved; `isFirstTime`: it has not been asked about it before. */
    readonly wants: (each: TopicSubscription, isFirstTime: boolean) => boolean;
    /** False: the other end need not be asked whether it has this topic, others are read enough. */
    readonly hasPlace: (each: TopicSubscription) => boolean;
  };
}

/** A link from the connection to its end. */
export class PeerLink {
  /** Resolves when it is over; `absent`: it has not said who it is. */
  readonly ended: Promise<AddressOutcome>;
  readonly #options: PeerLinkOptions;
  /** Topics that are read here, in hex. */
  readonly #reading = new Set<string>();
  /** Topics that the other end has proved, in hex. */
  readonly #shared = new Set<string>();
  /** Whether it takes certain mail, by the topic's hex. */
  readonly #mail = new Map<string, "to-ask" | "asked" | "taken">();
  readonly #sought = new Map<string, MailTopic>();
  #isAsking = false;
  #isChallenged = false;
  /** Topics were named to it, and it has said which of them it has. */
  #hasAsked = false;
  #hasAnswered = false;
  #keptUntilMs = 0;
  #client: TopicClient | undefined;
  #isMember = false;
  #isStopped = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.ended = this.#converse();
  }

  get connection(): Connection {
    return this.#options.connection;
  }

  get client(): TopicClient | undefined {
    return this.#client;
  }

  get isMember(): boolean {
    return this.#isMember;
  }

  /** It has no topic of ours but those of epochs that newer ones have taken the place of: it is behind, or was removed. */
  get isBehind(): boolean {
    for (const { topic, isSuperseded } of this.#options.subscriptions())
      if (!isSuperseded?.() && this.#shared.has(toHex(topic))) return false;
    return true;
  }

  /** Whether this topic (hex) is read here. */
  reads(topic: string): boolean {
    return this.#reading.has(topic);
  }

  subscribe(subscription: TopicSubscription): void {
    if (subscription.inbox || !this.#client) return;
    this.#hasAsked = true;
    this.#client.subscribe(subscription);
  }

  unsubscribe(topic: Topic): void {
    if (this.#reading.delete(toHex(topic))) this.#client?.unsubscribe(topic);
  }

  /** Whether the other end takes mail for this topic (hex). */
  takes(topic: string): boolean {
    return this.#mail.get(topic) === "taken";
  }

  /** Asks whether the other end takes this mail, if it was not asked before. */
  seek(mail: Iterable<MailTopic>): void {
    for (const each of mail) {
      const name = toHex(each.topic);
      if (this.#mail.has(name)) continue;
      this.#mail.set(name, "to-ask");
      this.#sought.set(name, each);
    }
    if (this.#isChallenged && !this.#isAsking && this.#client) void this.#askAbout(this.#client);
  }

  /** Lets it stay for a while, even if it turns out to be no member of anything of ours. */
  keep(): void {
    this.#keptUntilMs = performance.now() + CORRESPONDENT_MS;
  }

  /** Asks again about everything that is not read here: one of us may have learnt of it since. */
  meetAgain(): void {
    for (const [topic, state] of this.#mail) if (state === "asked") this.#mail.delete(topic);
    const { subscriptions, events } = this.#options;
    for (const each of subscriptions())
      if (!this.#reading.has(toHex(each.topic)) && events.hasPlace(each)) this.subscribe(each);
  }

  /**
   * The other end has just proved these. Only what we did not know to be shared is asked about: what both do not read
   * because they read enough would be asked about by turns for ever.
   */
  meetNew(topics: readonly Topic[]): void {
    const fresh = new Set(topics.map(toHex).filter((topic) => !this.#shared.has(topic)));
    for (const each of this.#options.subscriptions()) if (fresh.has(toHex(each.topic))) this.subscribe(each);
  }

  /** Finds out soon whether the other end is still there. */
  probe(): void {
    this.#client?.probe();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#client?.close();
    await this.ended;
  }

  /** It has not said yet whether it shares anything with us. */
  get isUnanswered(): boolean {
    return !this.#isChallenged || (this.#hasAsked && !this.#hasAnswered);
  }

  async #converse(): Promise<AddressOutcome> {
    const { connection, timing } = this.#options;
    const over = new AbortController();
    let [isSilent, isForeign] = [false, false];
    const look = (): void => {
      if (this.#isMember) return;
      const leftMs = this.isUnanswered ? STRANGER_MS : this.#keptUntilMs - performance.now();
      if (leftMs > 0) stranger = setTimeout(look, leftMs);
      else void this.stop();
    };
    let stranger = setTimeout(look, STRANGER_MS);
    try {
      const signal = AbortSignal.timeout(timing.connectTimeoutMs);
      const stream = await connection.newStream(TOPIC_PROTOCOL, { signal, runOnLimitedConnection: true });
      const client = this.#clientOn(stream);
      this.#client = client;
      this.meetAgain();
      const begin = (): Promise<void> => this.#compareAll(client).catch(ignore);
      void comparingRounds({ everyMs: timing.compareEveryMs, signal: over.signal, begin });
      if (this.#isStopped) await client.close();
      isSilent = (await client.ended) === GONE_SILENT;
      await client.digested();
    } catch (error) {
      isForeign = error instanceof Error && error.name === "UnsupportedProtocolError"; // else it went away
    }
    over.abort();
    clearTimeout(stranger);
    if (connection.streams.length === 0) await connection.close().catch(() => undefined);
    if (this.#isMember) return isSilent ? "silent" : "member";
    return this.isUnanswered && !isForeign ? "absent" : "stranger";
  }

  #clientOn(stream: Awaited<ReturnType<Connection["newStream"]>>): TopicClient {
    const { node, connection, timing, verifier, events } = this.#options;
    const { arriving, delivered, caughtUp, said, kept } = events;
    return new TopicClient({
      stream,
      connection,
      openerPeerId: node.peerIdBytes,
      accessToken: "",
      timing,
      events: { arriving, delivered, caughtUp, said, kept, challenged: () => this.#challenged() },
      meeting: { verifier, met: (shared) => this.#met(shared) },
    });
  }

  #challenged(): void {
    this.#isChallenged = true;
    setImmediate(() => this.seek([])); // the client takes note of the challenge first
  }

  async #askAbout(client: TopicClient): Promise<void> {
    this.#isAsking = true;
    while (this.#sought.size > 0) {
      const batch = [...this.#sought].slice(0, OPEN_TOPICS_MAX);
      for (const [name] of batch) {
        this.#sought.delete(name);
        this.#mail.set(name, "asked");
      }
      const taken = (await client.takes(batch.map(([, each]) => each))) ?? [];
      for (const { topic } of taken) {
        this.#mail.set(toHex(topic), "taken");
        this.keep();
        this.#options.events.takes(topic);
      }
    }
    this.#isAsking = false;
  }

  /** What the other end keeps and did not send is fetched, as when reading began. */
  async #compareAll(client: TopicClient): Promise<void> {
    const { subscriptions, catchUp } = this.#options;
    for (const { topic } of [...subscriptions()])
      if (this.reads(toHex(topic))) await catchUp.look(this.#member(client), topic);
  }

  #member(client: TopicClient): CaughtUpMember {
    const { connection, givers } = this.#options;
    return { client, givers, path: statusOf(connection).path };
  }

  #startAt(topic: Topic): Promise<Sequence> {
    const { catchUp } = this.#options;
    return this.#client ? catchUp.startAt(this.#member(this.#client), topic) : Promise.resolve(0 as Sequence);
  }

  /** Answers which of these to read here. */
  #met(shared: readonly TopicSubscription[]): readonly TopicSubscription[] {
    this.#hasAnswered = true;
    const wanted: TopicSubscription[] = [];
    for (const each of shared) {
      const name = toHex(each.topic);
      if (this.#reading.has(name) || !this.#options.events.wants(each, !this.#shared.has(name))) continue;
      wanted.push(each);
      this.#reading.add(name);
    }
    for (const { topic } of shared) this.#shared.add(toHex(topic));
    if (shared.length > 0 && !this.#isMember) {
      this.#isMember = true;
      this.#options.events.known();
    }
    return wanted.map((each) => ({ ...each, cursor: () => this.#startAt(each.topic) }));
  }
}

/** Our disk failed, or the link has ended: the next round, or link, compares again. */
const ignore = (): void => undefined;
