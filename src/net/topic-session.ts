/**
 * One connection of a topic service: its challenge, what it has opened, what it reads.
 *
 * 1. Nothing is served of a topic that was not opened here with a proof for this nonce and these two PeerIds.
 * 2. An answer is sent when what it says is durable.
 * 3. Memory is bounded by {@link TopicLimits}: too many requests under way stop the reading of more, too many
 *    unsent bytes stop the writing (topic-catch-up.ts).
 * 4. Bytes that are no frame end the stream. Nothing from the peer makes us throw.
 */
import { checkOpenProof } from "../verify/open-proof.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import {
  type AppendResult,
  type ClientFrame,
  decodeClientFrame,
  encodeHolderFrame,
  type HolderFrame,
  REFUSAL,
  type Refusal,
} from "../wire/topic-frames.ts";
import { appendEnvelopes } from "./append-check.ts";
import type { FrameStream } from "./frame-stream.ts";
import type { IdSets } from "./id-sets.ts";
import { ownMail } from "./mail-meeting.ts";
import { type Mailbox, takeMail } from "./mailbox.ts";
import { type Pace, type PaceByKey, pace } from "./pace.ts";
import { answerRange, areApart } from "./set-comparison.ts";
import { CatchUp, type CatchUpReader, type CatchUpSource } from "./topic-catch-up.ts";
import type { TopicServiceEvent } from "./topic-events.ts";
import type { TopicFanout } from "./topic-fanout.ts";
import { CHECKS_PER_TURN, ENVELOPE_PACE_BYTES, IDS_PER_UNIT } from "./topic-limits.ts";
import { type OwnTopic, shareTopics } from "./topic-meeting.ts";
import { nextTurn } from "./turn-gate.ts";

/** A holder that is a member itself: it serves its own topics to those who prove theirs, and stores nothing for others. */
export interface HoldingMember {
  /** The topics that it reads, without inboxes. */
  readonly topics: () => Iterable<OwnTopic>;
  /** A reader of that topic said this in passing. */
  readonly said: (topic: Topic, body: Uint8Array) => void;
  /** What it takes in from others. */
  readonly mailbox: Mailbox;
  /** Somebody has proved these, or has mail for us, and has been answered. */
  readonly met: (openerPeerId: Uint8Array, topics: readonly Topic[]) => void;
}

/** What all sessions of a service share. */
export interface SessionContext extends CatchUpSource {
  readonly verifier: Verifier;
  readonly fanout: TopicFanout;
  readonly ids: IdSets;
  /** Shared by all connections of the service. */
  readonly addressPace: PaceByKey;
  readonly topicPace: PaceByKey;
  readonly livePace: PaceByKey;
  /** `undefined`: everybody may use this holder. */
  readonly admit: ((accessToken: string) => boolean) | undefined;
  /** `undefined`: a relay. */
  readonly member: HoldingMember | undefined;
  readonly onEvent: (event: TopicServiceEvent) => void;
}

/** Who is at the two ends, as the connection authenticated them (multihash bytes), and the nonce of this stream. */
export interface SessionIdentity {
  readonly holderPeerId: Uint8Array;
  readonly openerPeerId: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** The opener's IP address as remote-host.ts names it. */
  readonly address: string | undefined;
}

type Request<K extends ClientFrame["kind"]> = ClientFrame & { readonly kind: K };

/** The service's side of one stream. */
export class TopicSession {
  readonly #context: SessionContext;
  readonly #identity: SessionIdentity;
  readonly #stream: FrameStream;
  readonly #reading: CatchUp;
  readonly #opened = new Set<string>();
  readonly #readers = new Map<string, CatchUpReader>();
  #admitted: boolean;
  #forged = 0;
  readonly #pace: Pace;
  #requests = 0;
  #bytes = 0;
  #resting = false;

  /** Begins the session: sends the challenge. */
  constructor(context: SessionContext, identity: SessionIdentity, stream: FrameStream) {
    this.#context = context;
    this.#identity = identity;
    this.#stream = stream;
    this.#reading = new CatchUp(context, stream, toHex(identity.openerPeerId));
    this.#admitted = context.admit === undefined;
    this.#pace = pace(context.limits.connectionRate);
    this.#send({ kind: "challenge", log: context.log.logId, nonce: identity.nonce });
  }

  /** One frame from the stream. */
  frame(encoded: Uint8Array): void {
    const frame = decodeClientFrame(encoded);
    if (frame === undefined) {
      this.#refuse(0, REFUSAL.malformed, "not a frame of this protocol");
      this.#stream.close();
      return;
    }
    const frameBytes = encoded.byteLength;
    this.#begin(frameBytes);
    this.#rest(this.#pace.spend(unitsOf(frame)));
    this.#answer(frame)
      .catch(() => this.#refuse(frame.id, REFUSAL.unavailable, "the store cannot do that now"))
      .finally(() => this.#settle(frameBytes));
  }

  /** The stream takes data again. */
  writable(): void {
    this.#reading.proceed();
  }

  /** Forgets all readers: the stream is over. */
  end(): void {
    for (const reader of this.#readers.values()) this.#drop(reader.topic);
    this.#opened.clear();
  }

  #answer(frame: ClientFrame): Promise<void> {
    switch (frame.kind) {
      case "open":
        return this.#open(frame);
      case "append":
        return this.#append(frame);
      case "subscribe":
        return this.#subscribe(frame);
      case "unsubscribe":
        return this.#unsubscribe(frame);
      case "trim":
        return this.#trim(frame);
      case "meet":
        return this.#meet(frame);
      case "compare":
        return this.#compare(frame);
      case "get":
        return this.#get(frame);
      case "live":
        this.#say(frame);
        return Promise.resolve();
      case "ping":
        this.#send({ kind: "pong", id: frame.id });
        return Promise.resolve();
    }
  }

  async #open({ id, access, proofs }: Request<"open">): Promise<void> {
    const { admit, limits, onEvent } = this.#context;
    this.#admitted ||= admit?.(access) ?? true;
    if (!this.#admitted) return this.#refuse(id, REFUSAL.token, NO_TOKEN);
    if (this.#opened.size + proofs.length > limits.topicsPerConnection) {
      return this.#refuse(id, REFUSAL.limit, "too many topics on one connection");
    }
    const refused: Topic[] = [];
    for (const [i, proof] of proofs.entries()) {
      if (i % CHECKS_PER_TURN === CHECKS_PER_TURN - 1) await nextTurn();
      if (!(await this.#openOne(proof))) refused.push(proof.topic);
    }
    onEvent({ kind: "opened", topics: proofs.length - refused.length, refused: refused.length });
    this.#send({ kind: "opened", id, refused, resume: new Uint8Array(0) });
    this.#countForged(refused.length);
  }

  async #openOne({ topic, inbox, signature }: Request<"open">["proofs"][number]): Promise<boolean> {
    const claim = { ...this.#identity, topic, inbox };
    if (checkOpenProof(this.#context.verifier, claim, signature) !== "valid") return false;
    if (inbox && !(await this.#registerInbox(topic))) return false;
    this.#opened.add(toHex(topic));
    return true;
  }

  /** A full store still hands out the inboxes that it has. False for a topic that is something else. */
  #registerInbox(topic: Topic): Promise<boolean> {
    const { log } = this.#context;
    return log.registerInbox(topic).catch(async (error: unknown) => {
      if (!(await log.isInbox(topic))) throw error;
      return true;
    });
  }

  async #meet({ id, nonce, proofs }: Request<"meet">): Promise<void> {
    const { member, verifier, limits } = this.#context;
    if (member === undefined) return this.#refuse(id, REFUSAL.unknownTopic, "this is no member of anything");
    if (this.#opened.size + proofs.length > limits.topicsPerConnection) {
      return this.#refuse(id, REFUSAL.limit, "too many topics on one connection");
    }
    const { holderPeerId, openerPeerId: clientPeerId, nonce: holderNonce } = this.#identity;
    const ends = { holderPeerId, clientPeerId, holderNonce, clientNonce: nonce };
    const met = await shareTopics(verifier, member.topics(), { proofs, ends });
    const topics = met.map(({ shared }) => shared.topic);
    for (const topic of topics) this.#opened.add(toHex(topic));
    const proved = new Set(topics.map(toHex));
    const own = [...member.mailbox.topics()].filter(({ topic }) => !proved.has(toHex(topic)));
    const mail = ownMail(verifier.sha256, own, { proofs, ends });
    this.#send({ kind: "met", id, proofs: [...met.map(({ proof }) => proof), ...mail] });
    if (topics.length + mail.length > 0) member.met(clientPeerId, topics);
  }

  async #append({ id, envelopes }: Request<"append">): Promise<void> {
    if (!this.#admitted) return this.#refuse(id, REFUSAL.token, NO_TOKEN);
    const { fanout, onEvent, addressPace } = this.#context;
    const bytes = envelopes.reduce((sum, { byteLength }) => sum + byteLength + ENVELOPE_PACE_BYTES, 0);
    const retryAfterMs = addressPace.take(this.#identity.address, bytes);
    if (retryAfterMs > 0) {
      onEvent({ kind: "appended", stored: 0, duplicates: 0, refused: envelopes.length, bytes: 0 });
      return this.#refuse(id, REFUSAL.busy, "too much from one address for now", retryAfterMs);
    }
    const { member, verifier, topicPace } = this.#context;
    if (member) {
      const results = await takeMail({ mailbox: member.mailbox, verifier, topicPace }, envelopes);
      this.#send({ kind: "appended", id, results });
      return this.#countForged(results.filter(isForged).length);
    }
    const { results, fresh } = await appendEnvelopes(this.#context, envelopes);
    this.#send({ kind: "appended", id, results });
    for (const { item, result } of fresh) {
      fanout.stored(item.topic, { sequence: result.sequence, envelope: item.envelope });
    }
    const refused = results.filter((result) => result.kind === "refused");
    onEvent({
      kind: "appended",
      stored: fresh.length,
      duplicates: results.length - refused.length - fresh.length,
      refused: refused.length,
      bytes: fresh.reduce((sum, { item }) => sum + item.envelope.byteLength, 0),
    });
    this.#countForged(refused.filter(isForged).length);
  }

  async #subscribe({ id, cursors }: Request<"subscribe">): Promise<void> {
    const unopened = cursors.some(({ topic }) => !this.#opened.has(toHex(topic)));
    if (unopened) return this.#refuse(id, REFUSAL.unknownTopic, "open the topic first");
    this.#send({ kind: "done", id });
    for (const { topic, log, after } of cursors) {
      this.#drop(topic);
      const reader = this.#reading.begin(topic, log, after);
      this.#readers.set(toHex(topic), reader);
      this.#context.fanout.add(reader);
    }
  }

  async #unsubscribe({ id, topics }: Request<"unsubscribe">): Promise<void> {
    for (const topic of topics) {
      this.#drop(topic);
      this.#opened.delete(toHex(topic));
    }
    this.#send({ kind: "done", id });
  }

  async #trim({ id, topic, upTo }: Request<"trim">): Promise<void> {
    const { log } = this.#context;
    const own = this.#opened.has(toHex(topic)) && (await log.isInbox(topic));
    if (!own) return this.#refuse(id, REFUSAL.unknownTopic, "only one's own inbox can be trimmed");
    await log.trim(topic, upTo);
    this.#send({ kind: "done", id });
  }

  async #compare({ id, topic, ranges }: Request<"compare">): Promise<void> {
    if (!this.#opened.has(toHex(topic))) return this.#refuse(id, REFUSAL.unknownTopic, "open the topic first");
    const set = areApart(ranges) ? await this.#context.ids.of(topic) : undefined;
    if (!set) return this.#refuse(id, REFUSAL.limit, "too many ids to compare");
    this.#rest(this.#pace.spend(Math.ceil(set.ids.length / IDS_PER_UNIT)));
    const answers = ranges.map((each) => answerRange(set.ids, each));
    this.#send({ kind: "compared", id, head: set.head, answers });
  }

  async #get({ id, topic, ids }: Request<"get">): Promise<void> {
    if (!this.#opened.has(toHex(topic))) return this.#refuse(id, REFUSAL.unknownTopic, "open the topic first");
    const { log, reads, limits, onPage } = this.#context;
    const envelopes = await reads(() => log.get(topic, ids, limits.pageBytes));
    this.#send({ kind: "got", id, envelopes });
    onPage(
      envelopes.length,
      envelopes.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
  }

  /** Said in passing: whoever does not read now misses it. Inboxes have no readers but their owner, so nothing is said there. */
  #say({ topic, body }: Request<"live">): void {
    const name = toHex(topic);
    if (!this.#opened.has(name) || this.#context.livePace.take(name, 1) > 0) return;
    this.#context.fanout.say(topic, body, this.#readers.get(name));
    this.#context.member?.said(topic, body);
  }

  #drop(topic: Topic): void {
    const reader = this.#readers.get(toHex(topic));
    if (reader === undefined) return;
    this.#readers.delete(toHex(topic));
    this.#reading.drop(reader);
    this.#context.fanout.remove(reader);
  }

  #begin(frameBytes: number): void {
    const { requestsUnderWay, bytesUnderWay } = this.#context.limits;
    this.#requests += 1;
    this.#bytes += frameBytes;
    if (this.#requests >= requestsUnderWay || this.#bytes >= bytesUnderWay) this.#stream.pause();
  }

  /** Reads no more for so long: what this connection may ask is used up. */
  #rest(restMs: number): void {
    if (restMs === 0) return;
    this.#resting = true;
    this.#stream.pause();
    setTimeout(() => {
      this.#resting = false;
      this.#readOn();
    }, restMs).unref();
  }

  #settle(frameBytes: number): void {
    this.#requests -= 1;
    this.#bytes -= frameBytes;
    this.#readOn();
  }

  #readOn(): void {
    const { requestsUnderWay, bytesUnderWay } = this.#context.limits;
    if (this.#resting || this.#requests > requestsUnderWay / 2 || this.#bytes > bytesUnderWay / 2) return;
    if (this.#stream.isPaused) this.#stream.resume();
  }

  #countForged(count: number): void {
    this.#forged += count;
    if (this.#forged > this.#context.limits.forgedPerConnection) this.#stream.abort("too many forged signatures");
  }

  #send(frame: HolderFrame): void {
    this.#stream.send(encodeHolderFrame(frame));
  }

  #refuse(id: number, reason: Refusal, detail: string, retryAfterMs = 0): void {
    this.#send({ kind: "refused", id, reason, retryAfterMs, detail });
  }
}

const isForged = (result: AppendResult): boolean => result.kind === "refused" && result.reason === REFUSAL.forged;

/** What a request counts towards its connection's rate: one for each thing that is checked, read or stored for it. */
function unitsOf(frame: ClientFrame): number {
  switch (frame.kind) {
    case "open":
    case "meet":
      return 1 + frame.proofs.length;
    case "append":
      return frame.envelopes.length;
    case "subscribe":
      return frame.cursors.length;
    case "compare":
      return frame.ranges.length;
    case "get":
      return frame.ids.length;
    case "unsubscribe":
    case "trim":
    case "live":
    case "ping":
      return 1;
  }
}

const NO_TOKEN = "this holder asks for an access token";
