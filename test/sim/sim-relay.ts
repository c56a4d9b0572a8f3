/** A relay in memory: what it may check it checks, and it keeps everything it ever stored for the invariants. */

import { checkEnvelope, envelopeId } from "../../src/verify/envelope-check.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import type { Verifier } from "../../src/verify/verifier.ts";
import { decodeEnvelope, ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { LogId, type Sequence, type Topic } from "../../src/wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type AppendResult, REFUSAL } from "../../src/wire/topic-frames.ts";

export interface StoredEnvelope {
  readonly sequence: Sequence;
  readonly envelope: Uint8Array;
}

export type Overhearing = (topic: string, body: Uint8Array) => void;

export interface SimRelay {
  readonly address: string;
  readonly logId: LogId;
  readonly append: (envelope: Uint8Array) => AppendResult;
  /** Stored envelopes of a topic with a greater number than `after`, in order. */
  readonly read: (topic: Topic, after: number) => readonly StoredEnvelope[];
  /** Whether there is any. */
  readonly hasAfter: (topic: Topic, after: number) => boolean;
  /** Changes nothing for a topic in use as something else. */
  readonly registerInbox: (topic: Topic) => void;
  readonly publish: (record: DirectoryRecord) => { readonly left: number } | "refused";
  readonly take: (directoryKey: Uint8Array) => readonly TakenPrekeys[];
  readonly count: (slot: Uint8Array) => number | undefined;
  /** Everything in all topics. */
  readonly everything: () => readonly Uint8Array[];
  /** Called after each append that stored something new. */
  readonly onStored: (listener: (topic: string) => void) => void;
  /** Called with what is said in passing (topic in hex). */
  readonly onSaid: (listener: Overhearing) => void;
  readonly say: Overhearing;
}

/** Topics (hex) of those that readers ask with, over and over. */
const names = new WeakMap<Topic, string>();

function nameOf(topic: Topic): string {
  const name = names.get(topic) ?? toHex(topic);
  names.set(topic, name);
  return name;
}

const NOTHING: readonly StoredEnvelope[] = [];

const refused = (reason: (typeof REFUSAL)[keyof typeof REFUSAL]): AppendResult => ({ kind: "refused", reason });

export function simRelay(number: number, verifier: Verifier = nobleVerifier): SimRelay {
  const topics = new Map<string, StoredEnvelope[]>();
  const ids = new Map<string, Sequence>();
  const inboxes = new Set<string>();
  const slots = new Map<string, DirectoryRecord>();
  const listeners: ((topic: string) => void)[] = [];
  const overhearing: Overhearing[] = [];
  const append = (encoded: Uint8Array): AppendResult => {
    const envelope = decodeEnvelope(encoded);
    if (!envelope) return refused(REFUSAL.malformed);
    if (checkEnvelope(verifier, envelope) !== "valid") return refused(REFUSAL.forged);
    const topic = toHex(envelope.topic);
    if (envelope.kind === ENVELOPE_KIND.deposit && !inboxes.has(topic)) return refused(REFUSAL.unknownTopic);
    const id = toHex(envelopeId(verifier.sha256, encoded));
    const known = ids.get(id);
    if (known !== undefined) return { kind: "stored", sequence: known, duplicate: true };
    if (envelope.kind !== ENVELOPE_KIND.deposit && inboxes.has(topic)) return refused(REFUSAL.malformed);
    const items = topics.get(topic) ?? [];
    const sequence = (items.length + 1) as Sequence;
    items.push({ sequence, envelope: encoded.slice() });
    topics.set(topic, items);
    ids.set(id, sequence);
    for (const listener of listeners) listener(topic);
    return { kind: "stored", sequence, duplicate: false };
  };
  return {
    address: `/ip4/192.0.2.${number}/tcp/33001/p2p/relay-${number}`,
    logId: LogId.from(new Uint8Array(16).fill(number)),
    append,
    read: (topic, after) => {
      const items = topics.get(nameOf(topic));
      return items === undefined || items.length <= after ? NOTHING : items.slice(after);
    },
    hasAfter: (topic, after) => (topics.get(nameOf(topic))?.length ?? 0) > after,
    registerInbox: (topic) => {
      if (!topics.has(toHex(topic))) inboxes.add(toHex(topic));
    },
    publish: (record) => {
      const key = toHex(record.slot);
      const known = slots.get(key);
      if (known && known.publishedAt >= record.publishedAt) return "refused";
      const had = new Set(known?.oneTime.map(({ id }) => id));
      const oneTime = [...(known?.oneTime ?? []), ...record.oneTime.filter(({ id }) => !had.has(id))];
      slots.set(key, { ...record, oneTime });
      return { left: oneTime.length };
    },
    take: (directoryKey) =>
      [...slots.values()]
        .filter((record) => toHex(record.directoryKey) === toHex(directoryKey))
        .map((record) => {
          const [oneTime, ...rest] = record.oneTime;
          slots.set(toHex(record.slot), { ...record, oneTime: rest });
          return { slot: record.slot, bundle: record.bundle, oneTime };
        }),
    count: (slot) => slots.get(toHex(slot))?.oneTime.length,
    everything: () => [...topics.values()].flat().map(({ envelope }) => envelope),
    onStored: (listener) => listeners.push(listener),
    onSaid: (listener) => overhearing.push(listener),
    say: (topic, body) => {
      for (const listener of overhearing) listener(topic, body);
    },
  };
}
