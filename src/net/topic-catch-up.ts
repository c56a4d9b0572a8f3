/**
 * What one connection's readers have not been sent yet, read from the log page by page.
 *
 * 1. One page of one topic at a time per connection, topics in turn: a long one does not hold up the others.
 * 2. Nothing is read while the connection's stream does not take data, so a frozen reader costs one page at most.
 * 3. A reader goes live only when a page ended at the log's head and nothing was announced to it while that page was read.
 * 4. Where more than a page of a topic is missing, its newest envelopes go first, before the pages of all topics: people
 *    see what was said last while the rest fills in. They come again in the flow, which alone cursors count.
 */
import { envelopeId } from "../verify/envelope-check.ts";
import type { Verifier } from "../verify/verifier.ts";
import type { LogId, Sequence, Topic } from "../wire/ids.ts";
import { ENVELOPE_MAX_BYTES, FORWARD_JUMP_MAX, KEPT_IDS_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { encodeHolderFrame, type HolderFrame } from "../wire/topic-frames.ts";
import type { FrameStream } from "./frame-stream.ts";
import { pace, type Rate } from "./pace.ts";
import type { ReaderNames, TopicReader } from "./topic-fanout.ts";
import type { TopicLimits } from "./topic-limits.ts";
import type { LogPage, TopicLog } from "./topic-log.ts";
import type { Gate } from "./turn-gate.ts";

/** Newest envelopes that go first: two screens of a conversation. */
const NEWEST_ENVELOPES = 64;

/** Envelopes that one reader is told of because they are kept here: a burst, and what people write in a second. */
const KEPT_RATE: Rate = { perSecond: 8, burst: 64 };

/** What catching up needs of its service. */
export interface CatchUpSource {
  readonly log: TopicLog;
  readonly limits: TopicLimits;
  /** Shared by all connections of the service. */
  readonly reads: Gate;
  readonly verifier: Pick<Verifier, "sha256">;
  /** For metrics: one page has been sent. */
  readonly onPage: (envelopes: number, bytes: number) => void;
}

/** What the readers of one connection share. */
interface Shared {
  readonly names: ReaderNames;
  readonly accepts: (reader: CatchUpReader) => boolean;
  readonly send: TopicReader["send"];
  readonly tellKept: (topic: Topic, envelopes: readonly Uint8Array[]) => void;
  readonly fallBehind: (reader: CatchUpReader) => void;
}

/** One subscription of this connection. A client has hundreds, so what they share they have together. */
export class CatchUpReader implements TopicReader {
  readonly topic: Topic;
  readonly key: string;
  sentUpTo: Sequence;
  /** Something was announced to it while a page was being read. */
  announced = false;
  /** `caughtUp` has been told once. */
  told = false;
  /** It was looked how much is missing. */
  looked = false;
  readonly #shared: Shared;

  constructor(topic: Topic, sentUpTo: Sequence, shared: Shared) {
    this.topic = topic;
    this.key = toHex(topic);
    this.sentUpTo = sentUpTo;
    this.#shared = shared;
  }

  get peer(): string {
    return this.#shared.names.peer;
  }

  get through(): string | undefined {
    return this.#shared.names.through;
  }

  accepts(): boolean {
    return this.#shared.accepts(this);
  }

  send(prefixedFrame: Uint8Array): void {
    this.#shared.send(prefixedFrame);
  }

  tellKept(envelopes: readonly Uint8Array[]): void {
    this.#shared.tellKept(this.topic, envelopes);
  }

  fallBehind(): void {
    this.#shared.fallBehind(this);
  }
}

/** What it needs of its connection's stream. */
export type CatchUpStream = Pick<FrameStream, "isWritable" | "isTight" | "send" | "sendPrefixed" | "abort">;

/** The catching up of one connection. */
export class CatchUp {
  readonly #source: CatchUpSource;
  readonly #stream: CatchUpStream;
  readonly #shared: Shared;
  readonly #keptPace = pace(KEPT_RATE);
  readonly #behind = new Set<CatchUpReader>();
  #running = false;

  /** `names`: who reads. */
  constructor(source: CatchUpSource, stream: CatchUpStream, names: ReaderNames) {
    this.#source = source;
    this.#stream = stream;
    this.#shared = {
      names,
      accepts: (reader) => !this.#behind.has(reader) && stream.isWritable(),
      send: (frame) => stream.sendPrefixed(frame),
      tellKept: (topic, envelopes) => this.#tellKept(topic, envelopes),
      fallBehind: (reader) => {
        reader.announced = true;
        this.#behind.add(reader);
        this.proceed();
      },
    };
  }

  /** Starts reading `topic` behind the client's cursor. A cursor of another log starts at 0. */
  begin(topic: Topic, log: LogId, after: Sequence): CatchUpReader {
    const sameLog = log.every((byte, i) => byte === this.#source.log.logId[i]);
    const reader = new CatchUpReader(topic, sameLog ? after : (0 as Sequence), this.#shared);
    this.#behind.add(reader);
    this.proceed();
    return reader;
  }

  drop(reader: CatchUpReader): void {
    this.#behind.delete(reader);
  }

  /** Goes on, if the stream takes data. */
  proceed(): void {
    if (this.#running) return;
    this.#running = true;
    this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#stream.isWritable()) {
        const [next] = this.#behind;
        if (next === undefined) return;
        await this.#readPage(next);
      }
    } catch {
      this.#stream.abort("the log cannot be read");
    } finally {
      this.#running = false; // in the same turn as the last look at #behind, so that no wake-up is lost
    }
  }

  async #readPage(reader: CatchUpReader): Promise<void> {
    const { log, reads, limits } = this.#source;
    const maxBytes = this.#stream.isTight ? ENVELOPE_MAX_BYTES : limits.pageBytes;
    const pageLimits = { limit: limits.pageEnvelopes, maxBytes };
    reader.announced = false;
    const page = await reads(() => log.read(reader.topic, reader.sentUpTo, pageLimits));
    const newest = reader.looked ? [] : await this.#newestBeyond(reader, page);
    reader.looked = true;
    if (!this.#behind.delete(reader)) return; // dropped meanwhile
    if (newest.length > 0) {
      this.#send({ kind: "newest", topic: reader.topic, envelopes: newest.map(({ envelope }) => envelope) });
      this.#behind.add(reader); // its page is read again when all others have had their turn
      return;
    }
    if (page.head < reader.sentUpTo)
      reader.sentUpTo = 0 as Sequence; // a cursor that this log cannot have given
    else this.#sendPage(reader, page);
    if (reader.sentUpTo < page.head || reader.announced)
      this.#behind.add(reader); // at the end of the queue
    else if (!reader.told) {
      reader.told = true;
      this.#send({ kind: "caughtUp", topic: reader.topic, sequence: page.head });
    }
  }

  /** Those that come first; none where the page brings the reader to the head, or a chain could not jump so far. */
  async #newestBeyond({ topic, sentUpTo }: CatchUpReader, { items, head }: LogPage): Promise<LogPage["items"]> {
    const { log, reads, limits } = this.#source;
    const reached = items.at(-1)?.sequence ?? head;
    if (reached >= head || head - sentUpTo > FORWARD_JUMP_MAX || (await log.isInbox(topic))) return [];
    for (let count = Math.min(NEWEST_ENVELOPES, head - reached); count > 0; ) {
      const pageLimits = { limit: count, maxBytes: limits.pageBytes };
      const page = await reads(() => log.read(topic, (head - count) as Sequence, pageLimits));
      if ((page.items.at(-1)?.sequence ?? 0) >= head) return page.items;
      count = page.items.length >> 1; // too large together for a page
    }
    return [];
  }

  #sendPage(reader: CatchUpReader, { truncatedBefore, items, head }: LogPage): void {
    const { topic } = reader;
    if (truncatedBefore !== undefined && truncatedBefore > reader.sentUpTo + 1) {
      reader.sentUpTo = (truncatedBefore - 1) as Sequence;
      this.#send({ kind: "truncated", topic, before: reader.sentUpTo });
    }
    const last = items.at(-1);
    if (last === undefined) {
      reader.sentUpTo = head; // numbers up to the head exist no more
      return;
    }
    const bytes = this.#send({ kind: "deliver", topic, after: reader.sentUpTo, items });
    reader.sentUpTo = last.sequence;
    this.#source.onPage(items.length, bytes);
  }

  /** Who gives faster than KEPT_RATE hears of the others by reports: each costs it a look into its profile. */
  #tellKept(topic: Topic, envelopes: readonly Uint8Array[]): void {
    const { sha256 } = this.#source.verifier;
    const told = envelopes.slice(-KEPT_IDS_MAX);
    if (this.#keptPace.take(told.length) > 0) return;
    this.#send({ kind: "kept", topic, ids: told.map((envelope) => envelopeId(sha256, envelope)) });
  }

  #send(frame: HolderFrame): number {
    const encoded = encodeHolderFrame(frame);
    this.#stream.send(encoded);
    return encoded.byteLength;
  }
}
