/**
 * One connection of a topic service: its challenge, and who answers which request. What it has opened stands in
 * topic-opening.ts, what it reads in topic-serving.ts, what it hands in in topic-taking.ts.
 *
 * 1. Nothing is served of a topic that was not opened here with a proof for this nonce and these two PeerIds.
 * 2. An answer is sent when what it says is durable.
 * 3. Memory is bounded by {@link TopicLimits}: too many requests under way stop the reading of more (request-flow.ts), too
 *    many unsent bytes stop the writing (topic-catch-up.ts).
 * 4. Bytes that are no frame end the stream. Nothing from the peer makes us throw.
 */
import { toHex } from "../wire/text-forms.ts";
import {
  type ClientFrame,
  decodeClientFrame,
  encodeHolderFrame,
  type HolderFrame,
  REFUSAL,
} from "../wire/topic-frames.ts";
import type { FrameStream } from "./frame-stream.ts";
import { RequestFlow } from "./request-flow.ts";
import type { Answering, SessionContext, SessionIdentity } from "./session-context.ts";
import { TopicOpening } from "./topic-opening.ts";
import { TopicServing } from "./topic-serving.ts";
import { type TakingOptions, takeAppend, takeTrim } from "./topic-taking.ts";

/** Topics that are part of what a client costs: one in 20 groups has about 200. */
const ORDINARY_TOPICS = 256;
/** Memory of a further one that is open and read: names, reader and places in four tables, measured. */
const TOPIC_BYTES = 1_152;

/** The service's side of one stream. */
export class TopicSession {
  readonly #stream: FrameStream;
  readonly #forgedMax: number;
  readonly #flow: RequestFlow;
  readonly #opening: TopicOpening;
  readonly #serving: TopicServing;
  readonly #taking: TakingOptions;
  #forged = 0;

  /** Begins the session: sends the challenge. */
  constructor(context: SessionContext, identity: SessionIdentity, stream: FrameStream) {
    this.#stream = stream;
    this.#forgedMax = context.limits.forgedPerConnection;
    this.#flow = new RequestFlow(context.limits, stream);
    const answers: Answering = {
      send: (frame) => this.#send(frame),
      refuse: (refusal) => this.#send({ kind: "refused", retryAfterMs: 0, ...refusal }),
      countForged: (count) => this.#countForged(count),
    };
    this.#opening = new TopicOpening(context, identity, answers);
    const shared = { context, answers, opening: this.#opening };
    const reader = { peer: toHex(identity.openerPeerId), through: identity.through };
    this.#serving = new TopicServing({ ...shared, stream, reader, flow: this.#flow });
    this.#taking = { ...shared, identity };
    this.#send({ kind: "challenge", log: context.log.logId, nonce: identity.nonce });
  }

  /** One frame from the stream. */
  frame(encoded: Uint8Array): void {
    const frame = decodeClientFrame(encoded);
    if (frame === undefined) {
      const detail = "not a frame of this protocol";
      this.#send({ kind: "refused", id: 0, reason: REFUSAL.malformed, retryAfterMs: 0, detail });
      this.#stream.close();
      return;
    }
    const frameBytes = encoded.byteLength;
    this.#flow.begin(frame, frameBytes);
    this.#answer(frame)
      .catch(() => this.#unavailable(frame.id))
      .finally(() => this.#flow.settle(frameBytes));
  }

  /** The stream takes data again. */
  writable(): void {
    this.#flow.proceed();
    this.#serving.proceed();
  }

  /** Bytes that it keeps beside its stream's: requests under way, and topics beyond what a client has. */
  get heldBytes(): number {
    return this.#flow.bytes + Math.max(0, this.#opening.size - ORDINARY_TOPICS) * TOPIC_BYTES;
  }

  /** Forgets all readers: the stream is over. */
  end(): void {
    this.#serving.end();
    this.#opening.clear();
  }

  #answer(frame: ClientFrame): Promise<void> {
    switch (frame.kind) {
      case "open":
        return this.#opening.open(frame);
      case "meet":
        return this.#opening.meet(frame);
      case "append":
        return takeAppend(this.#taking, frame);
      case "trim":
        return takeTrim(this.#taking, frame);
      case "subscribe":
        return this.#serving.subscribe(frame);
      case "unsubscribe":
        return this.#serving.unsubscribe(frame);
      case "compare":
        return this.#serving.compare(frame);
      case "get":
        return this.#serving.get(frame);
      case "live":
        this.#serving.say(frame);
        return Promise.resolve();
      case "ping":
        this.#send({ kind: "pong", id: frame.id });
        return Promise.resolve();
    }
  }

  #unavailable(id: number): void {
    const detail = "the store cannot do that now";
    this.#send({ kind: "refused", id, reason: REFUSAL.unavailable, retryAfterMs: 0, detail });
  }

  #countForged(count: number): void {
    this.#forged += count;
    if (this.#forged > this.#forgedMax) this.#stream.abort("too many forged signatures");
  }

  #send(frame: HolderFrame): void {
    this.#stream.send(encodeHolderFrame(frame));
  }
}
