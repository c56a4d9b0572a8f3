/**
 * Which envelopes of a topic one end has and the other lacks, found by comparing fingerprints of ranges of ids: what it
 * costs follows the differences, not the sizes.
 *
 * 1. A range is all ids that begin with a prefix of hexadecimal digits: ids are hashes, so ranges are about equal.
 * 2. A fingerprint is a hash over the sorted ids: nobody can make two different sets look equal.
 * 3. The end that asks drives and remembers; the other answers each question from its set alone.
 * @see PROTOCOL.md § Comparing
 */
import { createHash } from "node:crypto";
import { EnvelopeId } from "../wire/ids.ts";
import { COMPARE_IDS_MAX, COMPARE_LEAF_IDS, COMPARE_RANGES_MAX } from "../wire/limits.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import { FINGERPRINT_BYTES, type RangeAnswer, type RangeQuestion } from "../wire/topic-frames.ts";

const DIGITS = "0123456789abcdef";
/** Questions of one comparison: as many as it takes to list COMPARE_IDS_MAX ids, twice. What is over is found next time. */
const QUESTIONS_MAX = (2 * COMPARE_IDS_MAX) / COMPARE_LEAF_IDS;

/** Ids as lower-case hex, sorted, each once. */
export type IdSet = readonly string[];

/** Bytes from the ids' hex. */
export const idOf = (hex: string): EnvelopeId => EnvelopeId.from(fromHex(hex) ?? new Uint8Array());

/** What two sets are in a range; `undefined` from a holder that did not answer. */
export type Ask = (questions: readonly RangeQuestion[]) => Promise<readonly RangeAnswer[] | undefined>;

/** Ids (hex) that only one end has. */
export interface SetDifference {
  /** The other end has them. */
  readonly lacking: readonly string[];
  /** Only we have them. */
  readonly extra: readonly string[];
}

/** Compares `mine` with the set of whoever answers `ask`; undefined when an answer is missing or not one. */
export async function compareSets(mine: IdSet, ask: Ask): Promise<SetDifference | undefined> {
  const lacking: string[] = [];
  const extra: string[] = [];
  const open = [""];
  let asked = 0;
  while (open.length > 0 && asked < QUESTIONS_MAX) {
    const batch = open.splice(-COMPARE_RANGES_MAX); // the deepest first, so that little is remembered
    asked += batch.length;
    const answers = await ask(batch.map((prefix) => ({ prefix, fingerprint: fingerprint(mine, prefix) })));
    if (answers?.length !== batch.length) return undefined;
    for (const [i, prefix] of batch.entries()) {
      const answer = answers[i];
      if (answer?.kind === "ids") settle(mine, prefix, { theirs: answer.ids.map(toHex), lacking, extra });
      else if (answer?.kind === "split") open.push(...differing(mine, prefix, { answer, extra }));
    }
  }
  return { lacking, extra };
}

/** True when no range contains another, so that a frame of questions costs no more than the set twice. */
export function areApart(questions: readonly RangeQuestion[]): boolean {
  const prefixes = questions.map(({ prefix }) => prefix).sort();
  return prefixes.every((prefix, i) => i === 0 || !prefix.startsWith(prefixes[i - 1] ?? ""));
}

/** Answers one question from `set`. */
export function answerRange(set: IdSet, { prefix, fingerprint: theirs }: RangeQuestion): RangeAnswer {
  if (equal(theirs, fingerprint(set, prefix))) return { kind: "same" };
  const [from, to] = range(set, prefix);
  if (to - from <= COMPARE_LEAF_IDS) return { kind: "ids", ids: set.slice(from, to).map(idOf) };
  const children = new Uint8Array(DIGITS.length * FINGERPRINT_BYTES);
  for (const [i, digit] of [...DIGITS].entries()) {
    children.set(fingerprint(set, prefix + digit), i * FINGERPRINT_BYTES);
  }
  return { kind: "split", children };
}

/** Of whole sets: each is asked about by everybody who reads the topic. */
const WHOLE = new WeakMap<IdSet, Uint8Array>();

/** First 16 bytes of SHA-256 over the ids of a range, in order. */
export function fingerprint(set: IdSet, prefix: string): Uint8Array {
  if (prefix !== "") return hash(set, ...range(set, prefix));
  const whole = WHOLE.get(set) ?? hash(set, 0, set.length);
  WHOLE.set(set, whole);
  return whole;
}

interface Found {
  readonly lacking: string[];
  readonly extra: string[];
}

function settle(
  mine: IdSet,
  prefix: string,
  { theirs, lacking, extra }: Found & { readonly theirs: readonly string[] },
) {
  const [from, to] = range(mine, prefix);
  const ours = new Set(mine.slice(from, to));
  const others = new Set(theirs);
  for (const id of others) if (id.startsWith(prefix) && !ours.has(id)) lacking.push(id);
  for (const id of ours) if (!others.has(id)) extra.push(id);
}

interface Split {
  readonly answer: RangeAnswer & { readonly kind: "split" };
  readonly extra: string[];
}

/** Parts of a range that have to be asked about; what of it only we have is told at once. */
function differing(mine: IdSet, prefix: string, { answer, extra }: Split): string[] {
  if (prefix.length >= 2 * EnvelopeIdBytes) return []; // no id is longer: the answer is none
  return [...DIGITS].flatMap((digit, i) => {
    const [from, to] = range(mine, prefix + digit);
    const theirs = answer.children.subarray(i * FINGERPRINT_BYTES, (i + 1) * FINGERPRINT_BYTES);
    if (equal(theirs, hash(mine, from, to))) return [];
    if (!equal(theirs, EMPTY)) return [prefix + digit];
    for (const id of mine.slice(from, to)) extra.push(id);
    return [];
  });
}

const EnvelopeIdBytes = 32;

/** Places of the first id of the range and of the first behind it. */
function range(set: IdSet, prefix: string): [number, number] {
  return [placeOf(set, prefix), placeOf(set, `${prefix}g`)]; // "g" sorts behind every digit
}

function placeOf(set: IdSet, text: string): number {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((set[middle] ?? "") < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

function hash(set: IdSet, from: number, to: number): Uint8Array {
  return to > from ? hashOf(set.slice(from, to).join("")) : EMPTY;
}

function hashOf(hex: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(hex, "hex").digest().subarray(0, FINGERPRINT_BYTES));
}

const EMPTY = hashOf("");

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
