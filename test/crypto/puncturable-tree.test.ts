import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { evaluate, ForkTree, puncture, SenderTree, treeOf } from "../../src/crypto/puncturable-tree.ts";
import { u32be } from "../../src/verify/transcript.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { isFault } from "../../src/wire/fault.ts";
import { bitsOf, treeEval } from "../twin/key-schedule-twin.ts";
import { contains, unchanged } from "./frozen.ts";

const root = Uint8Array.from({ length: 32 }, (_, i) => 255 - i);
/** Points close together and far apart, so that paths share much and little. */
const index = fc.oneof(fc.nat({ max: 12 }), fc.nat({ max: 0xffffffff }), fc.constantFrom(0, 0xffffffff, 0x80000000));

describe("puncturable tree", () => {
  it("gives the leaves that walking down the bits gives", () => {
    fc.assert(
      fc.property(index, (at) => {
        const expected = treeEval(root, bitsOf(u32be(at)));
        assert.deepEqual(Buffer.from(evaluate(p, treeOf(root, 4), u32be(at)) ?? []), expected);
      }),
      { numRuns: 20 },
    );
  });

  it("loses exactly the points that were punctured", () => {
    const arrange = fc.record({
      gone: fc.uniqueArray(index, { maxLength: 8 }),
      asked: fc.array(index, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(arrange, ({ gone, asked }) => {
        const whole = treeOf(root, 4);
        const rest = gone.reduce((tree, at) => unchanged(tree, (each) => puncture(p, each, u32be(at))), whole);
        for (const at of gone) assert.equal(evaluate(p, rest, u32be(at)), undefined);
        for (const at of asked.filter((each) => !gone.includes(each)))
          assert.deepEqual(
            unchanged(rest, (each) => evaluate(p, each, u32be(at))),
            evaluate(p, whole, u32be(at)),
          );
      }),
      { numRuns: 20 },
    );
  });

  it("does not depend on the order of punctures", () => {
    const shuffled = fc
      .uniqueArray(index, { minLength: 2, maxLength: 6 })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    const nodesAfter = (order: readonly number[]) =>
      order
        .reduce((tree, at) => puncture(p, tree, u32be(at)), treeOf(root, 4))
        .nodes.map(({ depth, path, secret }) => `${depth} ${Buffer.from(path).toString("hex")} ${secret}`)
        .sort();
    fc.assert(
      fc.property(shuffled, ([one, other]) => {
        assert.deepEqual(nodesAfter(one), nodesAfter(other));
      }),
      { numRuns: 15 },
    );
  });

  it("keeps no secret from which a punctured leaf follows, in its saved form", () => {
    const point = new Uint8Array(16).fill(0xa5);
    const rest = puncture(p, treeOf(root, 16), point);
    const saved = encode(ForkTree, rest);
    for (let depth = 0; depth <= 128; depth++) {
      const onPath = treeEval(root, bitsOf(point).slice(0, depth));
      assert.equal(contains(saved, onPath), false, `the node at depth ${depth} is still there`);
    }
    assert.equal(contains(encode(ForkTree, treeOf(root, 16)), root), true, "the scan finds what is there");
  });

  it("punctured twice is the same tree", () => {
    const once = puncture(p, treeOf(root, 4), u32be(9));
    assert.equal(puncture(p, once, u32be(9)), once);
  });

  it("comes back from its saved form", () => {
    const tree = puncture(p, puncture(p, treeOf(root, 4), u32be(3)), u32be(77));
    assert.deepEqual(decode(SenderTree, encode(SenderTree, tree)), tree);
  });

  it("is not wiped by its own use when it was read into a Node Buffer", () => {
    const tree = decode(SenderTree, Buffer.from(encode(SenderTree, treeOf(root, 4))));
    assert(tree !== undefined);
    const first = unchanged(tree, (each) => evaluate(p, each, u32be(1)));
    assert.deepEqual(evaluate(p, tree, u32be(1)), first);
    const fromBuffer = treeOf(Buffer.from(root), 4);
    assert.deepEqual(evaluate(p, fromBuffer, u32be(1)), first);
  });

  it("calls a point of another length a fault of ours", () => {
    assert.throws(
      () => evaluate(p, treeOf(root, 4), new Uint8Array(16)),
      (error) => isFault(error, "internal/invariant"),
    );
  });

  it("stays small when all senders of a large group are punctured", () => {
    let tree = treeOf(root, 4);
    let most = 0;
    for (let at = 0; at < 200; at++) {
      tree = puncture(p, tree, u32be((at * 77) % 200));
      most = Math.max(most, tree.nodes.length);
    }
    assert(most < 200 && tree.nodes.length < 40, `${most} nodes at most, ${tree.nodes.length} at the end`);
  });
});
