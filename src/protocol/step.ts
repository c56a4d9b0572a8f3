/**
 * How a state machine of this folder talks to the shell: it asks for records, and answers changes and effects.
 *
 * 1. A step is synchronous and total; time and entropy arrive in its input.
 * 2. A step that lacks a record yields what it needs; the shell loads that and goes on. Nothing else may
 *    touch the profile in between.
 * 3. Changes are committed before any effect is performed.
 *
 * @see ARCHITECTURE.md § Step, commit, perform
 */
import type { Primitives } from "../crypto/primitives.ts";
import { u64be } from "../verify/transcript.ts";
import { u32 } from "../wire/codec.ts";
import { type Codec, decode, encode } from "../wire/encoding.ts";
import { Fault } from "../wire/fault.ts";

/** What a step lacks: records by key, all records under a prefix (at most `limit`, in key order), or the depth of a line. */
export type Need =
  | { readonly kind: "keys"; readonly keys: readonly string[] }
  /** `isCount`: only how many they are is asked, so their values may be left out (empty). */
  | { readonly kind: "scan"; readonly prefix: string; readonly limit: number; readonly isCount?: boolean }
  /** Of a saved line, withdrawn or not: found under its id, as {@link encodeDepth} makes it. */
  | { readonly kind: "line-depth"; readonly group: string; readonly id: string };

/** A step in progress: yields needs, is resumed with the records found, and returns `T`. */
export type Step<T> = Generator<Need, T, ReadonlyMap<string, Uint8Array>>;

/** A saved record: where it lives and what its bytes mean. */
export interface RecordType<T> {
  readonly prefix: string;
  readonly codec: Codec<T>;
}

/** One line of a conversation as stored and shown. */
export interface Line {
  /** Group id, lower-case hex. */
  readonly group: string;
  /** Message id (or entry hash for a system line), lower-case hex. */
  readonly id: string;
  /** Causal depth: 1 + the greatest depth of the cited messages. Lines are ordered by (depth, sentAtMs, id). */
  readonly depth: number;
  readonly sentAtMs: number;
  /** Author's account, lower-case hex. */
  readonly account: string;
  /** Author's device, lower-case hex. */
  readonly device: string;
  readonly name: string;
  readonly kind: "text" | "system" | "file";
  readonly text: string;
  /** For our own messages; received ones are `received`. `unsent`: given up, since nobody took it while it could be read. */
  readonly state: "queued" | "on-relay" | "delivered" | "unsent" | "received";
  /** Of a delivered one of ours. */
  readonly delivery?: Delivered | undefined;
}

/** On how many of the devices of others that were in the epoch a message is known to be. */
export interface Delivered {
  readonly devices: number;
  readonly of: number;
}

/** A line's new state; without `delivery` the count stays as it was. */
export interface LineChange {
  readonly group: string;
  readonly id: string;
  readonly state: LineState;
  readonly delivery?: Delivered;
}

/** What becomes of a line: a withdrawn one is kept, and nowhere shown or counted until its state is another one. */
export type LineState = Line["state"] | "withdrawn";

/** One step's surroundings and everything it wants changed. Shared by the steps of one commit. */
export interface Draft<E> {
  readonly p: Primitives;
  readonly nowMs: number;
  /** `length` bytes nobody else has; derived from the input's entropy, so a step can be replayed. */
  readonly random: (length: number) => Uint8Array;
  readonly loaded: Map<string, Uint8Array | null>;
  readonly written: Map<string, Uint8Array | null>;
  readonly lines: Line[];
  readonly removedLines: { group: string; id: string }[];
  readonly lineStates: LineChange[];
  readonly effects: E[];
}

/** A draft in which nothing is changed yet. `loaded`: records that are known already. */
export function newDraft<E>(
  around: Pick<Draft<E>, "p" | "nowMs" | "random"> & Partial<Pick<Draft<E>, "loaded">>,
): Draft<E> {
  return { loaded: new Map(), ...around, written: new Map(), lines: [], removedLines: [], lineStates: [], effects: [] };
}

/** As much of a draft as reading takes. */
export type Reading = Pick<Draft<never>, "loaded" | "written">;

/** Bytes of entropy that an input must bring. */
export const ENTROPY_BYTES = 32;

/** A stream of bytes from 32 bytes of entropy: HMAC-SHA-256 in counter mode. */
export function entropyStream(p: Primitives, entropy: Uint8Array): (length: number) => Uint8Array {
  if (entropy.length !== ENTROPY_BYTES) throw new Fault("internal/invariant", "entropy must have 32 bytes");
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const block = p.hmac(entropy, u64be(counter++));
      out.set(block.subarray(0, Math.min(32, length - at)), at);
    }
    return out;
  };
}

const key = (type: { readonly prefix: string }, id: string): string => type.prefix + id;

/** The saved record, or `undefined`. A record that does not decode is a `storage/corrupt` fault. */
export function* read<T>(draft: Reading, type: RecordType<T>, id = ""): Step<T | undefined> {
  const name = key(type, id);
  let bytes = draft.written.get(name);
  if (bytes === undefined) bytes = draft.loaded.get(name);
  if (bytes === undefined) {
    const found = yield { kind: "keys", keys: [name] };
    bytes = found.get(name) ?? null;
    draft.loaded.set(name, bytes);
  }
  return bytes === null ? undefined : decodeRecord(type, bytes);
}

/** Loads records (by prefix and id) that are read next, all at once. */
export function* loadAll(draft: Reading, keys: readonly string[]): Step<void> {
  const absent = keys.filter((name) => !draft.written.has(name) && !draft.loaded.has(name));
  if (absent.length === 0) return;
  const found = yield { kind: "keys", keys: absent };
  for (const name of absent) draft.loaded.set(name, found.get(name) ?? null);
}

/** The saved record, which must exist. */
export function* readExisting<T>(draft: Reading, type: RecordType<T>, id = ""): Step<T> {
  const value = yield* read(draft, type, id);
  if (value === undefined) throw new Fault("storage/corrupt", `the profile lacks its record ${type.prefix}`);
  return value;
}

/** Records of one type that a scan finds where nothing less is asked for: more than any profile has, and a bound all the same. */
export const SCAN_MAX = 100_000;

/** All records of the type whose id begins with `idPrefix`, at most `limit`, in key order, with their ids. */
export function* scan<T>(
  draft: Reading,
  type: RecordType<T>,
  idPrefix = "",
  limit = SCAN_MAX,
): Step<readonly (readonly [string, T])[]> {
  const prefix = key(type, idPrefix);
  const found = new Map<string, Uint8Array | null>(yield { kind: "scan", prefix, limit });
  for (const [name, bytes] of draft.written) if (name.startsWith(prefix)) found.set(name, bytes);
  const out: (readonly [string, T])[] = [];
  for (const name of [...found.keys()].sort()) {
    const bytes = found.get(name);
    if (bytes) out.push([name.slice(type.prefix.length), decodeRecord(type, bytes)]);
  }
  return out.slice(0, limit);
}

/** How many records of the type have an id that begins with `idPrefix`, `limit` at most: a scan without opening their values. */
export function* count<T>(draft: Reading, type: RecordType<T>, idPrefix: string, limit: number): Step<number> {
  const prefix = key(type, idPrefix);
  const found = new Set((yield { kind: "scan", prefix, limit, isCount: true }).keys());
  for (const [name, bytes] of draft.written) {
    if (!name.startsWith(prefix)) continue;
    if (bytes) found.add(name);
    else found.delete(name);
  }
  return Math.min(found.size, limit);
}

/** Depth of a line that is here, in this draft or before it; `group` and `id` in hex. */
export function* lineDepth<E>({ lines }: Draft<E>, group: string, id: string): Step<number | undefined> {
  const ours = lines.find((line) => line.id === id && line.group === group);
  if (ours) return ours.depth;
  const depth = (yield { kind: "line-depth", group, id }).get(id);
  return depth && decode(u32, depth);
}

/** What answers a need of kind `line-depth`. */
export const encodeDepth = (depth: number): Uint8Array => encode(u32, depth);

/** Saves `value`; `null` erases. */
export function write<T, E>(draft: Draft<E>, type: RecordType<T>, id: string, value: T | null): void {
  draft.written.set(key(type, id), value === null ? null : encode(type.codec, value));
}

function decodeRecord<T>(type: RecordType<T>, bytes: Uint8Array): T {
  const value = decode(type.codec, bytes);
  if (value !== undefined) return value;
  throw new Fault(
    "storage/corrupt",
    `a saved record (${type.prefix}) cannot be read; the profile was damaged or written by another version: restore it from the recovery words`,
  );
}
