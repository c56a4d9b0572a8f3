/**
 * From one stored envelope to all who read its topic now.
 *
 * 1. What was stored within one tick goes out as one frame per topic, encoded once for all readers.
 * 2. A reader gets that frame only if it stands exactly before it; any other reader is told to read from the log.
 *    So notifications may be late, reordered or lost: what a reader receives is complete and in order all the same.
 * 3. What is said in passing goes to those who take data at that moment, once.
 * 4. Nothing is kept between ticks but who reads what.
 * 5. A reader is not sent what it gave itself: it is told that this is kept here. Nor what the relay gave through which
 *    it is reached, since it reads there as well.
 */
import type { Sequence, Topic } from "../wire/ids.ts";
import { FRAME_ENVELOPES_MAX } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { encodeHolderFrame } from "../wire/topic-frames.ts";
import { withLength } from "./frame-stream.ts";

/** Bytes of envelopes in one deliver frame: half of what a frame may hold. */
const FRAME_BUDGET_BYTES = 524_288;

/** One numbered envelope. */
export interface StoredEnvelope {
  readonly sequence: Sequence;
  readonly envelope: Uint8Array;
  /** Readers, by their `peer`, and relays from whom it came. */
  readonly givers?: ReadonlySet<string> | undefined;
}

/** A reader, as those who give are named (givers.ts). */
export interface ReaderNames {
  /** Who it is. */
  readonly peer: string;
  /** The relay through which it is reached; left out: directly. */
  readonly through?: string | undefined;
}

/** One subscription as the fan-out sees it. */
export interface TopicReader extends ReaderNames {
  readonly topic: Topic;
  /** The topic as hex. */
  readonly key: string;
  /** The last number written to this reader. The fan-out and the reader's own catching up move it. */
  sentUpTo: Sequence;
  /** True when the reader follows live and its stream takes data. */
  readonly accepts: () => boolean;
  readonly send: (prefixedFrame: Uint8Array) => void;
  /** Tells it that these, which it has given, are kept here. */
  readonly tellKept: (envelopes: readonly Uint8Array[]) => void;
  /** There is something after `sentUpTo` that it did not get: it reads from the log when it can. */
  readonly fallBehind: () => void;
}

/** What one tick sent, for metrics. */
export interface FanoutTick {
  readonly envelopes: number;
  readonly deliveries: number;
  readonly bytes: number;
}

export interface TopicFanout {
  readonly add: (reader: TopicReader) => void;
  readonly remove: (reader: TopicReader) => void;
  /** Tells that an envelope has become durable. */
  readonly stored: (topic: Topic, item: StoredEnvelope) => void;
  /** Says it to all who read the topic and take data now, but to `except`; nobody gets it later. */
  readonly say: (topic: Topic, body: Uint8Array, except?: TopicReader) => void;
  /** Topics that somebody reads now. */
  readonly topics: () => number;
  /** Who reads this topic (hex) now. */
  readonly readers: (topic: string) => number;
}

interface LiveTopic {
  readonly readers: Set<TopicReader>;
  news: StoredEnvelope[];
}

/** An empty fan-out. `onTick` is called after each tick that had anything to send. */
export function topicFanout(onTick: (tick: FanoutTick) => void): TopicFanout {
  const topics = new Map<string, LiveTopic>();
  const fresh = new Set<LiveTopic>();
  let scheduled = false;

  function tick(): void {
    scheduled = false;
    let [envelopes, deliveries, bytes] = [0, 0, 0];
    for (const topic of fresh) {
      for (const run of contiguousRuns(topic.news)) {
        const sent = sendRun(topic.readers, run);
        envelopes += run.length;
        deliveries += sent.deliveries;
        bytes += sent.bytes;
      }
      topic.news = [];
    }
    fresh.clear();
    onTick({ envelopes, deliveries, bytes });
  }

  return {
    add: (reader) => {
      const { key } = reader;
      const topic = topics.get(key) ?? { readers: new Set(), news: [] };
      topic.readers.add(reader);
      topics.set(key, topic);
    },
    remove: (reader) => {
      const { key } = reader;
      const topic = topics.get(key);
      topic?.readers.delete(reader);
      if (topic?.readers.size === 0) topics.delete(key);
    },
    stored: (name, item) => {
      const topic = topics.get(toHex(name));
      if (topic === undefined) return;
      topic.news.push(item);
      fresh.add(topic);
      if (scheduled) return;
      scheduled = true;
      setImmediate(tick);
    },
    say: (name, body, except) => {
      let frame: Uint8Array | undefined;
      for (const reader of topics.get(toHex(name))?.readers ?? []) {
        if (reader === except || !reader.accepts()) continue;
        frame ??= withLength(encodeHolderFrame({ kind: "live", topic: name, body }));
        reader.send(frame);
      }
    },
    topics: () => topics.size,
    readers: (topic) => topics.get(topic)?.readers.size ?? 0,
  };
}

function sendRun(readers: Set<TopicReader>, run: readonly StoredEnvelope[]): { deliveries: number; bytes: number } {
  const [first, last] = [run[0], run.at(-1)];
  if (first === undefined || last === undefined) return { deliveries: 0, bytes: 0 };
  const after = (first.sequence - 1) as Sequence;
  let frame: Uint8Array | undefined;
  let deliveries = 0;
  for (const reader of readers) {
    if (reader.sentUpTo >= last.sequence) continue;
    if (reader.sentUpTo !== after || !reader.accepts()) {
      reader.fallBehind();
      continue;
    }
    if (run.some((item) => isElsewhere(reader, item))) {
      deliveries += sendNews(reader, after, run);
    } else {
      frame ??= deliverFrame(reader.topic, after, run);
      reader.send(frame);
      deliveries += run.length;
    }
    reader.sentUpTo = last.sequence;
  }
  return { deliveries, bytes: frame === undefined ? 0 : (frame.byteLength * deliveries) / run.length };
}

/** Whether the reader has, or gets without us, what these have given. */
function isElsewhere({ peer, through }: ReaderNames, { givers }: StoredEnvelope): boolean {
  return givers !== undefined && (givers.has(peer) || (through !== undefined && givers.has(through)));
}

/** Sends what the reader does not get elsewhere; answers how many that is. */
function sendNews(reader: TopicReader, after: Sequence, run: readonly StoredEnvelope[]): number {
  const news = run.filter((item) => !isElsewhere(reader, item));
  const given = run.filter(({ givers }) => givers?.has(reader.peer));
  if (given.length > 0) reader.tellKept(given.map(({ envelope }) => envelope));
  if (news.length > 0) reader.send(deliverFrame(reader.topic, after, news));
  return news.length;
}

const deliverFrame = (topic: Topic, after: Sequence, items: readonly StoredEnvelope[]): Uint8Array =>
  withLength(encodeHolderFrame({ kind: "deliver", topic, after, items }));

/** In order, without repetitions, cut where numbers are missing and where a frame is full. */
function contiguousRuns(news: readonly StoredEnvelope[]): StoredEnvelope[][] {
  const runs: StoredEnvelope[][] = [];
  let run: StoredEnvelope[] = [];
  let bytes = 0;
  for (const item of [...news].sort((a, b) => a.sequence - b.sequence)) {
    const previous = run.at(-1)?.sequence;
    if (previous === item.sequence) continue;
    const full = run.length === FRAME_ENVELOPES_MAX || bytes + item.envelope.byteLength > FRAME_BUDGET_BYTES;
    if (previous === undefined || previous + 1 !== item.sequence || full) {
      run = [];
      runs.push(run);
      bytes = 0;
    }
    run.push(item);
    bytes += item.envelope.byteLength;
  }
  return runs;
}
