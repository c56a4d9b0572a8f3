/**
 * What every TopicLog promises, whoever implements it. A test file calls {@link topicLogContract} with a way to open
 * a fresh one and, where the log outlives its process, to open the same one again.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, it } from "mocha";
import type { LogAppendResult, LogItem, TopicLog } from "../../src/net/topic-log.ts";
import { EnvelopeId, type Sequence, Topic } from "../../src/wire/ids.ts";
import { ENVELOPE_MAX_BYTES } from "../../src/wire/limits.ts";

/** Quotas that the opened log must have, small enough to reach in a test. */
export const CONTRACT_LIMITS = { topicMaxBytes: 1_000_000, inboxMaxBytes: 100_000, totalMaxBytes: 3_000_000 } as const;

/** One log under test. */
export interface OpenedLog {
  readonly log: TopicLog;
  /** The same log opened anew after `log.close()`, as a restarted holder would; undefined for logs in memory. */
  readonly reopen: (() => Promise<TopicLog>) | undefined;
  readonly dispose: () => Promise<void>;
}

const MESSAGE = 1;
const ENTRY = 2;
const DEPOSIT = 3;
const RENDEZVOUS = 4;
const WHOLE = { limit: 10_000, maxBytes: 64_000_000 } as const;
const START = 0 as Sequence;

/** A topic named by a small number. */
export function topicOf(name: number): Topic {
  return Topic.from(createHash("sha256").update(`topic ${name}`).digest());
}

/** An envelope-like item of `size` bytes (at least 4), the same for the same arguments. */
export function itemOf(topic: Topic, name: number, { size = 100, kind = MESSAGE } = {}): LogItem {
  const envelope = new Uint8Array(size).fill(name);
  new DataView(envelope.buffer).setUint32(0, name);
  const id = EnvelopeId.from(createHash("sha256").update(topic).update(envelope).digest());
  return { topic, id, kind, envelope };
}

/** The number of a stored item; fails for an error. */
export function sequenceOf(result: LogAppendResult | undefined): Sequence {
  assert(result?.kind === "stored", `stored, not ${JSON.stringify(result)}`);
  return result.sequence;
}

async function fill(log: TopicLog, items: Iterable<LogItem>): Promise<string> {
  for (const item of items) {
    const [result] = await log.append([item]);
    if (result?.kind === "error") return result.error;
  }
  return "never refused";
}

function* endless(topic: Topic, shape: { readonly size: number; readonly kind: number }): Iterable<LogItem> {
  for (let name = 1; ; name++) yield itemOf(topic, name, shape);
}

/** Declares the suite. `open` answers a fresh, empty log with {@link CONTRACT_LIMITS}; a member's takes no inboxes. */
export function topicLogContract(
  name: string,
  open: () => Promise<OpenedLog>,
  { hasInboxes = true }: { readonly hasInboxes?: boolean } = {},
): void {
  describe(`topic log contract: ${name}`, () => {
    const opened: OpenedLog[] = [];

    async function fresh(): Promise<OpenedLog> {
      const one = await open();
      opened.push(one);
      return one;
    }

    afterEach(async () => {
      for (const one of opened.splice(0)) await one.dispose();
    });

    order(fresh);
    dedupe(fresh);
    pages(fresh);
    byId(fresh);
    trimming(fresh);
    if (hasInboxes) inboxes(fresh);
    else noInboxes(fresh);
    quotas(fresh);
    wholeQuota(fresh);
    if (hasInboxes) inboxQuota(fresh);
    restarts(fresh, hasInboxes);
  });
}

type Fresh = () => Promise<OpenedLog>;

function order(fresh: Fresh): void {
  it("numbers the envelopes of each topic upwards in append order and reads them back byte for byte", async () => {
    const { log } = await fresh();
    const items = [1, 2, 3, 4, 5, 6].map((n) => itemOf(topicOf(n % 2), n));
    const results = await log.append(items);
    for (const parity of [0, 1]) {
      const mine = items.flatMap((item, i) => ((i + 1) % 2 === parity ? [{ item, result: results[i] }] : []));
      const page = await log.read(topicOf(parity), START, WHOLE);
      assert.deepEqual(
        page.items.map(({ sequence, envelope }) => [sequence, [...envelope]]),
        mine.map(({ item, result }) => [sequenceOf(result), [...item.envelope]]),
      );
      const numbers = page.items.map(({ sequence }) => sequence);
      assert.deepEqual(
        numbers,
        [...new Set(numbers)].sort((a, b) => a - b),
      );
      assert.equal(page.head, numbers.at(-1));
    }
  });

  it("answers appends under way at once in one order that readers see", async () => {
    const { log } = await fresh();
    const batches = [0, 1, 2, 3, 4].map((b) => [0, 1, 2].map((n) => itemOf(topicOf(1), b * 3 + n)));
    const results = (await Promise.all(batches.map((batch) => log.append(batch)))).flat();
    const byNumber = new Map(results.map((result, i) => [sequenceOf(result), batches.flat()[i]]));
    const { items } = await log.read(topicOf(1), START, WHOLE);
    assert.equal(items.length, 15);
    for (const { sequence, envelope } of items)
      assert.deepEqual([...envelope], [...(byNumber.get(sequence)?.envelope ?? [])]);
  });

  it("answers an empty append and an empty topic", async () => {
    const { log } = await fresh();
    assert.deepEqual(await log.append([]), []);
    const page = await log.read(topicOf(9), START, WHOLE);
    assert.deepEqual(page.items, []);
    assert.equal(page.truncatedBefore, undefined);
  });

  it("leaves the items it was given as they were", async () => {
    const { log } = await fresh();
    const item = itemOf(topicOf(1), 7);
    await log.append([item]);
    assert.deepEqual(item, itemOf(topicOf(1), 7));
  });
}

function dedupe(fresh: Fresh): void {
  it("stores an envelope once, in one batch or in several, and names its first number", async () => {
    const { log } = await fresh();
    const item = itemOf(topicOf(1), 1);
    const [first, twin] = await log.append([item, item]);
    const [again] = await log.append([itemOf(topicOf(1), 1)]);
    assert.deepEqual(first, { kind: "stored", sequence: sequenceOf(first), duplicate: false });
    assert.deepEqual(twin, { kind: "stored", sequence: sequenceOf(first), duplicate: true });
    assert.deepEqual(again, twin);
    assert.equal((await log.read(topicOf(1), START, WHOLE)).items.length, 1);
  });

  it("agrees with a list that ignores repeats, whatever is appended", async () => {
    const { log } = await fresh();
    let round = 0;
    const batches = fc.array(fc.array(fc.tuple(fc.nat(2), fc.nat(20)), { maxLength: 10 }), { maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(batches, async (plan) => {
        round += 10;
        const wanted = new Map<number, number[]>();
        for (const batch of plan) {
          await log.append(batch.map(([topic, n]) => itemOf(topicOf(round + topic), n)));
          for (const [topic, n] of batch) {
            const list = wanted.get(topic) ?? [];
            wanted.set(topic, list.includes(n) ? list : [...list, n]);
          }
        }
        for (const [topic, names] of wanted) {
          const { items } = await log.read(topicOf(round + topic), START, WHOLE);
          assert.deepEqual(
            items.map(({ envelope }) => new DataView(Uint8Array.from(envelope).buffer).getUint32(0)),
            names,
          );
        }
      }),
      { numRuns: 15 },
    );
  });
}

function pages(fresh: Fresh): void {
  it("reads on after any number, within a count and a byte limit, without a gap or a repeat", async () => {
    const { log } = await fresh();
    await log.append(Array.from({ length: 23 }, (_, n) => itemOf(topicOf(1), n, { size: 50 + n })));
    const whole = (await log.read(topicOf(1), START, WHOLE)).items;
    for (const limits of [
      { limit: 4, maxBytes: 1_000_000 },
      { limit: 100, maxBytes: 200 },
    ]) {
      const seen: Sequence[] = [];
      for (;;) {
        const page = await log.read(topicOf(1), seen.at(-1) ?? START, limits);
        if (page.items.length === 0) break;
        assert(page.items.length <= limits.limit);
        const bytes = page.items.reduce((sum, { envelope }) => sum + envelope.length, 0);
        assert(page.items.length === 1 || bytes <= limits.maxBytes);
        seen.push(...page.items.map(({ sequence }) => sequence));
      }
      assert.deepEqual(
        seen,
        whole.map(({ sequence }) => sequence),
      );
    }
  });

  it("reads at least one envelope, even one larger than the byte limit", async () => {
    const { log } = await fresh();
    await log.append([itemOf(topicOf(1), 1, { size: ENVELOPE_MAX_BYTES }), itemOf(topicOf(1), 2)]);
    const page = await log.read(topicOf(1), START, { limit: 10, maxBytes: 10 });
    assert.deepEqual(
      page.items.map(({ envelope }) => envelope.length),
      [ENVELOPE_MAX_BYTES],
    );
    assert(page.head > (page.items[0]?.sequence ?? START), "more is announced by the head");
  });
}

function trimming(fresh: Fresh): void {
  it("erases what is trimmed and never gives its numbers again, even when the topic empties", async () => {
    const { log } = await fresh();
    const results = await log.append([1, 2, 3].map((n) => itemOf(topicOf(1), n)));
    await log.trim(topicOf(1), sequenceOf(results[1]));
    const kept = await log.read(topicOf(1), START, WHOLE);
    assert.deepEqual(
      kept.items.map(({ sequence }) => sequence),
      [sequenceOf(results[2])],
    );
    await log.trim(topicOf(1), sequenceOf(results[2]));
    const empty = await log.read(topicOf(1), START, WHOLE);
    assert.deepEqual([empty.items.length, empty.head], [0, sequenceOf(results[2])]);
    const [next] = await log.append([itemOf(topicOf(1), 4)]);
    assert(sequenceOf(next) > sequenceOf(results[2]));
  });

  it("trims one topic only, and an unknown one without a word", async () => {
    const { log } = await fresh();
    const [, other] = await log.append([itemOf(topicOf(1), 1), itemOf(topicOf(2), 1)]);
    await log.trim(topicOf(1), 1_000_000 as Sequence);
    await log.trim(topicOf(3), 1_000_000 as Sequence);
    assert.deepEqual(
      (await log.read(topicOf(2), START, WHOLE)).items.map((i) => i.sequence),
      [sequenceOf(other)],
    );
  });
}

function byId(fresh: Fresh): void {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

  it("names the ids of a topic in the order of their numbers, after any of them", async () => {
    const { log } = await fresh();
    const items = Array.from({ length: 9 }, (_, n) => itemOf(topicOf(1), n));
    const results = await log.append([...items, itemOf(topicOf(2), 1)]);
    const whole = await log.ids(topicOf(1), START, 100);
    assert.deepEqual(
      whole.items.map(({ sequence, id }) => [sequence, hex(id)]),
      items.map(({ id }, i) => [sequenceOf(results[i]), hex(id)]),
    );
    assert.equal(whole.head, sequenceOf(results[8]));
    const rest = await log.ids(topicOf(1), sequenceOf(results[3]), 3);
    assert.deepEqual(
      rest.items.map(({ id }) => hex(id)),
      items.slice(4, 7).map(({ id }) => hex(id)),
    );
    assert.deepEqual((await log.ids(topicOf(7), START, 10)).items, []);
  });

  it("gets envelopes by their ids, of that topic only, the oldest first, within a byte limit but at least one", async () => {
    const { log } = await fresh();
    const items = Array.from({ length: 5 }, (_, n) => itemOf(topicOf(1), n));
    const other = itemOf(topicOf(2), 1);
    await log.append([...items, other]);
    const wanted = [3, 1].flatMap((n) => items[n]?.id ?? []);
    const got = await log.get(topicOf(1), [...wanted, other.id, itemOf(topicOf(1), 99).id], 10_000);
    const envelopes = [1, 3].map((n) => hex(items[n]?.envelope ?? new Uint8Array()));
    assert.deepEqual(got.map(hex), envelopes);
    assert.deepEqual((await log.get(topicOf(1), wanted, 150)).map(hex), envelopes.slice(0, 1));
    assert.equal((await log.get(topicOf(1), wanted.slice(0, 1), 1)).length, 1);
    assert.deepEqual(await log.get(topicOf(9), wanted, 10_000), []);
  });
}

function noInboxes(fresh: Fresh): void {
  it("takes no inbox and no deposit", async () => {
    const { log } = await fresh();
    assert.equal(await log.registerInbox(topicOf(1)), false);
    assert.equal(await log.isInbox(topicOf(1)), false);
    assert.deepEqual(await log.append([itemOf(topicOf(1), 9, { kind: DEPOSIT })]), [
      { kind: "error", error: "wrong-kind" },
    ]);
  });
}

function inboxes(fresh: Fresh): void {
  it("knows an inbox from its registration on", async () => {
    const { log } = await fresh();
    await log.append([itemOf(topicOf(2), 1)]);
    assert.deepEqual([await log.isInbox(topicOf(1)), await log.isInbox(topicOf(2))], [false, false]);
    await log.registerInbox(topicOf(1));
    await log.registerInbox(topicOf(1));
    assert.deepEqual([await log.isInbox(topicOf(1)), await log.isInbox(topicOf(2))], [true, false]);
  });

  it("makes no inbox of a topic that has held anything else, even when it is empty again", async () => {
    const { log } = await fresh();
    const results = await log.append([itemOf(topicOf(1), 1), itemOf(topicOf(2), 1)]);
    await log.trim(topicOf(2), sequenceOf(results[1]));
    for (const topic of [topicOf(1), topicOf(2)]) {
      assert.equal(await log.registerInbox(topic), false);
      assert.equal(await log.isInbox(topic), false);
      sequenceOf((await log.append([itemOf(topic, 2)]))[0]);
    }
  });

  it("takes nothing but deposits in an inbox, and deposits nowhere else", async () => {
    const { log } = await fresh();
    assert.equal(await log.registerInbox(topicOf(1)), true);
    const deposit = itemOf(topicOf(1), 9, { kind: DEPOSIT });
    const wrong = [MESSAGE, ENTRY, RENDEZVOUS].map((kind) => itemOf(topicOf(1), kind, { kind }));
    const results = await log.append([...wrong, itemOf(topicOf(2), 9, { kind: DEPOSIT }), deposit]);
    const refusal = { kind: "error", error: "wrong-kind" };
    assert.deepEqual(results.slice(0, 4), [refusal, refusal, refusal, refusal]);
    assert.equal((await log.read(topicOf(1), START, WHOLE)).head, sequenceOf(results[4]));
    assert.equal(await log.registerInbox(topicOf(1)), true, "its owner comes back");
  });
}

function quotas(fresh: Fresh): void {
  it("refuses an envelope over the size limit and stores its neighbours", async () => {
    const { log } = await fresh();
    const large = itemOf(topicOf(1), 2, { size: ENVELOPE_MAX_BYTES + 1 });
    const results = await log.append([itemOf(topicOf(1), 1), large, itemOf(topicOf(1), 3)]);
    assert.deepEqual(results[1], { kind: "error", error: "too-large" });
    assert(sequenceOf(results[2]) > sequenceOf(results[0]));
  });

  it("refuses by quota when a topic is full, while others go on, until it is trimmed", async () => {
    const { log } = await fresh();
    const shape = { size: 50_000, kind: MESSAGE };
    assert.equal(await fill(log, endless(topicOf(1), shape)), "quota");
    const { items, head } = await log.read(topicOf(1), START, WHOLE);
    const bytes = items.reduce((sum, { envelope }) => sum + envelope.length, 0);
    assert(bytes <= CONTRACT_LIMITS.topicMaxBytes && bytes > CONTRACT_LIMITS.topicMaxBytes / 2, `${bytes} bytes`);
    sequenceOf((await log.append([itemOf(topicOf(2), 1, shape)]))[0]);
    await log.trim(topicOf(1), head);
    assert(sequenceOf((await log.append([itemOf(topicOf(1), 999, shape)]))[0]) > head);
  });

  it("keeps room for membership entries in a topic that messages have filled", async () => {
    const { log } = await fresh();
    assert.equal(await fill(log, endless(topicOf(1), { size: 20_000, kind: MESSAGE })), "quota");
    sequenceOf((await log.append([itemOf(topicOf(1), 999, { size: 20_000, kind: ENTRY })]))[0]);
  });
}

function inboxQuota(fresh: Fresh): void {
  it("gives an inbox its own quota, which deposits use up", async () => {
    const { log } = await fresh();
    await log.registerInbox(topicOf(1));
    assert.equal(await fill(log, endless(topicOf(1), { size: 10_000, kind: DEPOSIT })), "quota");
    const { items } = await log.read(topicOf(1), START, WHOLE);
    const bytes = items.reduce((sum, { envelope }) => sum + envelope.length, 0);
    assert(bytes <= CONTRACT_LIMITS.inboxMaxBytes && bytes > CONTRACT_LIMITS.inboxMaxBytes / 2, `${bytes} bytes`);
  });
}

function wholeQuota(fresh: Fresh): void {
  it("refuses by quota when the whole holder is full, and still names what it has", async () => {
    const { log } = await fresh();
    const shape = { size: 60_000, kind: MESSAGE };
    let refused = "";
    for (let topic = 1; topic < 10; topic++) refused = await fill(log, endless(topicOf(topic), shape));
    assert.equal(refused, "quota");
    assert.deepEqual(await log.append([itemOf(topicOf(50), 1, shape)]), [{ kind: "error", error: "quota" }]);
    const [again] = await log.append([itemOf(topicOf(1), 1, shape)]);
    assert(again?.kind === "stored" && again.duplicate);
  });
}

function restarts(fresh: Fresh, hasInboxes: boolean): void {
  it("comes back after a restart with the same log id, envelopes, inboxes and numbers", async function () {
    const { log, reopen } = await fresh();
    if (!reopen) return this.skip();
    await log.registerInbox(topicOf(2));
    const results = await log.append([1, 2, 3].map((n) => itemOf(topicOf(1), n)));
    await log.trim(topicOf(1), sequenceOf(results[0]));
    const before = await log.read(topicOf(1), START, WHOLE);
    await log.close();
    const back = await reopen();
    assert.deepEqual([...back.logId], [...log.logId]);
    assert.deepEqual(await back.read(topicOf(1), START, WHOLE), before);
    assert.equal(await back.isInbox(topicOf(2)), hasInboxes);
    const [again, next] = await back.append([itemOf(topicOf(1), 3), itemOf(topicOf(1), 4)]);
    assert.deepEqual(again, { kind: "stored", sequence: sequenceOf(results[2]), duplicate: true });
    assert(sequenceOf(next) > sequenceOf(results[2]));
  });

  it("reports that it is synced, writable and idle", async () => {
    const { log } = await fresh();
    await log.append([itemOf(topicOf(1), 1)]);
    assert.deepEqual(log.health(), { writable: true, lagMs: 0, durability: "synced" });
  });
}
