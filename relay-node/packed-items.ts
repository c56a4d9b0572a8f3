/**
 * A batch on its way to the store's worker and back as one buffer that changes hands: cloning hundreds of small
 * arrays costs more than storing them.
 *
 * ```
 * item    kind 1, envelope length 4 (big-endian), topic 32, id 32, envelope
 * result  float64: sequence if newly stored, -sequence if a duplicate, else 0.1 to 0.4 for an error
 * ```
 */
import type { LogAppendResult, LogItem } from "../src/net/topic-log.ts";
import type { EnvelopeId, Sequence, Topic } from "../src/wire/ids.ts";

const HASH_BYTES = 32;
/** Bytes before the envelope. */
const ITEM_HEADER_BYTES = 1 + 4 + 2 * HASH_BYTES;
/** Numbers that no sequence can be. */
const ERROR_NUMBERS = { quota: 0.1, busy: 0.2, unavailable: 0.3, "too-large": 0.4, "wrong-kind": 0.5 } as const;

/** The items one after another, in a buffer of their own. */
export function packItems(items: readonly LogItem[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(items.reduce((sum, { envelope }) => sum + ITEM_HEADER_BYTES + envelope.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { topic, id, kind, envelope } of items) {
    view.setUint8(at, kind);
    view.setUint32(at + 1, envelope.length);
    packed.set(topic, at + 5);
    packed.set(id, at + 5 + HASH_BYTES);
    packed.set(envelope, at + ITEM_HEADER_BYTES);
    at += ITEM_HEADER_BYTES + envelope.length;
  }
  return packed;
}

/** The items of {@link packItems}; their arrays are views of `packed`. */
export function unpackItems(packed: Uint8Array): readonly LogItem[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const items: LogItem[] = [];
  for (let at = 0; at < packed.length; ) {
    const end = at + ITEM_HEADER_BYTES + view.getUint32(at + 1);
    items.push({
      kind: view.getUint8(at),
      topic: packed.subarray(at + 5, at + 5 + HASH_BYTES) as Topic,
      id: packed.subarray(at + 5 + HASH_BYTES, at + ITEM_HEADER_BYTES) as EnvelopeId,
      envelope: packed.subarray(at + ITEM_HEADER_BYTES, end),
    });
    at = end;
  }
  return items;
}

/** One number for each result. */
export function packResults(results: readonly LogAppendResult[]): Float64Array<ArrayBuffer> {
  return Float64Array.from(results, (result) => {
    if (result.kind === "error") return ERROR_NUMBERS[result.error];
    return result.duplicate ? -result.sequence : result.sequence;
  });
}

/** The results of {@link packResults}. */
export function unpackResults(packed: Float64Array): readonly LogAppendResult[] {
  return Array.from(packed, (number) => {
    const error = ERRORS.find((each) => ERROR_NUMBERS[each] === number);
    if (error !== undefined) return { kind: "error", error };
    return { kind: "stored", sequence: Math.abs(number) as Sequence, duplicate: number < 0 };
  });
}

const ERRORS = ["quota", "busy", "unavailable", "too-large", "wrong-kind"] as const;
