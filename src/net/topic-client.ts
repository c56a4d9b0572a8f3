/**
 * The client's side of one topic stream: from the holder's challenge until the stream ends.
 *
 * 1. Deliveries and `caughtUp` reach the owner in the holder's order (digestion.ts); above DIGEST_MAX_BYTES of
 *    undigested deliveries nothing more is read from the stream.
 * 2. A delivery that the owner cannot take ends the stream: the next one resumes from what was committed.
 * 3. Every request is answered, times out, or ends with the stream; nobody waits for ever.
 * 4. `ended` resolves exactly once, with the reason.
 *
 * It does not know how the stream came to be, nor what happens after its end (relay-link.ts).
 * @see PROTOCOL.md § Topic protocol
 */
import { createHash, randomBytes } from "node:crypto";
import type { Connection, Stream } from "@libp2p/interface";
import type { AppendOutcome, Delivery, RelayFault, TopicSubscription } from "../client/ports.ts";
import { envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import { topicOf } from "../wire/envelope.ts";
import { type EnvelopeId, LogId, type Sequence, Signature, Topic } from "../wire/ids.ts";
import { ENVELOPE_MAX_BYTES, FRAME_ENVELOPES_MAX, OPEN_TOPICS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import {
  type ClientFrame,
  decodeHolderFrame,
  encodeClientFrame,
  type HolderFrame,
  type RangeQuestion,
  REFUSAL,
} from "../wire/topic-frames.ts";
import { Digestion } from "./digestion.ts";
import { FlowWatch } from "./flow-watch.ts";
import { FrameStream } from "./frame-stream.ts";
import { Heartbeat } from "./heartbeat.ts";
import { GONE_SILENT, type LinkFailure, refusedBecause, unreachable, waitingBecause } from "./link-failure.ts";
import type { LinkTiming } from "./link-timing.ts";
import { type MailTopic, mailNames, takenMail } from "./mail-meeting.ts";
import { type MeetingEnds, meetingProofs, metTopics } from "./topic-meeting.ts";

/** Delivered bytes that the owner has not committed yet, above which reading stops: eight pages of a relay. */
const DIGEST_MAX_BYTES = 2_097_152;
/** Bytes of envelopes in one append frame: half of what a frame may hold. */
const APPEND_BUDGET_BYTES = 524_288;
/** Appended bytes without an answer, above which further ones are `busy` at once: more than any screen writes in 10 s. */
const APPEND_UNDER_WAY_BYTES = 16_777_216;
/** How long to wait before asking a busy holder again (ms), where it does not say. */
const BUSY_RETRY_MS = 1_000;

/** What the owner of a topic client is told. */
export interface TopicClientEvents {
  /** The holder has spoken: appending is possible from now on. */
  readonly challenged: () => void;
  readonly delivered: (delivery: Delivery) => Promise<void>;
  readonly caughtUp: (topic: Topic, log: LogId) => void;
  /** A reader of that topic said this in passing. */
  readonly said: (topic: Topic, body: Uint8Array) => void;
  /** The holder has contradicted itself. Left out: it is not watched. */
  readonly failed?: (log: LogId, fault: RelayFault) => void;
  /** After each append: why the holder did not take all of it for now, undefined when it did. */
  readonly waiting?: (because: string | undefined) => void;
}

export interface TopicClientOptions {
  readonly stream: Stream;
  readonly connection: Connection;
  /** Our own PeerId on this connection, multihash bytes. */
  readonly openerPeerId: Uint8Array;
  /** For holders that ask for one; otherwise empty. At most 256 bytes. */
  readonly accessToken: string;
  readonly timing: LinkTiming;
  readonly events: TopicClientEvents;
  /** The holder is another member, to whom a topic is named only when it has shown that it knows it. */
  readonly meeting?: Meeting;
}

/** How topics are opened at a member. */
export interface Meeting {
  readonly verifier: Verifier;
  /** The holder has answered: these it has, too. Answers which of them are to be read there. */
  readonly met: (shared: readonly TopicSubscription[]) => readonly TopicSubscription[];
}

type Answer = Extract<
  HolderFrame,
  { readonly kind: "opened" | "appended" | "done" | "refused" | "pong" | "met" | "compared" | "got" }
>;
type Unnumbered<F> = F extends { readonly id: number } ? Omit<F, "id"> : never;
/** What a holder answers to a comparison. */
export type Compared = Extract<HolderFrame, { readonly kind: "compared" }>;
type Challenge = Extract<HolderFrame, { readonly kind: "challenge" }>;

/** One topic stream, seen from its opener. */
export class TopicClient {
  /** Resolves when the stream is over. */
  readonly ended: Promise<LinkFailure>;
  readonly #options: TopicClientOptions;
  readonly #frames: FrameStream;
  readonly #heartbeat: Heartbeat;
  readonly #digestion = new Digestion();
  readonly #watch: FlowWatch | undefined;
  readonly #wanted = new Map<string, TopicSubscription>();
  readonly #answers = new Map<number, (answer: Answer | undefined) => void>();
  #toOpen: TopicSubscription[] = [];
  #opening = false;
  #challenge: Challenge | undefined;
  #nextId = 1;
  #undigestedBytes = 0;
  #appendingBytes = 0;
  #isOver = false;
  #end: (failure: LinkFailure) => void = () => undefined;

  constructor(options: TopicClientOptions) {
    this.#options = options;
    const { failed } = options.events;
    const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
    const idOf = (envelope: Uint8Array): string => toHex(envelopeId(sha256, envelope));
    const tell = (fault: RelayFault): void => {
      const log = this.#log();
      if (log) failed?.(log, fault);
    };
    this.#watch = failed && new FlowWatch(idOf, tell);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#frames = new FrameStream(options.stream, options.connection, {
      frame: (bytes) => this.#received(bytes),
      closed: () => this.#over(unreachable("the relay closed the connection")),
    });
    this.#heartbeat = new Heartbeat(options.timing, {
      heardAtMs: () => this.#frames.heardAtMs,
      beat: () => this.#send({ kind: "ping" }),
      dead: () => this.abort(GONE_SILENT),
    });
  }

  /** Opens and reads this topic, at once or as soon as the holder has spoken. */
  subscribe(subscription: TopicSubscription): void {
    this.#wanted.set(toHex(subscription.topic), subscription);
    this.#toOpen.push(subscription);
    this.#openAll();
  }

  unsubscribe(topic: Topic): void {
    this.#watch?.ended(topic);
    if (!this.#wanted.delete(toHex(topic)) || this.#challenge === undefined) return;
    this.#ask({ kind: "unsubscribe", topics: [topic] });
  }

  /** Asks the holder to forget what it has of an inbox of ours up to this number, if that log is the holder's. */
  trim(log: LogId, topic: Topic, upTo: Sequence): void {
    if (this.#challenge === undefined) return;
    const named = holdersLog(this.#holderPeerId(), this.#challenge.log);
    if (toHex(named) === toHex(log)) void this.#ask({ kind: "trim", topic, upTo });
  }

  /** Appends encoded envelopes; one outcome for each. Never rejects. */
  async append(envelopes: readonly Uint8Array[]): Promise<readonly AppendOutcome[]> {
    const batches = appendBatches(envelopes);
    return (await Promise.all(batches.map((batch) => this.#appendBatch(batch)))).flat();
  }

  /** Says it to whoever reads that topic there now; nobody answers. */
  say(topic: Topic, body: Uint8Array): void {
    if (this.#challenge !== undefined && !this.#isOver && this.#wanted.has(toHex(topic)))
      this.#send({ kind: "live", topic, body });
  }

  /** Those of this mail, at most OPEN_TOPICS_MAX topics, that the other end, a member, takes; undefined when it does not answer. */
  async takes(mail: readonly MailTopic[]): Promise<readonly MailTopic[] | undefined> {
    const { verifier } = this.#options.meeting ?? {};
    if (verifier === undefined || this.#challenge === undefined) return undefined;
    const ends = this.#ends(this.#challenge);
    const proofs = mailNames(verifier.sha256, mail, ends);
    const answer = await this.#ask({ kind: "meet", nonce: ends.clientNonce, proofs });
    return answer?.kind === "met" ? takenMail(verifier, mail, { proofs: answer.proofs, ends }) : undefined;
  }

  /** The holder's answers about ranges of a topic that is open here; undefined when it gives none. */
  async compare(topic: Topic, ranges: readonly RangeQuestion[]): Promise<Compared | undefined> {
    const answer = await this.#ask({ kind: "compare", topic, ranges });
    return answer?.kind === "compared" ? answer : undefined;
  }

  /** Those of at most FRAME_ENVELOPES_MAX envelopes that the holder has and that fit a frame. */
  async get(topic: Topic, ids: readonly EnvelopeId[]): Promise<readonly Uint8Array[] | undefined> {
    const answer = await this.#ask({ kind: "get", topic, ids });
    return answer?.kind === "got" ? answer.envelopes : undefined;
  }

  /** Resolves when no delivery is being taken any more; none begins after the end. */
  digested(): Promise<void> {
    return this.#digestion.idle();
  }

  /** Finds out soon whether the holder is still there. */
  probe(): void {
    if (this.#challenge !== undefined && !this.#isOver) this.#heartbeat.probe();
  }

  /** Ends the stream and its connection at once. */
  abort(failure: LinkFailure): void {
    if (this.#isOver) return; // the connection may belong to our successor by now
    this.#over(failure);
    this.#frames.abort(failure.reason);
    this.#options.connection.abort(new Error(failure.reason));
  }

  async close(): Promise<void> {
    this.#over(unreachable("closed by us"));
    await this.#frames.close();
  }

  #over(failure: LinkFailure): void {
    this.#isOver = true;
    this.#heartbeat.stop();
    this.#end(failure);
    for (const answered of this.#answers.values()) answered(undefined);
    this.#answers.clear();
    this.#digestion.close();
  }

  #received(bytes: Uint8Array): void {
    const frame = decodeHolderFrame(bytes);
    switch (frame?.kind) {
      case undefined:
        this.abort(refusedBecause("the relay speaks another version of the protocol"));
        break;
      case "challenge":
        this.#challenged(frame);
        break;
      case "deliver":
        this.#delivered(frame, bytes.byteLength);
        break;
      case "caughtUp":
        this.#watch?.caughtUp(frame.topic, frame.sequence);
        this.#caughtUp(frame.topic);
        break;
      case "live":
        if (this.#wanted.has(toHex(frame.topic))) this.#options.events.said(frame.topic, frame.body);
        break;
      case "truncated":
        this.#watch?.truncated(frame.topic, frame.before);
        break; // what is gone here may be elsewhere: the messages that follow name it
      case "opened":
      case "appended":
      case "done":
      case "compared":
      case "got":
      case "pong":
      case "refused":
      case "met":
        this.#answers.get(frame.id)?.(frame);
    }
  }

  #challenged(challenge: Challenge): void {
    if (this.#challenge !== undefined) return;
    this.#challenge = challenge;
    this.#options.events.challenged();
    this.#openAll();
  }

  #caughtUp(topic: Topic): void {
    const log = this.#log();
    if (log === undefined || !this.#wanted.has(toHex(topic))) return;
    this.#digestion.add({ kind: "notice", tell: () => this.#options.events.caughtUp(topic, log) });
  }

  #delivered({ topic, items }: Extract<HolderFrame, { readonly kind: "deliver" }>, bytes: number): void {
    const log = this.#log();
    if (log === undefined || !this.#wanted.has(toHex(topic))) return;
    this.#watch?.delivered(topic, items);
    this.#undigestedBytes += bytes;
    if (this.#undigestedBytes > DIGEST_MAX_BYTES) this.#frames.pause();
    const settled = (): void => {
      this.#undigestedBytes -= bytes;
      if (this.#frames.isPaused && this.#undigestedBytes < DIGEST_MAX_BYTES / 2) this.#frames.resume();
    };
    const take = (): Promise<void> =>
      this.#options.events
        .delivered({ log, topic, items })
        .then(settled, () => this.abort(unreachable("what the relay sent could not be stored here")));
    this.#digestion.add({ kind: "delivery", envelopes: items.length, take });
  }

  /** As we name it. */
  #log(): LogId | undefined {
    return this.#challenge && holdersLog(this.#holderPeerId(), this.#challenge.log);
  }

  async #openAll(): Promise<void> {
    if (this.#opening || this.#challenge === undefined) return;
    this.#opening = true;
    while (this.#toOpen.length > 0 && !this.#isOver) {
      const batch = this.#toOpen.splice(0, OPEN_TOPICS_MAX).filter((each) => this.#wants(each));
      if (batch.length > 0) await this.#openBatch(batch, this.#challenge).catch(() => this.abort(NO_PROOF));
    }
    this.#opening = false;
  }

  #holderPeerId(): Uint8Array {
    return this.#options.connection.remotePeer.toMultihash().bytes;
  }

  #wants(subscription: TopicSubscription): boolean {
    return this.#wanted.get(toHex(subscription.topic)) === subscription;
  }

  async #openBatch(batch: readonly TopicSubscription[], challenge: Challenge): Promise<void> {
    const { openerPeerId, accessToken, meeting } = this.#options;
    if (meeting) return this.#meet(batch, challenge, meeting);
    const holderPeerId = this.#holderPeerId();
    const proofs = batch.map(({ topic, inbox, prove }) => ({
      topic,
      inbox,
      signature: Signature.from(prove(challenge.nonce, holderPeerId, openerPeerId)),
    }));
    const answer = await this.#ask({ kind: "open", access: accessToken, resume: new Uint8Array(0), proofs });
    if (answer?.kind === "refused") return this.#openRefused(batch, answer);
    if (answer?.kind !== "opened") return this.abort(unreachable("the relay did not answer in time"));
    const refused = new Set(answer.refused.map(toHex));
    await this.#readFrom(
      batch.filter((each) => !refused.has(toHex(each.topic)) && this.#wants(each)),
      challenge.log,
    );
  }

  async #meet(batch: readonly TopicSubscription[], challenge: Challenge, meeting: Meeting): Promise<void> {
    const ends = this.#ends(challenge);
    const { verifier, met } = meeting;
    const proofs = meetingProofs(verifier.sha256, batch, ends);
    const answer = await this.#ask({ kind: "meet", nonce: ends.clientNonce, proofs });
    if (answer?.kind !== "met") return this.abort(unreachable("no member answered"));
    const shared = metTopics(verifier, batch, { proofs: answer.proofs, ends });
    await this.#readFrom(met(shared.filter((each) => this.#wants(each))), challenge.log);
  }

  /** With a nonce of our own for one meeting. */
  #ends(challenge: Challenge): MeetingEnds {
    return {
      holderPeerId: this.#holderPeerId(),
      clientPeerId: this.#options.openerPeerId,
      holderNonce: challenge.nonce,
      clientNonce: new Uint8Array(randomBytes(32)),
    };
  }

  #openRefused(
    batch: readonly TopicSubscription[],
    { reason, retryAfterMs }: Extract<Answer, { kind: "refused" }>,
  ): void {
    if (reason === REFUSAL.token) this.abort(refusedBecause("this relay asks for an access token"));
    if (reason !== REFUSAL.busy && reason !== REFUSAL.unavailable) return; // the same request would be refused again
    const retry = (): void => {
      this.#toOpen.push(...batch);
      this.#openAll();
    };
    setTimeout(retry, Math.max(retryAfterMs, BUSY_RETRY_MS)).unref();
  }

  async #readFrom(batch: readonly TopicSubscription[], log: LogId): Promise<void> {
    if (batch.length === 0) return;
    const named = holdersLog(this.#holderPeerId(), log);
    try {
      const cursors = await Promise.all(
        batch.map(async ({ topic, cursor }) => ({ topic, log, after: await cursor(named) })),
      );
      const isGroups = ({ topic }: { readonly topic: Topic }): boolean =>
        this.#wanted.get(toHex(topic))?.inbox === false;
      await this.#ask({ kind: "subscribe", cursors }, ({ kind }) => {
        if (kind === "done") for (const each of cursors.filter(isGroups)) this.#watch?.began(each.topic, each.after);
      });
    } catch {
      this.abort(unreachable("the place to resume from could not be read here"));
    }
  }

  async #appendBatch(batch: readonly Uint8Array[]): Promise<readonly AppendOutcome[]> {
    const bytes = batch.reduce((sum, each) => sum + each.byteLength, 0);
    if (batch.some((each) => each.byteLength > ENVELOPE_MAX_BYTES)) return batch.map(() => TOO_LARGE);
    if (this.#appendingBytes + bytes > APPEND_UNDER_WAY_BYTES) return batch.map(() => BUSY);
    this.#appendingBytes += bytes;
    const answer = await this.#ask({ kind: "append", envelopes: batch });
    this.#appendingBytes -= bytes;
    this.#tellWaiting(answer);
    if (answer?.kind === "refused") {
      const { reason, retryAfterMs } = answer;
      return batch.map(() => ({ kind: "refused", reason, retryAfterMs }));
    }
    if (answer?.kind !== "appended" || answer.results.length !== batch.length) return batch.map(() => UNREACHABLE);
    for (const [i, result] of answer.results.entries()) {
      const envelope = batch[i];
      if (envelope && result.kind === "stored")
        this.#watch?.acknowledged(Topic.from(topicOf(envelope)), { sequence: result.sequence, envelope });
    }
    return answer.results;
  }

  #tellWaiting(answer: Answer | undefined): void {
    if (answer?.kind !== "appended" && answer?.kind !== "refused") return;
    const results = answer.kind === "refused" ? [answer] : answer.results.filter((each) => each.kind === "refused");
    const [because] = results.flatMap(({ reason }) => waitingBecause(reason) ?? []);
    this.#options.events.waiting?.(because);
  }

  /** The holder's answer, or `undefined` when the stream ended or it took too long. */
  #ask(
    request: Unnumbered<ClientFrame>,
    atOnce: (answer: Answer) => void = () => undefined,
  ): Promise<Answer | undefined> {
    if (this.#challenge === undefined || this.#isOver) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const id = this.#send(request);
      const timer = setTimeout(() => answered(undefined), this.#options.timing.requestTimeoutMs);
      const answered = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        this.#answers.delete(id);
        if (answer) atOnce(answer);
        resolve(answer);
      };
      this.#answers.set(id, answered);
    });
  }

  #send(request: Unnumbered<ClientFrame>): number {
    const id = this.#nextId;
    this.#nextId = (id % 0xffffffff) + 1;
    this.#frames.send(encodeClientFrame({ ...request, id } as ClientFrame));
    this.#heartbeat.sentAtMs = performance.now();
    return id;
  }
}

/** A log as we name it: a holder may claim any LogId, but so that its claim moves no place in another holder's log. */
function holdersLog(holderPeerId: Uint8Array, claimed: LogId): LogId {
  return LogId.from(new Uint8Array(createHash("sha256").update(holderPeerId).update(claimed).digest().subarray(0, 16)));
}

const NO_PROOF = unreachable("a topic could not be opened: its proof could not be made here");
const UNREACHABLE: AppendOutcome = { kind: "unreachable" };
const BUSY: AppendOutcome = { kind: "refused", reason: REFUSAL.busy };
const TOO_LARGE: AppendOutcome = { kind: "refused", reason: REFUSAL.tooLarge };

/** In order; an envelope that is too large for any frame is a batch of its own. */
function appendBatches(envelopes: readonly Uint8Array[]): Uint8Array[][] {
  const batches: Uint8Array[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const envelope of envelopes) {
    const size = envelope.byteLength > ENVELOPE_MAX_BYTES ? Number.POSITIVE_INFINITY : envelope.byteLength;
    const last = batches.at(-1);
    if (last === undefined || last.length === FRAME_ENVELOPES_MAX || bytes + size > APPEND_BUDGET_BYTES) {
      batches.push([envelope]);
      bytes = size;
    } else {
      last.push(envelope);
      bytes += size;
    }
  }
  return batches;
}
