/**
 * The client's side of one topic stream: from the holder's challenge until the stream ends. What is read stands in
 * topic-reading.ts, what is appended in topic-appending.ts, requests and answers in topic-asking.ts.
 *
 * 1. A stream's frames are taken in order; bytes that are no frame end it.
 * 2. `ended` resolves exactly once, with the reason.
 *
 * It does not know how the stream came to be, nor what happens after its end (relay-link.ts).
 * @see PROTOCOL.md § Topic protocol
 */
import { createHash, randomBytes } from "node:crypto";
import type { Connection, Stream } from "@libp2p/interface";
import type { Delivery, RelayFault, TopicSubscription } from "../client/ports/network.ts";
import { envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import { type EnvelopeId, LogId, type Sequence, type Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { decodeHolderFrame, type HolderFrame, type RangeQuestion } from "../wire/topic-frames.ts";
import { FlowWatch } from "./flow-watch.ts";
import { FrameStream } from "./frame-stream.ts";
import { Heartbeat } from "./heartbeat.ts";
import { GONE_SILENT, type LinkFailure, refusedBecause, unreachable } from "./link-failure.ts";
import type { LinkTiming } from "./link-timing.ts";
import { type MailTopic, mailNames, takenMail } from "./mail-meeting.ts";
import { type Append, appending } from "./topic-appending.ts";
import { Asking } from "./topic-asking.ts";
import type { MeetingEnds } from "./topic-meeting.ts";
import { type Holder, TopicReading } from "./topic-reading.ts";

/** What the owner of a topic client is told. */
export interface TopicClientEvents {
  /** The holder has spoken: appending is possible from now on. */
  readonly challenged: () => void;
  /** A delivery has come, and waits for its turn; the answer is called when it was taken, or never will be. */
  readonly arriving?: ((delivery: Delivery) => () => void) | undefined;
  readonly delivered: (delivery: Delivery) => Promise<void>;
  readonly caughtUp: (topic: Topic, log: LogId) => void;
  /** The other end, a member, keeps these now, which it has from us. */
  readonly kept?: ((topic: Topic, ids: readonly EnvelopeId[]) => Promise<void>) | undefined;
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

/** What a holder answers to a comparison. */
export type Compared = Extract<HolderFrame, { readonly kind: "compared" }>;
type Challenge = Extract<HolderFrame, { readonly kind: "challenge" }>;

/** One topic stream, seen from its opener. */
export class TopicClient {
  /** Resolves when the stream is over. */
  readonly ended: Promise<LinkFailure>;
  /** Appends encoded envelopes; one outcome for each. Never rejects. */
  readonly append: Append;
  readonly #options: TopicClientOptions;
  readonly #frames: FrameStream;
  readonly #heartbeat: Heartbeat;
  readonly #asking: Asking;
  readonly #reading: TopicReading;
  #holder: Holder | undefined;
  #isOver = false;
  #end: (failure: LinkFailure) => void = () => undefined;

  constructor(options: TopicClientOptions) {
    this.#options = options;
    const { events, timing } = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#frames = new FrameStream(options.stream, {
      link: options.connection,
      frame: (bytes) => this.#received(bytes),
      closed: () => this.#over(unreachable("the relay closed the connection")),
    });
    this.#heartbeat = new Heartbeat(timing, {
      heardAtMs: () => this.#frames.heardAtMs,
      sentAtMs: () => this.#frames.sentAtMs,
      beat: () => this.#asking.tell({ kind: "ping" }),
      dead: () => this.abort(GONE_SILENT),
    });
    this.#asking = new Asking({ send: (frame) => this.#frames.send(frame), timeoutMs: timing.requestTimeoutMs });
    const watch = events.failed && this.#watching(events.failed);
    this.#reading = new TopicReading({
      ...options,
      asking: this.#asking,
      watch,
      ends: (challenge) => this.#ends(challenge),
      frames: this.#frames,
      abort: (failure) => this.abort(failure),
    });
    this.append = appending({
      asking: this.#asking,
      acknowledged: (topic, item) => watch?.acknowledged(topic, item),
      waiting: (because) => events.waiting?.(because),
    });
  }

  /** Opens and reads this topic, at once or as soon as the holder has spoken. */
  subscribe(subscription: TopicSubscription): void {
    this.#reading.subscribe(subscription);
  }

  unsubscribe(topic: Topic): void {
    this.#reading.unsubscribe(topic);
  }

  /** Asks the holder to forget what it has of an inbox of ours up to this number, if that log is the holder's. */
  trim(log: LogId, topic: Topic, upTo: Sequence): void {
    if (this.#holder && toHex(this.#holder.log) === toHex(log)) this.#asking.tell({ kind: "trim", topic, upTo });
  }

  /** Says it to whoever reads that topic there now; nobody answers. */
  say(topic: Topic, body: Uint8Array): void {
    if (this.#reading.reads(topic)) this.#asking.tell({ kind: "live", topic, body });
  }

  /** Those of this mail, at most OPEN_TOPICS_MAX topics, that the other end, a member, takes; undefined when it does not answer. */
  async takes(mail: readonly MailTopic[]): Promise<readonly MailTopic[] | undefined> {
    const { verifier } = this.#options.meeting ?? {};
    if (verifier === undefined || this.#holder === undefined) return undefined;
    const ends = this.#ends(this.#holder.challenge);
    const proofs = mailNames(verifier.sha256, mail, ends);
    const answer = await this.#asking.ask({ kind: "meet", nonce: ends.clientNonce, proofs });
    return answer?.kind === "met" ? takenMail(verifier, mail, { proofs: answer.proofs, ends }) : undefined;
  }

  /** The holder's answers about ranges of a topic that is open here; undefined when it gives none. */
  async compare(topic: Topic, ranges: readonly RangeQuestion[]): Promise<Compared | undefined> {
    const answer = await this.#asking.ask({ kind: "compare", topic, ranges });
    return answer?.kind === "compared" ? answer : undefined;
  }

  /** Those of at most FRAME_ENVELOPES_MAX envelopes that the holder has and that fit a frame. */
  async get(topic: Topic, ids: readonly EnvelopeId[]): Promise<readonly Uint8Array[] | undefined> {
    const answer = await this.#asking.ask({ kind: "get", topic, ids });
    return answer?.kind === "got" ? answer.envelopes : undefined;
  }

  /** Resolves when no delivery is being taken any more; none begins after the end. */
  digested(): Promise<void> {
    return this.#reading.digested();
  }

  /** Finds out soon whether the holder is still there. */
  probe(): void {
    if (this.#asking.isOpen) this.#heartbeat.probe();
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
    this.#asking.end();
    this.#reading.end();
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
        this.#reading.delivered(frame, bytes.byteLength);
        break;
      case "newest":
        this.#reading.newest(frame, bytes.byteLength);
        break;
      case "kept":
        this.#reading.kept(frame);
        break;
      case "caughtUp":
        this.#reading.caughtUp(frame);
        break;
      case "live":
        this.#reading.said(frame);
        break;
      case "truncated":
        this.#reading.truncated(frame);
        break;
      case "opened":
      case "appended":
      case "done":
      case "compared":
      case "got":
      case "pong":
      case "refused":
      case "met":
        this.#asking.answered(frame);
    }
  }

  #challenged(challenge: Challenge): void {
    if (this.#holder !== undefined) return;
    const peerId = this.#options.connection.remotePeer.toMultihash().bytes;
    this.#holder = { challenge, peerId, log: holdersLog(peerId, challenge.log) };
    this.#asking.begin();
    this.#options.events.challenged();
    this.#reading.begin(this.#holder);
  }

  #watching(failed: NonNullable<TopicClientEvents["failed"]>): FlowWatch {
    const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
    const idOf = (envelope: Uint8Array): string => toHex(envelopeId(sha256, envelope));
    return new FlowWatch(idOf, (fault) => this.#holder && failed(this.#holder.log, fault));
  }

  /** With a nonce of our own for one meeting. */
  #ends(challenge: Challenge): MeetingEnds {
    return {
      holderPeerId: this.#options.connection.remotePeer.toMultihash().bytes,
      clientPeerId: this.#options.openerPeerId,
      holderNonce: challenge.nonce,
      clientNonce: new Uint8Array(randomBytes(32)),
    };
  }
}

/** A log as we name it: a holder may claim any LogId, but so that its claim moves no place in another holder's log. */
function holdersLog(holderPeerId: Uint8Array, claimed: LogId): LogId {
  return LogId.from(new Uint8Array(createHash("sha256").update(holderPeerId).update(claimed).digest().subarray(0, 16)));
}
