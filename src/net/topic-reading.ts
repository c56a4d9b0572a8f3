/**
 * What is read over one topic stream: opening topics, resuming each from its cursor, and handing on what comes.
 *
 * 1. Deliveries and `caughtUp` reach the owner in the holder's order (digestion.ts); above DIGEST_MAX_BYTES of
 *    undigested deliveries nothing more is read from the stream.
 * 2. A delivery that the owner cannot take ends the stream: the next one resumes from what was committed.
 * 3. The newest envelopes of a topic that is far behind come ahead of its flow, and once more in it: no cursor counts them.
 *
 * @see PROTOCOL.md § Topic protocol
 */
import type { Delivery, TopicSubscription } from "../client/ports/network.ts";
import { type LogId, type Sequence, Signature, type Topic } from "../wire/ids.ts";
import { OPEN_TOPICS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { type HolderFrame, REFUSAL } from "../wire/topic-frames.ts";
import { Digestion } from "./digestion.ts";
import type { FlowWatch } from "./flow-watch.ts";
import { type LinkFailure, refusedBecause, unreachable } from "./link-failure.ts";
import type { Answer, Asking } from "./topic-asking.ts";
import type { TopicClientOptions } from "./topic-client.ts";
import { type MeetingEnds, meetingProofs, metTopics } from "./topic-meeting.ts";

/** Delivered bytes that the owner has not committed yet, above which reading stops: eight pages of a relay. */
const DIGEST_MAX_BYTES = 2_097_152;
/** What an envelope that is sent back by name counts among them: about as much work as a small one. */
const KEPT_BYTES = 512;
/** How long to wait before asking a busy holder again (ms), where it does not say. */
const BUSY_RETRY_MS = 1_000;

type FrameOf<K extends HolderFrame["kind"]> = Extract<HolderFrame, { readonly kind: K }>;

/** The holder, once it has spoken. */
export interface Holder {
  readonly challenge: FrameOf<"challenge">;
  /** Multihash bytes. */
  readonly peerId: Uint8Array;
  /** Its log as we name it. */
  readonly log: LogId;
}

export interface ReadingOptions extends Pick<TopicClientOptions, "openerPeerId" | "accessToken" | "meeting"> {
  readonly events: Pick<TopicClientOptions["events"], "arriving" | "delivered" | "caughtUp" | "said" | "kept">;
  readonly asking: Asking;
  readonly watch: FlowWatch | undefined;
  /** With a nonce of our own for one meeting. */
  readonly ends: (challenge: FrameOf<"challenge">) => MeetingEnds;
  /** The stream's reading side. */
  readonly frames: { readonly isPaused: boolean; readonly pause: () => void; readonly resume: () => void };
  /** Ends the stream. */
  readonly abort: (failure: LinkFailure) => void;
}

/** The reading of one stream. */
export class TopicReading {
  readonly #options: ReadingOptions;
  readonly #digestion = new Digestion();
  readonly #wanted = new Map<string, TopicSubscription>();
  #toOpen: TopicSubscription[] = [];
  #opening = false;
  #holder: Holder | undefined;
  #undigestedBytes = 0;
  /** Told when what waits has been taken, or never will be. */
  readonly #arrived = new Set<() => void>();

  constructor(options: ReadingOptions) {
    this.#options = options;
  }

  /** The holder has spoken: topics are opened from now on. */
  begin(holder: Holder): void {
    this.#holder = holder;
    this.#openAll();
  }

  /** Nothing more is handed on. */
  end(): void {
    this.#digestion.close();
    for (const arrived of [...this.#arrived]) arrived();
  }

  reads(topic: Topic): boolean {
    return this.#wanted.has(toHex(topic));
  }

  /** Opens and reads this topic, at once or as soon as the holder has spoken. */
  subscribe(subscription: TopicSubscription): void {
    this.#wanted.set(toHex(subscription.topic), subscription);
    this.#toOpen.push(subscription);
    this.#openAll();
  }

  unsubscribe(topic: Topic): void {
    this.#options.watch?.ended(topic);
    if (this.#wanted.delete(toHex(topic))) this.#options.asking.tell({ kind: "unsubscribe", topics: [topic] });
  }

  /** Resolves when no delivery is being taken any more; none begins after the end. */
  digested(): Promise<void> {
    return this.#digestion.idle();
  }

  delivered({ topic, items }: FrameOf<"deliver">, bytes: number): void {
    if (!this.#holder || !this.reads(topic)) return;
    this.#options.watch?.delivered(topic, items);
    const { log } = this.#holder;
    this.#take(bytes, { log, topic, items });
  }

  /** The newest of a group's topic that is far behind. */
  newest({ topic, envelopes }: FrameOf<"newest">, bytes: number): void {
    if (!this.#holder || this.#wanted.get(toHex(topic))?.inbox !== false) return;
    const { log } = this.#holder;
    const items = envelopes.map((envelope) => ({ sequence: 0 as Sequence, envelope }));
    this.#take(bytes, { log, topic, items, isAhead: true });
  }

  /** Taken as if they had been sent back whole. */
  kept({ topic, ids }: FrameOf<"kept">): void {
    const { kept } = this.#options.events;
    if (kept && this.reads(topic)) this.#digest(ids.length * KEPT_BYTES, ids.length, () => kept(topic, ids));
  }

  caughtUp({ topic, sequence }: FrameOf<"caughtUp">): void {
    this.#options.watch?.caughtUp(topic, sequence);
    if (!this.#holder || !this.reads(topic)) return;
    const { log } = this.#holder;
    this.#digestion.add({ kind: "notice", tell: () => this.#options.events.caughtUp(topic, log) });
  }

  truncated({ topic, before }: FrameOf<"truncated">): void {
    this.#options.watch?.truncated(topic, before); // what is gone here may be elsewhere: the messages that follow name it
  }

  said({ topic, body }: FrameOf<"live">): void {
    if (this.reads(topic)) this.#options.events.said(topic, body);
  }

  #take(bytes: number, delivery: Delivery): void {
    const { events } = this.#options;
    const told = events.arriving?.(delivery);
    const arrived = (): void => {
      if (this.#arrived.delete(arrived)) told?.();
    };
    this.#arrived.add(arrived);
    this.#digest(bytes, delivery.items.length, () => events.delivered(delivery).finally(arrived));
  }

  #digest(bytes: number, envelopes: number, deliver: () => Promise<void>): void {
    const { frames, abort } = this.#options;
    this.#undigestedBytes += bytes;
    if (this.#undigestedBytes > DIGEST_MAX_BYTES) frames.pause();
    const settled = (): void => {
      this.#undigestedBytes -= bytes;
      if (frames.isPaused && this.#undigestedBytes < DIGEST_MAX_BYTES / 2) frames.resume();
    };
    const take = (): Promise<void> => deliver().then(settled, () => abort(NOT_STORED));
    this.#digestion.add({ kind: "delivery", envelopes, take });
  }

  async #openAll(): Promise<void> {
    if (this.#opening || this.#holder === undefined) return;
    this.#opening = true;
    while (this.#toOpen.length > 0 && this.#options.asking.isOpen) {
      const batch = this.#toOpen.splice(0, OPEN_TOPICS_MAX).filter((each) => this.#wants(each));
      if (batch.length > 0) await this.#openBatch(batch, this.#holder).catch(() => this.#options.abort(NO_PROOF));
    }
    this.#opening = false;
  }

  #wants(subscription: TopicSubscription): boolean {
    return this.#wanted.get(toHex(subscription.topic)) === subscription;
  }

  async #openBatch(batch: readonly TopicSubscription[], holder: Holder): Promise<void> {
    const { openerPeerId, accessToken, meeting, asking, abort } = this.#options;
    if (meeting) return this.#meet(batch, holder, meeting);
    const proofs = batch.map(({ topic, inbox, prove }) => ({
      topic,
      inbox,
      signature: Signature.from(prove(holder.challenge.nonce, holder.peerId, openerPeerId)),
    }));
    const answer = await asking.ask({ kind: "open", access: accessToken, resume: new Uint8Array(0), proofs });
    if (answer?.kind === "refused") return this.#openRefused(batch, answer);
    if (answer?.kind !== "opened") return abort(unreachable("the relay did not answer in time"));
    const refused = new Set(answer.refused.map(toHex));
    const opened = batch.filter((each) => !refused.has(toHex(each.topic)) && this.#wants(each));
    await this.#readFrom(opened, holder);
  }

  async #meet(
    batch: readonly TopicSubscription[],
    holder: Holder,
    { verifier, met }: NonNullable<ReadingOptions["meeting"]>,
  ): Promise<void> {
    const { asking, abort } = this.#options;
    const ends = this.#options.ends(holder.challenge);
    const proofs = meetingProofs(verifier.sha256, batch, ends);
    const answer = await asking.ask({ kind: "meet", nonce: ends.clientNonce, proofs });
    if (answer?.kind !== "met") return abort(unreachable("no member answered"));
    const shared = metTopics(verifier, batch, { proofs: answer.proofs, ends });
    await this.#readFrom(met(shared.filter((each) => this.#wants(each))), holder);
  }

  #openRefused(
    batch: readonly TopicSubscription[],
    { reason, retryAfterMs }: Extract<Answer, { readonly kind: "refused" }>,
  ): void {
    if (reason === REFUSAL.token) this.#options.abort(refusedBecause("this relay asks for an access token"));
    if (reason !== REFUSAL.busy && reason !== REFUSAL.unavailable) return; // the same request would be refused again
    const retry = (): void => {
      this.#toOpen.push(...batch);
      this.#openAll();
    };
    setTimeout(retry, Math.max(retryAfterMs, BUSY_RETRY_MS)).unref();
  }

  async #readFrom(batch: readonly TopicSubscription[], { challenge, log: named }: Holder): Promise<void> {
    if (batch.length === 0) return;
    const { asking, watch, abort } = this.#options;
    try {
      const cursors = await Promise.all(
        batch.map(async ({ topic, cursor }) => ({ topic, log: challenge.log, after: await cursor(named) })),
      );
      const isGroups = ({ topic }: { readonly topic: Topic }): boolean =>
        this.#wanted.get(toHex(topic))?.inbox === false;
      await asking.ask({ kind: "subscribe", cursors }, ({ kind }) => {
        if (kind === "done") for (const each of cursors.filter(isGroups)) watch?.began(each.topic, each.after);
      });
    } catch {
      abort(unreachable("the place to resume from could not be read here"));
    }
  }
}

const NO_PROOF = unreachable("a topic could not be opened: its proof could not be made here");
const NOT_STORED = unreachable("what the relay sent could not be stored here");
