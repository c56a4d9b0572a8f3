import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { nodeVerifier as verifier } from "../../relay-node/node-verifier.ts";
import type { TakeLacking } from "../../src/net/comparing-rounds.ts";
import { gapFiller } from "../../src/net/gap-filling.ts";
import { idSets } from "../../src/net/id-sets.ts";
import type { Reconciled } from "../../src/net/reconciliation.ts";
import { answerRange } from "../../src/net/set-comparison.ts";
import { topicArrivals } from "../../src/net/topic-arrivals.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { ENVELOPE_KIND } from "../../src/wire/envelope.ts";
import { type MemoryLog, memoryLog } from "./memory-log.ts";
import { bodyText, topicKey } from "./topic-keys.ts";

const group = topicKey(1);

async function logWith(...texts: readonly string[]): Promise<MemoryLog> {
  const log = memoryLog(1);
  const envelopes = texts.map((text) => group.envelope(text));
  const kind = ENVELOPE_KIND.message;
  await log.append(
    envelopes.map((envelope) => ({
      topic: group.topic,
      id: envelopeId(verifier.sha256, envelope),
      kind,
      envelope,
    })),
  );
  return log;
}

/** A holder of that log, which counts what it is asked for by id. */
function holderOf(log: MemoryLog): Reconciled["client"] & { asked: number } {
  const sets = idSets(log);
  const holder = {
    asked: 0,
    compare: async (...[topic, ranges]: Parameters<Reconciled["client"]["compare"]>) => {
      const set = await sets.of(topic);
      if (!set) return undefined;
      const answers = ranges.map((each) => answerRange(set.ids, each));
      return { kind: "compared" as const, id: 1, head: set.head, answers };
    },
    get: async (...[topic, ids]: Parameters<Reconciled["client"]["get"]>) => {
      holder.asked += ids.length;
      return await log.get(topic, ids, 100_000);
    },
    append: async () => [],
  };
  return holder;
}

async function filling(...texts: readonly string[]) {
  const log = await logWith(...texts);
  const taken: string[] = [];
  const arrivals = topicArrivals();
  const take: TakeLacking = async ({ items }) => {
    for (const { envelope } of items) taken.push(bodyText(envelope));
    const kind = ENVELOPE_KIND.message;
    const kept = items.map(({ envelope }) => ({
      topic: group.topic,
      id: envelopeId(verifier.sha256, envelope),
      kind,
      envelope,
    }));
    await log.append(kept);
  };
  const fill = gapFiller({ log, sets: idSets(log), verifier, arrivals, take });
  return { fill, taken, arrivals };
}

const silent: Reconciled["client"] = {
  compare: async () => undefined,
  get: async () => undefined,
  append: async () => [],
};

describe("what is missing of a topic", () => {
  it("is fetched from whoever has it, each envelope from one holder only", async () => {
    const { fill, taken } = await filling("here");
    const holders = [holderOf(await logWith("here", "one")), holderOf(await logWith("here", "one", "two"))];
    assert.equal(await fill(group.topic, () => holders), 2);
    assert.deepEqual(taken.toSorted(), ["one", "two"]);
    assert.deepEqual(
      holders.map(({ asked }) => asked),
      [1, 1],
    );
  });

  it("is fetched from somebody else where a holder says that it has it and does not give it", async () => {
    const { fill, taken } = await filling("here");
    const all = await logWith("here", "one", "two");
    const liar = { ...holderOf(all), get: async () => [] };
    await fill(group.topic, () => [liar]);
    await fill(group.topic, () => [liar, holderOf(all)]);
    assert.deepEqual(taken.toSorted(), ["one", "two"]);
  });

  it("was looked for nowhere when nobody answers", async () => {
    const { fill, taken } = await filling("here");
    assert.equal(await fill(group.topic, () => [silent]), 0);
    assert.equal(await fill(group.topic, () => []), 0);
    assert.deepEqual(taken, []);
  });

  it("is looked for when nothing more comes in: it may be on its way", async () => {
    const { fill, taken, arrivals } = await filling("here");
    const holder = holderOf(await logWith("here", "one"));
    let arrived: () => void = () => undefined;
    const coming = arrivals.bringing(group.topic, () => new Promise<void>((resolve) => (arrived = resolve)));
    const filled = fill(group.topic, () => [holder]);
    assert.equal(holder.asked, 0);
    arrived();
    await coming;
    assert.equal(await filled, 1);
    assert.deepEqual(taken, ["one"]);
  });
});
