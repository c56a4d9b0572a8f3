/**
 * One device's sender key in one epoch: a hash chain whose every step gives one message key. Our own chain only
 * walks forward; a peer's also answers for messages that come late.
 *
 * 1. A message key is given out once: what is handed out is no longer in the state handed back.
 * 2. Nothing here mutates a chain; a receiver commits `next` only after the message has opened.
 * 3. A peer's chain keeps at most SKIPPED_KEYS_MAX keys and OPEN_RANGES_MAX ranges, and walks at most
 *    FORWARD_JUMP_MAX steps for one message.
 * 4. Skipped keys and open ranges lie below `next`, sorted, and never overlap.
 *
 * An open range is a gap too long for single keys: it is kept as the chain key of its first iteration. Until it is
 * filled or expires, that key also gives the chain's later keys: forward secrecy that SECURITY.md names. One that is
 * given up stays as a place without a key (32 zero bytes), so that what comes for it is not taken for a second message.
 *
 * @see PROTOCOL.md § Sender chains
 */
import { label } from "../verify/labels.ts";
import { u32be } from "../verify/transcript.ts";
import { branded } from "../wire/brand.ts";
import { constant, list, optional, struct } from "../wire/codec.ts";
import type { Infer } from "../wire/encoding.ts";
import { type DeviceKey, type EpochId, Iteration, TimeMs } from "../wire/ids.ts";
import { FORWARD_JUMP_MAX, SKIPPED_KEYS_MAX } from "../wire/limits.ts";
import { deriveKey } from "./kdf.ts";
import type { Primitives } from "./primitives.ts";
import { evaluate, puncture, type SenderTree } from "./puncturable-tree.ts";

/** ck_i: gives message key i and chain key i + 1. */
export const ChainKey = branded("chain-key", 32);
export type ChainKey = Infer<typeof ChainKey>;
/** mk_i: seals one message, once. */
export const MessageKey = branded("message-key", 32);
export type MessageKey = Infer<typeof MessageKey>;

/** Open ranges of one chain: each reordering inside a long gap may split one; as many as single keys. */
const OPEN_RANGES_MAX = SKIPPED_KEYS_MAX;
/** Milliseconds after which an open range is given up (14 days): it costs forward secrecy while it lives. */
export const OPEN_RANGE_MAX_MS = 14 * 24 * 3600 * 1000;

/** Saved form of our own chain: the next message takes `iteration`. */
export const OwnChain = struct({ version: constant(1), chainKey: ChainKey, iteration: Iteration });
export type OwnChain = Infer<typeof OwnChain>;

const SkippedKey = struct({ iteration: Iteration, key: MessageKey });
type SkippedKey = Infer<typeof SkippedKey>;

/** Iterations `from` up to, not including, `until` have not arrived; `chainKey` is that of `from`, or zeros: given up. */
const OpenRange = struct({ from: Iteration, until: Iteration, chainKey: ChainKey, openedAt: TimeMs });
type OpenRange = Infer<typeof OpenRange>;

/** Saved form of a peer's chain. */
export const PeerChain = struct({
  version: constant(1),
  /** Chain key of iteration `next`. */
  chainKey: ChainKey,
  /** One more than the greatest iteration seen. */
  next: Iteration,
  skipped: list(SkippedKey, SKIPPED_KEYS_MAX),
  ranges: list(OpenRange, OPEN_RANGES_MAX),
  /** The first iteration that is void, once the device has closed its chain. */
  end: optional(Iteration),
});
export type PeerChain = Infer<typeof PeerChain>;

/** What a peer's chain answers for one iteration. */
export type MessageKeyAnswer =
  | { readonly kind: "key"; readonly key: MessageKey; readonly next: PeerChain }
  /** This key was handed out before. */
  | { readonly kind: "duplicate" }
  /** This message had not come when the keys of its open range were given up. */
  | { readonly kind: "given-up" }
  /** More than FORWARD_JUMP_MAX ahead, or the limits on what is kept for late messages are reached. */
  | { readonly kind: "too-far-ahead" }
  /** The device closed this chain before that iteration. */
  | { readonly kind: "closed" };

/** Whose chain it is. */
export interface ChainOwner {
  readonly epochId: EpochId;
  readonly device: DeviceKey;
  /** Rank of the device among the sorted devices of the epoch. */
  readonly index: number;
}

/** ck_0 and the senders' tree without it; `undefined` when this chain was opened before. */
export function openChain(
  p: Primitives,
  tree: SenderTree,
  owner: ChainOwner,
): { readonly chainKey: ChainKey; readonly tree: SenderTree } | undefined {
  const point = u32be(owner.index);
  const leaf = evaluate(p, tree, point);
  if (leaf === undefined) return undefined;
  const chainKey = ChainKey.from(deriveKey(p, "chain", leaf, owner.epochId, owner.device));
  leaf.fill(0);
  return { chainKey, tree: puncture(p, tree, point) };
}

/** Our own chain at its beginning. */
export function ownChainOf(chainKey: ChainKey): OwnChain {
  return { version: 1, chainKey, iteration: 0 as Iteration };
}

/** A peer's chain at its beginning. */
export function peerChainOf(chainKey: ChainKey): PeerChain {
  return { version: 1, chainKey, next: 0 as Iteration, skipped: [], ranges: [], end: undefined };
}

/** The key for our next message; `next` is committed before the message leaves. */
export function nextMessageKey(
  p: Primitives,
  own: OwnChain,
): { readonly messageKey: MessageKey; readonly iteration: Iteration; readonly next: OwnChain } {
  const next: OwnChain = { version: 1, chainKey: chainKeyAfter(p, own.chainKey), iteration: plus(own.iteration, 1) };
  return { messageKey: messageKeyOf(p, own.chainKey), iteration: own.iteration, next };
}

/** The key of a peer's message `iteration`, with the chain as it is once that message has opened. */
export function messageKeyAt(p: Primitives, chain: PeerChain, iteration: Iteration, now: TimeMs): MessageKeyAnswer {
  if (chain.end !== undefined && iteration >= chain.end) return { kind: "closed" };
  if (iteration >= chain.next) return ahead(p, chain, iteration, { now, keep: "keys" });
  const at = indexAtOrAfter(chain.skipped, iteration);
  const found = chain.skipped[at];
  if (found?.iteration !== iteration) return insideRange(p, chain, iteration);
  return { kind: "key", key: found.key, next: { ...chain, skipped: chain.skipped.toSpliced(at, 1) } };
}

/**
 * As {@link messageKeyAt} for a message that comes ahead of those before it, which are about to follow: what it jumps over
 * is kept as one open range, that each of them makes shorter, where single keys would be read and written with each.
 */
export function messageKeyAhead(p: Primitives, chain: PeerChain, iteration: Iteration, now: TimeMs): MessageKeyAnswer {
  const isClosed = chain.end !== undefined && iteration >= chain.end;
  if (isClosed || iteration <= chain.next || chain.ranges.length >= OPEN_RANGES_MAX)
    return messageKeyAt(p, chain, iteration, now);
  return ahead(p, chain, iteration, { now, keep: "range" });
}

/** Whether the key of `iteration` has not been given out: only then can its message be new. */
export function hasKeyOf(chain: PeerChain, iteration: Iteration): boolean {
  if (chain.end !== undefined && iteration >= chain.end) return false;
  return (
    iteration >= chain.next ||
    chain.skipped[indexAtOrAfter(chain.skipped, iteration)]?.iteration === iteration ||
    chain.ranges.some((range) => range.from <= iteration && iteration < range.until && !isGivenUp(range))
  );
}

/** The chain after its device said how many messages it sent there: keys of void iterations are gone. */
export function closeChain(chain: PeerChain, sent: number): PeerChain {
  const end = Math.min(sent, chain.end ?? sent) as Iteration;
  return {
    ...chain,
    end,
    skipped: chain.skipped.filter((each) => each.iteration < end),
    ranges: chain.ranges
      .filter((range) => range.from < end)
      .map((range) => (range.until > end ? { ...range, until: end } : range)),
  };
}

/** True once every message of a closed chain has arrived that can still be read: no key of it needs to be kept. */
export function isComplete(chain: PeerChain): boolean {
  const isOver = chain.end !== undefined && chain.next >= chain.end;
  return isOver && chain.skipped.length === 0 && chain.ranges.every(isGivenUp);
}

/**
 * The chain without the keys of open ranges older than OPEN_RANGE_MAX_MS; the same object when there are none. What single keys are kept
 * for, had it not come newest first, keeps them: whoever was away for long must not lose it for having seen what came after.
 */
export function expireRanges(p: Primitives, chain: PeerChain, now: TimeMs): PeerChain {
  const isExpired = (range: OpenRange): boolean => now - range.openedAt >= OPEN_RANGE_MAX_MS && !isGivenUp(range);
  if (!chain.ranges.some(isExpired)) return chain;
  const ranges: OpenRange[] = [];
  let skipped = chain.skipped;
  for (const range of chain.ranges) {
    if (!isExpired(range)) ranges.push(range);
    else if (skipped.length + range.until - range.from > SKIPPED_KEYS_MAX) ranges.push({ ...range, chainKey: NO_KEY });
    else skipped = skipped.toSpliced(indexAtOrAfter(skipped, range.from), 0, ...walk(p, range, true).keys);
  }
  return { ...chain, skipped, ranges };
}

const NO_KEY = ChainKey.from(new Uint8Array(32));

const isGivenUp = ({ chainKey }: OpenRange): boolean => chainKey.every((byte) => byte === 0);

/** How many ranges of this chain were given up. */
export function givenUpRanges(chain: PeerChain): number {
  return chain.ranges.filter(isGivenUp).length;
}

/** How what is jumped over is kept: as single keys if there is room, or as one range in any case. */
interface Jump {
  readonly now: TimeMs;
  readonly keep: "keys" | "range";
}

/** A message at or beyond `next`. */
function ahead(p: Primitives, chain: PeerChain, iteration: Iteration, { now, keep }: Jump): MessageKeyAnswer {
  const gap = iteration - chain.next;
  if (gap > FORWARD_JUMP_MAX) return { kind: "too-far-ahead" };
  const single = keep === "keys" && chain.skipped.length + gap <= SKIPPED_KEYS_MAX;
  if (!single && chain.ranges.length >= OPEN_RANGES_MAX) return { kind: "too-far-ahead" };
  const range: OpenRange = { from: chain.next, until: iteration, chainKey: chain.chainKey, openedAt: now };
  const { chainKey, keys } = walk(p, range, single);
  const next: PeerChain = {
    ...chain,
    chainKey: chainKeyAfter(p, chainKey),
    next: plus(iteration, 1),
    skipped: keys.length === 0 ? chain.skipped : [...chain.skipped, ...keys],
    ranges: single ? chain.ranges : [...chain.ranges, range],
  };
  return { kind: "key", key: messageKeyOf(p, chainKey), next };
}

/** A late message in an open range: the part before it becomes single keys if there is room, else a range of its own. */
function insideRange(p: Primitives, chain: PeerChain, iteration: Iteration): MessageKeyAnswer {
  const at = chain.ranges.findIndex((each) => each.from <= iteration && iteration < each.until);
  const range = chain.ranges[at];
  if (range === undefined) return { kind: "duplicate" };
  if (isGivenUp(range)) return { kind: "given-up" };
  const single = chain.skipped.length + (iteration - range.from) <= SKIPPED_KEYS_MAX;
  const before = { ...range, until: iteration };
  const { chainKey, keys } = walk(p, before, single);
  const rest = { ...range, from: plus(iteration, 1), chainKey: chainKeyAfter(p, chainKey) };
  const ranges = chain.ranges.toSpliced(at, 1, ...(single ? [] : [before]), ...(rest.from < rest.until ? [rest] : []));
  if (ranges.length > OPEN_RANGES_MAX) return { kind: "too-far-ahead" };
  const skipped = chain.skipped.toSpliced(indexAtOrAfter(chain.skipped, range.from), 0, ...keys);
  return { kind: "key", key: messageKeyOf(p, chainKey), next: { ...chain, skipped, ranges } };
}

/** Walks a stretch of the chain to the chain key of `until`, collecting the message keys on the way if asked to. */
function walk(
  p: Primitives,
  { from, until, chainKey: start }: Pick<OpenRange, "from" | "until" | "chainKey">,
  collect: boolean,
): { readonly chainKey: ChainKey; readonly keys: readonly SkippedKey[] } {
  const keys: SkippedKey[] = [];
  let chainKey = start;
  for (let i = from; i < until; i = plus(i, 1)) {
    if (collect) keys.push({ iteration: i, key: messageKeyOf(p, chainKey) });
    chainKey = chainKeyAfter(p, chainKey);
  }
  return { chainKey, keys };
}

function messageKeyOf(p: Primitives, chainKey: ChainKey): MessageKey {
  return MessageKey.from(p.hmac(chainKey, label("message-key")));
}

function chainKeyAfter(p: Primitives, chainKey: ChainKey): ChainKey {
  return ChainKey.from(p.hmac(chainKey, label("chain-key")));
}

function plus(iteration: Iteration, steps: number): Iteration {
  return (iteration + steps) as Iteration;
}

/** Position of the first skipped key at or after `iteration`, by halving. */
function indexAtOrAfter(skipped: readonly SkippedKey[], iteration: Iteration): number {
  let low = 0;
  let high = skipped.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((skipped[middle]?.iteration ?? Number.POSITIVE_INFINITY) < iteration) low = middle + 1;
    else high = middle;
  }
  return low;
}
