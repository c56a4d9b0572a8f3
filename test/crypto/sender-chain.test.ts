import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { treeOf } from "../../src/crypto/puncturable-tree.ts";
import {
  ChainKey,
  closeChain,
  expireRanges,
  givenUpRanges,
  hasKeyOf,
  isComplete,
  type MessageKeyAnswer,
  messageKeyAhead,
  messageKeyAt,
  nextMessageKey,
  OPEN_RANGE_MAX_MS,
  OwnChain,
  openChain,
  ownChainOf,
  PeerChain,
  peerChainOf,
} from "../../src/crypto/sender-chain.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { DeviceKey, EpochId, type Iteration, type TimeMs } from "../../src/wire/ids.ts";
import { FORWARD_JUMP_MAX, SKIPPED_KEYS_MAX } from "../../src/wire/limits.ts";
import { messageKeyAt as slowMessageKeyAt } from "../twin/key-schedule-twin.ts";
import { contains, unchanged } from "./frozen.ts";

const first = ChainKey.from(Uint8Array.from({ length: 32 }, (_, i) => 3 * i));
const now = 1_800_000_000_000 as TimeMs;
const at = (iteration: number): Iteration => iteration as Iteration;
const ask = (chain: PeerChain, iteration: number) =>
  unchanged(chain, (each) => messageKeyAt(p, each, at(iteration), now));

function took(answer: MessageKeyAnswer) {
  assert(answer.kind === "key", answer.kind);
  return answer;
}

/** The chain after these iterations, in this order. */
function chainAfter(iterations: readonly number[], chain = peerChainOf(first)): PeerChain {
  return iterations.reduce((each, i) => took(messageKeyAt(p, each, at(i), now)).next, chain);
}

/** Our own chain's first `count` keys. */
function ownKeys(count: number): readonly Uint8Array[] {
  const keys: Uint8Array[] = [];
  let own = ownChainOf(first);
  for (let i = 0; i < count; i++) {
    const step = nextMessageKey(p, own);
    assert.equal(step.iteration, i);
    keys.push(step.messageKey);
    own = step.next;
  }
  return keys;
}

describe("a message that comes ahead of those that follow", () => {
  it("has the same key, and costs one open range that each of the others makes shorter", () => {
    const { key, next } = took(unchanged(peerChainOf(first), (each) => messageKeyAhead(p, each, at(40), now)));
    assert.deepEqual(key, ownKeys(41)[40]);
    assert.deepEqual([next.skipped.length, next.ranges.length, next.next], [0, 1, 41]);
    const filled = chainAfter(
      Array.from({ length: 40 }, (_, i) => i),
      next,
    );
    assert.deepEqual(filled, { ...chainAfter([40]), skipped: [], ranges: [] });
  });

  it("is bounded as any other", () => {
    const chain = chainAfter([0]);
    assert.equal(messageKeyAhead(p, chain, at(FORWARD_JUMP_MAX + 2), now).kind, "too-far-ahead");
    assert.equal(messageKeyAhead(p, chain, at(0), now).kind, "duplicate");
    assert.equal(messageKeyAhead(p, closeChain(chain, 3), at(3), now).kind, "closed");
    assert.deepEqual(messageKeyAhead(p, chain, at(1), now), messageKeyAt(p, chain, at(1), now));
  });
});

const ALL = 60;
const keys = ownKeys(ALL);
const anyOrder = fc.shuffledSubarray(
  Array.from({ length: ALL }, (_, i) => i),
  { minLength: 1 },
);

describe("sender chain", () => {
  it("begins at a leaf that is then gone from the senders' tree", () => {
    const tree = treeOf(new Uint8Array(32).fill(1), 4);
    const owner = { epochId: EpochId.from(new Uint8Array(32)), device: DeviceKey.from(new Uint8Array(32)), index: 5 };
    const opened = unchanged(tree, (each) => openChain(p, each, owner));
    assert(opened !== undefined);
    assert.equal(openChain(p, opened.tree, owner), undefined);
    const other = openChain(p, opened.tree, { ...owner, index: 6 });
    assert(other !== undefined);
    assert.notDeepEqual(other.chainKey, opened.chainKey);
    const sameLeaf = openChain(p, tree, { ...owner, device: DeviceKey.from(new Uint8Array(32).fill(2)) });
    assert.notDeepEqual(sameLeaf?.chainKey, opened.chainKey);
  });

  it("opens each message once, in any order and with any lost", () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        let chain = peerChainOf(first);
        for (const i of order) {
          const answer = took(ask(chain, i));
          assert.deepEqual(answer.key, keys[i]);
          chain = answer.next;
          assert.equal(ask(chain, i).kind, "duplicate");
        }
        assert.equal(chain.next, Math.max(...order) + 1);
        assert.equal(chain.skipped.length, Math.max(...order) + 1 - order.length);
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same keys after every step through its saved form", () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        let chain = peerChainOf(first);
        for (const i of order) {
          const saved = decode(PeerChain, encode(PeerChain, chain));
          assert.deepEqual(saved, chain);
          const answer = took(ask(saved ?? chain, i));
          assert.deepEqual(answer.key, keys[i]);
          chain = answer.next;
        }
      }),
      { numRuns: 10 },
    );
  });

  it("keeps no used key, nor any from which one follows, in its saved form", () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const saved = encode(PeerChain, chainAfter(order));
        for (const i of order) assert.equal(contains(saved, keys[i] ?? first), false);
        const end = Math.max(...order) + 1;
        const expected = Array.from({ length: end }, (_, i) => i).filter((i) => !order.includes(i));
        for (const i of expected) assert.equal(contains(saved, keys[i] ?? first), true);
        assert.equal(contains(saved, first), false);
      }),
      { numRuns: 20 },
    );
    const own = unchanged(ownChainOf(first), (each) => nextMessageKey(p, each));
    const saved = encode(OwnChain, own.next);
    assert.equal(contains(saved, own.messageKey) || contains(saved, first), false);
  });

  it("says without a step whether it still has the key of a place", () => {
    fc.assert(
      fc.property(anyOrder, fc.boolean(), fc.nat(60), (order, isAhead, end) => {
        const keyAt = isAhead ? messageKeyAhead : messageKeyAt;
        const open = order.reduce((each, i) => took(keyAt(p, each, at(i), now)).next, peerChainOf(first));
        for (const chain of [open, closeChain(open, end)])
          for (let i = 0; i < 60; i++)
            assert.equal(hasKeyOf(chain, at(i)), messageKeyAt(p, chain, at(i), now).kind === "key", String(i));
      }),
      { numRuns: 20 },
    );
  });

  it("refuses what is too far ahead, without a step", () => {
    const chain = peerChainOf(first);
    assert.equal(ask(chain, FORWARD_JUMP_MAX + 1).kind, "too-far-ahead");
    assert.equal(ask(chain, Number.MAX_SAFE_INTEGER).kind, "too-far-ahead");
    const jumped = took(ask(chain, FORWARD_JUMP_MAX));
    assert.deepEqual(Buffer.from(jumped.key), slowMessageKeyAt(Buffer.from(first), FORWARD_JUMP_MAX));
  });

  it("keeps a gap that fits as single keys, and a longer one as one open range", () => {
    const fits = chainAfter([SKIPPED_KEYS_MAX]);
    assert.deepEqual([fits.skipped.length, fits.ranges.length], [SKIPPED_KEYS_MAX, 0]);
    const longer = chainAfter([SKIPPED_KEYS_MAX + 1]);
    assert.deepEqual([longer.skipped.length, longer.ranges.length], [0, 1]);
    const full = chainAfter([SKIPPED_KEYS_MAX + 2], fits);
    assert.deepEqual([full.skipped.length, full.ranges.length], [SKIPPED_KEYS_MAX, 1]);
  });

  it("opens each message of a long gap once, from either end and from the middle", () => {
    const length = 2 * SKIPPED_KEYS_MAX + 500;
    const expected = ownKeys(length + 1);
    const orders = fc.shuffledSubarray([0, 1, 2, 3, 700, 701, 2500, 2501, 4000, length - 2, length - 1], {
      minLength: 11,
    });
    fc.assert(
      fc.property(orders, (order) => {
        let chain = chainAfter([length]);
        for (const i of order) {
          const answer = took(ask(chain, i));
          assert.deepEqual(answer.key, expected[i]);
          chain = answer.next;
          assert.equal(ask(chain, i).kind, "duplicate");
          assert(chain.skipped.length <= SKIPPED_KEYS_MAX);
          assert.deepEqual(decode(PeerChain, encode(PeerChain, chain)), chain);
        }
        const held = chain.ranges.reduce((sum, range) => sum + range.until - range.from, chain.skipped.length);
        assert.equal(held, length - order.length);
        assertSorted(chain);
      }),
      { numRuns: 2 },
    );
  });

  it("fills a long gap completely when it arrives in order", () => {
    const length = SKIPPED_KEYS_MAX + 50;
    const chain = chainAfter(
      Array.from({ length }, (_, i) => i),
      chainAfter([length]),
    );
    assert.deepEqual([chain.skipped, chain.ranges, chain.next], [[], [], length + 1]);
  });

  it("gives up open ranges after their time", () => {
    const chain = chainAfter([SKIPPED_KEYS_MAX + 1]);
    assert.equal(expireRanges(p, chain, (now + OPEN_RANGE_MAX_MS - 1) as TimeMs), chain);
    const expired = unchanged(chain, (each) => expireRanges(p, each, (now + OPEN_RANGE_MAX_MS) as TimeMs));
    assert.equal(ask(expired, 5).kind, "given-up");
    assert.equal(hasKeyOf(expired, at(5)), false);
    assert.equal(contains(encode(PeerChain, expired), first), false);
    assert.deepEqual(decode(PeerChain, encode(PeerChain, expired)), expired);
    assert.deepEqual([givenUpRanges(chain), givenUpRanges(expired)], [0, 1]);
    assert.equal(expireRanges(p, expired, (now + 3 * OPEN_RANGE_MAX_MS) as TimeMs), expired, "once");
    assert.equal(ask(expired, SKIPPED_KEYS_MAX + 1).kind, "duplicate", "what has come was never given up");
    assert.equal(ask(expired, SKIPPED_KEYS_MAX + 2).kind, "key");
    assert.equal(isComplete(closeChain(expired, SKIPPED_KEYS_MAX + 2)), true);
  });

  it("gives up the chain key of a short range after its time, and keeps the single keys of what it jumped over", () => {
    const chain = took(messageKeyAhead(p, chainAfter([1]), at(7), now)).next;
    assert.deepEqual([chain.ranges.length, chain.skipped.length], [1, 1]);
    const expired = unchanged(chain, (each) => expireRanges(p, each, (now + OPEN_RANGE_MAX_MS) as TimeMs));
    assert.deepEqual(expired.ranges, []);
    assertSorted(expired);
    for (const i of [0, 2, 3, 4, 5, 6]) assert.deepEqual(took(ask(expired, i)).key, keys[i], String(i));
    assert.equal(ask(expired, 7).kind, "duplicate");
  });

  it("void iterations of a closed chain have no keys any more", () => {
    const chain = chainAfter([2, 9, SKIPPED_KEYS_MAX + 20]);
    const closed = unchanged(chain, (each) => closeChain(each, 5));
    assert.equal(ask(closed, 4).kind, "key");
    for (const i of [5, 6, 9, 15, 10_000]) assert.equal(ask(closed, i).kind, "closed");
    assert.equal(contains(encode(PeerChain, closed), keys[5] ?? first), false);
    assert.equal(closeChain(closed, 8).end, 5, "a later, larger claim does not reopen it");
    assert.equal(isComplete(closed), false);
    assert.equal(isComplete(chainAfter([0, 1, 3, 4], closed)), true);
    assert.equal(isComplete(closeChain(peerChainOf(first), 0)), true);
  });

  it("an old copy of our own chain repeats keys, never a state it did not have", () => {
    const old = ownChainOf(first);
    const one = nextMessageKey(p, old);
    const again = nextMessageKey(p, old);
    assert.deepEqual(again, one);
    assert.deepEqual(decode(OwnChain, encode(OwnChain, one.next)), one.next);
  });

  it("takes a step at the same cost however many keys are skipped", () => {
    const full = chainAfter([SKIPPED_KEYS_MAX]);
    const calls = { hmac: 0 };
    const hmac = (key: Uint8Array, data: Uint8Array) => {
      calls.hmac++;
      return p.hmac(key, data);
    };
    const counting = { ...p, hmac };
    took(messageKeyAt(counting, full, full.next, now));
    assert.equal(calls.hmac, 2);
    took(messageKeyAt(counting, full, at(1234), now));
    assert.equal(calls.hmac, 2);
  });
});

function assertSorted({ skipped, ranges, next }: PeerChain): void {
  const starts = [
    ...skipped.map((each) => [each.iteration, each.iteration + 1]),
    ...ranges.map((r) => [r.from, r.until]),
  ];
  const order = starts.toSorted(([a = 0], [b = 0]) => a - b);
  for (const [i, [, until = 0]] of order.entries()) assert(until <= (order[i + 1]?.[0] ?? next));
  assert.deepEqual(
    skipped.map((each) => each.iteration),
    skipped.map((each) => each.iteration).toSorted((a, b) => a - b),
  );
}
