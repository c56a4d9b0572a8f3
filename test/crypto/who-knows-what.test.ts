import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { KnowledgeModel, type MergeRule } from "../twin/knowledge-model.ts";

const ACCOUNTS = 7;
const ENTRIES = 12;
const HISTORIES = 400;
const EVERYBODY = (1 << ACCOUNTS) - 1;

/** Numbers below `bound`, the same for the same seed (mulberry32). */
function randomOf(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** A frontier whose outsiders together derive its secret, or undefined, in one random concurrent history. */
function findBreak(seed: number, rule: MergeRule): readonly number[] | undefined {
  const random = randomOf(seed);
  const model = new KnowledgeModel(ACCOUNTS, rule);
  const create = model.append({ kind: "create", author: 0, target: 0b11111, past: 0 });
  const views = Array.from({ length: ACCOUNTS }, () => 1 << create);
  for (let turn = 0; turn < 200 && model.entries.length < ENTRIES; turn++) {
    const [one, other] = [random(ACCOUNTS), random(ACCOUNTS)];
    const past = views[one] ?? 0;
    if (random(3) === 0) {
      views[one] = past | (views[other] ?? 0);
      continue;
    }
    const kind = (["add", "remove", "remove", "rekey"] as const)[random(4)] ?? "rekey";
    const entry = { kind, author: one, target: other, past };
    if (!model.mayWrite(entry)) continue;
    views[one] = past | (1 << model.append(entry));
    const seen = views.filter(() => random(2) === 0).reduce((all, each) => all | each, views[one] ?? 0);
    const heads = model.frontierOf(seen);
    const outside = EVERYBODY & ~model.membersOfFrontier(heads);
    if (model.isUsable(heads) && model.canDerive(outside, heads)) return heads;
  }
  return undefined;
}

describe("who knows what", () => {
  it("nobody outside a frontier derives its secret, with all outsiders of a history pooling what they have", () => {
    for (let seed = 1; seed <= HISTORIES; seed++) {
      const broken = findBreak(seed, "one head excludes all outsiders");
      assert.equal(broken, undefined, `seed ${seed}: heads ${broken?.join()}`);
    }
  });

  it("the weaker rule, that some head excludes each outsider, is broken by pooling", () => {
    let broken = 0;
    for (let seed = 1; seed <= HISTORIES; seed++)
      if (findBreak(seed, "each outsider is excluded by some head") !== undefined) broken++;
    assert(broken > HISTORIES / 100, `${broken} of ${HISTORIES} histories`);
  });

  it("two concurrent removals have no epoch until a re-key, which has one", () => {
    const model = new KnowledgeModel(ACCOUNTS, "one head excludes all outsiders");
    const create = model.append({ kind: "create", author: 0, target: 0b11111, past: 0 });
    const past = 1 << create;
    const first = model.append({ kind: "remove", author: 0, target: 3, past });
    const second = model.append({ kind: "remove", author: 1, target: 4, past });
    const both = past | (1 << first) | (1 << second);
    assert.deepEqual(model.frontierOf(both), [first, second]);
    assert.equal(model.membersOf(both), 0b00111);
    assert.equal(model.isUsable([first, second]), false);
    assert.equal(model.canDerive(0b11000, [first, second]), true, "together the removed know both");
    const rekey = model.append({ kind: "rekey", author: 2, target: 2, past: both });
    const healed = model.frontierOf(both | (1 << rekey));
    assert.deepEqual(healed, [rekey]);
    assert.equal(model.isUsable(healed), true);
    assert.equal(model.canDerive(0b11000, healed), false);
  });

  it("a concurrent add and removal merge without a round trip", () => {
    const model = new KnowledgeModel(ACCOUNTS, "one head excludes all outsiders");
    const past = 1 << model.append({ kind: "create", author: 0, target: 0b11111, past: 0 });
    const removal = model.append({ kind: "remove", author: 0, target: 3, past });
    const addition = model.append({ kind: "add", author: 1, target: 5, past });
    const heads = model.frontierOf(past | (1 << removal) | (1 << addition));
    assert.deepEqual(heads, [removal, addition]);
    assert.equal(model.isUsable(heads), true);
    assert.equal(model.canDerive(1 << 3, heads), false);
    assert.equal(model.canDerive(1 << 5, heads), true);
  });
});
