import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  Contribution,
  confirmation,
  contribution,
  coreHash,
  derivedSecret,
  entryHash,
  epochKeys,
  forkPoint,
  frontierHash,
  mergedSecret,
  rootSecret,
} from "../../src/crypto/epoch-secrets.ts";
import { noblePrimitives as p } from "../../src/crypto/noble-primitives.ts";
import { evaluate, ForkTree } from "../../src/crypto/puncturable-tree.ts";
import { encode } from "../../src/wire/encoding.ts";
import { EntryHash, GroupId } from "../../src/wire/ids.ts";
import { contains, unchanged } from "./frozen.ts";

const filled = (value: number, length = 32) => new Uint8Array(length).fill(value);
const group = GroupId.from(filled(1));
const core = coreHash(p, filled(2, 100));
const secret = rootSecret(p, filled(3), core);
const head = entryHash(p, filled(2, 100), confirmation(p, secret, core));
const phi = frontierHash(p, group, [head]);
const epoch = epochKeys(p, secret, phi);

describe("epoch secrets", () => {
  it("depend on every input", () => {
    const others = [
      rootSecret(p, filled(4), core),
      rootSecret(p, filled(3), coreHash(p, filled(2, 101))),
      derivedSecret(p, epoch.forkTree, core)?.secret ?? secret,
    ];
    for (const other of others) assert.notDeepEqual(other, secret);
    const elsewhere = frontierHash(p, GroupId.from(filled(9)), [head]);
    assert.notDeepEqual(elsewhere, phi);
    assert.notDeepEqual(epochKeys(p, secret, elsewhere).epochId, epoch.epochId);
  });

  it("give keys that are all different", () => {
    const roots = [epoch.senderTree, epoch.forkTree].map((tree) => tree.nodes[0]?.secret ?? filled(0));
    const all = [secret, epoch.topicSeed, epoch.topic, epoch.headerKey, epoch.logKey, epoch.epochId, ...roots];
    assert.equal(new Set(all.map((each) => Buffer.from(each).toString("hex"))).size, all.length);
  });

  it("are confirmed by a tag that no other secret gives", () => {
    const tag = confirmation(p, secret, core);
    assert.notDeepEqual(confirmation(p, rootSecret(p, filled(4), core), core), tag);
    assert.notDeepEqual(confirmation(p, secret, coreHash(p, filled(5))), tag);
  });

  it("of a frontier do not depend on the order in which heads became known", () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const heads = fc
      .uniqueArray(bytes32, { minLength: 2, maxLength: 5, selector: (each) => Buffer.from(each).toString("hex") })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
    const withSecrets = (list: readonly Uint8Array[]) =>
      list.map((each) => ({ head: EntryHash.from(each), contribution: Contribution.from(p.sha256(each)) }));
    fc.assert(
      fc.property(heads, ([one, other]) => {
        const of = unchanged(one.map(EntryHash.from), (each) => frontierHash(p, group, each));
        assert.deepEqual(of, frontierHash(p, group, other.map(EntryHash.from)));
        const merged = unchanged(withSecrets(one), (each) => mergedSecret(p, each, of));
        assert.deepEqual(merged, mergedSecret(p, withSecrets(other), of));
        assert.notDeepEqual(merged, mergedSecret(p, withSecrets(one.slice(1)), of));
      }),
      { numRuns: 20 },
    );
  });

  it("cannot be derived twice from one fork tree: what was used is gone from its saved form", () => {
    const derived = unchanged(epoch.forkTree, (each) => derivedSecret(p, each, core));
    assert(derived !== undefined);
    assert.equal(derivedSecret(p, derived.fork, core), undefined);
    const leaf = evaluate(p, epoch.forkTree, forkPoint(p, core)) ?? filled(0);
    assert.equal(contains(encode(ForkTree, derived.fork), leaf), false);
    const given = contribution(p, derived.fork, phi);
    assert(given !== undefined);
    assert.equal(contribution(p, given.fork, phi), undefined);
    assert.deepEqual(given.contribution, contribution(p, epoch.forkTree, phi)?.contribution);
  });
});
