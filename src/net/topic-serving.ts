/** What a session reads of the topics that it has opened: the flow, single envelopes, and how the holder's set differs. */
import type { Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import type { RequestFlow } from "./request-flow.ts";
import type { Answering, Request, SessionContext } from "./session-context.ts";
import { answerRange, areApart } from "./set-comparison.ts";
import { CatchUp, type CatchUpReader, type CatchUpStream } from "./topic-catch-up.ts";
import type { ReaderNames } from "./topic-fanout.ts";
import { IDS_PER_UNIT } from "./topic-limits.ts";
import type { TopicOpening } from "./topic-opening.ts";

export interface ServingOptions {
  readonly context: SessionContext;
  readonly stream: CatchUpStream;
  readonly reader: ReaderNames;
  readonly answers: Answering;
  readonly opening: Pick<TopicOpening, "has" | "forget">;
  readonly flow: Pick<RequestFlow, "spend">;
}

/** The reading of one session. */
export class TopicServing {
  readonly #options: ServingOptions;
  readonly #catchUp: CatchUp;
  readonly #readers = new Map<string, CatchUpReader>();

  constructor(options: ServingOptions) {
    this.#options = options;
    this.#catchUp = new CatchUp(options.context, options.stream, options.reader);
  }

  /** The stream takes data again. */
  proceed(): void {
    this.#catchUp.proceed();
  }

  /** Forgets all readers: the stream is over. */
  end(): void {
    for (const reader of this.#readers.values()) this.#drop(reader.topic);
  }

  async subscribe({ id, cursors }: Request<"subscribe">): Promise<void> {
    const { opening, answers, context } = this.#options;
    if (cursors.some(({ topic }) => !opening.has(topic))) return this.#refuseUnopened(id);
    answers.send({ kind: "done", id });
    for (const { topic, log, after } of cursors) {
      this.#drop(topic);
      const reader = this.#catchUp.begin(topic, log, after);
      this.#readers.set(reader.key, reader);
      context.fanout.add(reader);
    }
  }

  async unsubscribe({ id, topics }: Request<"unsubscribe">): Promise<void> {
    for (const topic of topics) {
      this.#drop(topic);
      this.#options.opening.forget(topic);
    }
    this.#options.answers.send({ kind: "done", id });
  }

  async compare({ id, topic, ranges }: Request<"compare">): Promise<void> {
    const { opening, answers, context, flow } = this.#options;
    if (!opening.has(topic)) return this.#refuseUnopened(id);
    const set = areApart(ranges) ? await context.ids.of(topic) : undefined;
    if (!set) return answers.refuse({ id, reason: REFUSAL.limit, detail: "too many ids to compare" });
    flow.spend(Math.ceil(set.ids.length / IDS_PER_UNIT));
    answers.send({
      kind: "compared",
      id,
      head: set.head,
      answers: ranges.map((each) => answerRange(set.ids, each)),
    });
  }

  async get({ id, topic, ids }: Request<"get">): Promise<void> {
    const { opening, answers, context } = this.#options;
    if (!opening.has(topic)) return this.#refuseUnopened(id);
    const { log, reads, limits, onPage } = context;
    const envelopes = await reads(() => log.get(topic, ids, limits.pageBytes));
    answers.send({ kind: "got", id, envelopes });
    onPage(
      envelopes.length,
      envelopes.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
  }

  /** Said in passing: whoever does not read now misses it. Inboxes have no readers but their owner, so nothing is said there. */
  say({ topic, body }: Request<"live">): void {
    const { opening, context } = this.#options;
    if (!opening.has(topic) || context.livePace.take(toHex(topic), 1) > 0) return;
    context.fanout.say(topic, body, this.#readers.get(toHex(topic)));
    context.member?.said(topic, body);
  }

  #drop(topic: Topic): void {
    const reader = this.#readers.get(toHex(topic));
    if (reader === undefined) return;
    this.#readers.delete(toHex(topic));
    this.#catchUp.drop(reader);
    this.#options.context.fanout.remove(reader);
  }

  #refuseUnopened(id: number): void {
    this.#options.answers.refuse({ id, reason: REFUSAL.unknownTopic, detail: "open the topic first" });
  }
}
