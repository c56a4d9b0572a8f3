/**
 * What a relay says about its own log must fit together: what it acknowledged comes in its flow, under the number that it
 * said, and numbers only grow. A relay that leaves something out, changes it or goes back shows itself here.
 *
 * 1. Only what the relay itself said on this connection is compared, so a member can make no relay look bad.
 * 2. What is gone for age, and what is beyond what is remembered, is held against nobody.
 * 3. Memory is bounded by REMEMBERED numbers.
 *
 * @see PROTOCOL.md § Relays that do not tell the truth
 */
import type { RelayFault } from "../client/ports/network.ts";
import type { Sequence, Topic } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";

/** Numbers of one topic of which it is remembered what came, or is to come, under them. */
const REMEMBERED = 1_024;
/** Faults told of one connection: more would say no more. */
const FAULTS_MAX = 8;

type Id = string;

interface Flow {
  readonly topic: Topic;
  /** The number after which reading began, or up to which all is gone for age. */
  from: number;
  last: number;
  /** What came, by number. */
  readonly came: Map<number, Id>;
  /** What was acknowledged and has not come, by number. */
  readonly awaited: Map<number, { readonly id: Id; readonly envelope: Uint8Array }>;
}

/** One envelope as the relay numbers it. */
interface Numbered {
  readonly sequence: Sequence;
  readonly envelope: Uint8Array;
}

/** Watches one connection. */
export class FlowWatch {
  readonly #idOf: (envelope: Uint8Array) => Id;
  readonly #told: (fault: RelayFault) => void;
  readonly #flows = new Map<string, Flow>();
  #faults = 0;

  /** `idOf`: hex of an encoded envelope's id. */
  constructor(idOf: (envelope: Uint8Array) => Id, told: (fault: RelayFault) => void) {
    this.#idOf = idOf;
    this.#told = told;
  }

  /** A group's topic is read from there on. */
  began(topic: Topic, after: Sequence): void {
    this.#flows.set(toHex(topic), { topic, from: after, last: after, came: new Map(), awaited: new Map() });
  }

  ended(topic: Topic): void {
    this.#flows.delete(toHex(topic));
  }

  /** The relay has acknowledged this envelope of a topic that may be read here, under that number. */
  acknowledged(topic: Topic, { sequence, envelope }: Numbered): void {
    const flow = this.#flows.get(toHex(topic));
    if (!flow || sequence <= flow.from) return;
    const id = this.#idOf(envelope);
    const came = flow.came.get(sequence);
    if (came === id) return;
    if (came !== undefined) this.#tell(flow, { kind: "renumbered", sequence, envelopes: [envelope] });
    else if (sequence > flow.last) remember(flow.awaited, sequence, { id, envelope });
    else if (isRemembered(flow, sequence)) this.#tell(flow, { kind: "skipped", sequence, envelopes: [envelope] });
  }

  /** These came, in this order. */
  delivered(topic: Topic, items: readonly Numbered[]): void {
    for (const item of items) {
      const flow = this.#flows.get(toHex(topic));
      if (flow) this.#take(flow, item);
    }
  }

  /** What stood up to this number is gone there. */
  truncated(topic: Topic, before: Sequence): void {
    const flow = this.#flows.get(toHex(topic));
    if (!flow) return;
    for (const sequence of flow.awaited.keys()) if (sequence <= before) flow.awaited.delete(sequence);
    flow.from = Math.max(flow.from, before);
    flow.last = Math.max(flow.last, before);
  }

  /** Everything up to this number has come. */
  caughtUp(topic: Topic, head: Sequence): void {
    const flow = this.#flows.get(toHex(topic));
    if (!flow) return;
    if (head < flow.from) this.#goneBack(flow, head, []);
    else this.#passed(flow, head + 1);
  }

  #take(flow: Flow, { sequence, envelope }: Numbered): void {
    if (sequence <= flow.last) {
      this.#goneBack(flow, sequence, [envelope]);
      return;
    }
    const id = this.#idOf(envelope);
    const expected = flow.awaited.get(sequence);
    flow.awaited.delete(sequence);
    if (expected && expected.id !== id)
      this.#tell(flow, { kind: "renumbered", sequence, envelopes: [expected.envelope, envelope] });
    this.#passed(flow, sequence);
    remember(flow.came, sequence, id);
    flow.last = sequence;
  }

  /** Whatever is awaited below that number did not come. */
  #passed(flow: Flow, next: number): void {
    for (const [sequence, { envelope }] of [...flow.awaited]) {
      if (sequence >= next) continue;
      flow.awaited.delete(sequence);
      this.#tell(flow, { kind: "skipped", sequence, envelopes: [envelope] });
    }
    flow.last = Math.max(flow.last, next - 1);
  }

  #goneBack(flow: Flow, sequence: number, envelopes: readonly Uint8Array[]): void {
    this.#tell(flow, { kind: "went-back", sequence, envelopes });
    this.#flows.delete(toHex(flow.topic)); // all that follows repeats the same
  }

  #tell({ topic }: Flow, fault: Omit<RelayFault, "topic" | "sequence"> & { readonly sequence: number }): void {
    if (++this.#faults > FAULTS_MAX) return;
    this.#told({ ...fault, topic, sequence: fault.sequence as Sequence });
  }
}

function remember<T>(numbers: Map<number, T>, sequence: number, value: T): void {
  numbers.set(sequence, value);
  const [oldest] = numbers.keys();
  if (numbers.size > REMEMBERED && oldest !== undefined) numbers.delete(oldest);
}

/** Whether all that came around that number is remembered. */
function isRemembered({ came }: Flow, sequence: number): boolean {
  const [oldest] = came.keys();
  return came.size < REMEMBERED || (oldest !== undefined && oldest <= sequence);
}
