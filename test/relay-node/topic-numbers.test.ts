import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, it } from "mocha";
import { openDatabase } from "../../relay-node/store-schema.ts";
import { openTopicNumbers, type TopicNumbers, YOUNG_MAX } from "../../relay-node/topic-numbers.ts";

const TOPICS = 3;

describe("the numbers of topics", () => {
  let directory = "";
  let db: ReturnType<typeof openDatabase>;
  /** What is there, by topic: the numbers in order. */
  let there: number[][] = [];
  const heads = new Map<number, number>();

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "hermes-numbers-"));
    db = openDatabase({ directory, maxPages: 0 });
    there = Array.from({ length: TOPICS }, () => []);
    heads.clear();
  });

  afterEach(() => {
    db.close();
    rmSync(directory, { recursive: true });
  });

  const written = (): unknown => db.prepare("SELECT count(*) FROM numbered").pluck().get();

  /** Appends so many, in turns to each topic. */
  function append(numbers: TopicNumbers, count: number): void {
    const add = db.prepare(
      "INSERT INTO envelope (topic, sequence, arrived_at, id, envelope) VALUES (?, ?, 0, x'01', ?)",
    );
    const all = db.transaction(() => {
      for (let i = 0; i < count; i++) {
        const topic = i % TOPICS;
        const sequence = (heads.get(topic) ?? 0) + 1;
        const { lastInsertRowid } = add.run(topic, sequence, Buffer.from(`${topic} ${sequence}`));
        numbers.add(topic, sequence, Number(lastInsertRowid));
        heads.set(topic, sequence);
        there[topic]?.push(sequence);
      }
    });
    all();
  }

  function trim(numbers: TopicNumbers, topic: number, upTo: number): void {
    const erase = db.prepare("DELETE FROM envelope WHERE arrival = ?");
    for (const { arrival } of numbers.prefix(topic, upTo)) erase.run(arrival);
    numbers.removePrefix(topic, upTo);
    there[topic] = (there[topic] ?? []).filter((sequence) => sequence > upTo);
  }

  function assertFinds(numbers: TopicNumbers): void {
    for (const [topic, expected] of there.entries()) {
      assert.deepEqual(
        numbers.ids(topic, 0, 1_000_000).map(({ sequence }) => sequence),
        expected,
      );
      const middle = expected[expected.length >> 1] ?? 0;
      const next = expected.find((sequence) => sequence > middle);
      const found = numbers.next(topic, middle);
      assert.deepEqual(found?.envelope.toString(), next === undefined ? undefined : `${topic} ${next}`);
      assert.equal(numbers.prefix(topic, middle).length, expected.filter((sequence) => sequence <= middle).length);
    }
  }

  it("are found young and old, before and after a restart", () => {
    const numbers = openTopicNumbers(db);
    append(numbers, YOUNG_MAX);
    assert.equal(written(), 0);
    assertFinds(numbers);
    append(numbers, YOUNG_MAX);
    assert.equal(written(), YOUNG_MAX + 1);
    for (const each of [numbers, openTopicNumbers(db)]) assertFinds(each);
    assert.deepEqual(
      numbers.ids(0, 0, 5).map(({ sequence }) => sequence),
      [1, 2, 3, 4, 5],
    );
  });

  it("are found as they were when the transaction that wrote them failed", () => {
    const numbers = openTopicNumbers(db);
    append(numbers, YOUNG_MAX - 1);
    const [before, headsBefore] = [there.map((each) => [...each]), new Map(heads)];
    const restore = numbers.savepoint();
    assert.throws(() =>
      db.transaction(() => {
        append(numbers, 5);
        assert.equal(written(), YOUNG_MAX + 1);
        throw new Error("no disk");
      })(),
    );
    restore();
    there = before;
    for (const [topic, head] of headsBefore) heads.set(topic, head);
    append(numbers, 7);
    for (const each of [numbers, openTopicNumbers(db)]) assertFinds(each);
  });

  it("are found after any order of appends, trims, failures and restarts", function () {
    this.timeout(20_000);
    const acts = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: YOUNG_MAX }) }),
        fc.record({
          kind: fc.constant("trim" as const),
          topic: fc.nat(TOPICS - 1),
          part: fc.double({ min: 0, max: 1, noNaN: true }),
        }),
        fc.record({ kind: fc.constant("trim-all" as const) }),
        fc.record({ kind: fc.constant("fail" as const), count: fc.integer({ min: 1, max: YOUNG_MAX }) }),
        fc.record({ kind: fc.constant("restart" as const) }),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(acts, (some) => {
        db.exec("DELETE FROM envelope; DELETE FROM numbered; DELETE FROM meta WHERE name = 'numbered'");
        there = Array.from({ length: TOPICS }, () => []);
        heads.clear();
        let numbers = openTopicNumbers(db);
        db.transaction(() => {
          for (const act of some) {
            if (act.kind === "append") append(numbers, act.count);
            if (act.kind === "trim") trim(numbers, act.topic, Math.floor(act.part * (heads.get(act.topic) ?? 0)));
            if (act.kind === "trim-all")
              for (let topic = 0; topic < TOPICS; topic++) trim(numbers, topic, heads.get(topic) ?? 0);
            if (act.kind === "restart") numbers = openTopicNumbers(db);
            if (act.kind === "fail") failing(numbers, act.count);
          }
          assertFinds(numbers);
          assertFinds(openTopicNumbers(db));
        })();
      }),
      { numRuns: 30 },
    );
  });

  /** Appends in a transaction that is undone. */
  function failing(numbers: TopicNumbers, count: number): void {
    const [before, headsBefore] = [there.map((each) => [...each]), new Map(heads)];
    const restore = numbers.savepoint();
    db.exec("SAVEPOINT failing");
    append(numbers, count);
    db.exec("ROLLBACK TO failing; RELEASE failing");
    restore();
    there = before;
    heads.clear();
    for (const [topic, head] of headsBefore) heads.set(topic, head);
  }
});
