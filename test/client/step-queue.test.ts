import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ProfileChanges, ProfileStore } from "../../src/client/ports/profile.ts";
import { createStepQueue } from "../../src/client/step-queue.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import type { Input } from "../../src/protocol/machine.ts";
import { FORK_PROOF } from "../../src/protocol/records/conversation.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { decode } from "../../src/wire/encoding.ts";
import { ENVELOPE_KIND, kindOf, topicOf } from "../../src/wire/envelope.ts";
import { Fault, isFault } from "../../src/wire/fault.ts";
import { EpochId, GroupId, LogId, type Sequence, Topic } from "../../src/wire/ids.ts";
import { fromHex, toHex } from "../../src/wire/text-forms.ts";
import { copyOf, emptyProfile, memoryStore } from "../sim/memory-profile.ts";
import { seededRandom } from "../sim/seeded-random.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

interface Options {
  /** What happens instead of a commit. */
  readonly commit?: (changes: ProfileChanges, store: ProfileStore) => Promise<void>;
  /** What happens instead of a load. */
  readonly load?: (keys: readonly string[], store: ProfileStore) => ReturnType<ProfileStore["load"]>;
  readonly random?: (length: number) => Uint8Array;
}

function newQueue({ commit, load, random = seededRandom(1).bytes }: Options = {}) {
  const profile = emptyProfile();
  const store = memoryStore(profile);
  const clock = virtualClock();
  const committed: ProfileChanges[] = [];
  const performed: (readonly Effect[])[] = [];
  const seen: string[] = [];
  const queue = createStepQueue({
    primitives: nativePrimitives,
    clock,
    random,
    perform: (effects) => {
      seen.push("perform");
      performed.push(effects);
    },
    store: {
      ...store,
      load: (keys) => (load ? load(keys, store) : store.load(keys)),
      commit: async (changes) => {
        seen.push("commit");
        if (commit) await commit(changes, store);
        else await store.commit(changes);
        committed.push(changes);
      },
    },
  });
  return { queue, profile, committed, performed, seen, clock };
}

const ACCOUNT: Input = { kind: "create-account", name: "Ann", relays: [], accountSeed: new Uint8Array(32).fill(1) };
const group = (name: string): Input => ({ kind: "create-group", name });
const FAULTING: Input = { kind: "change-group", group: GroupId.from(new Uint8Array(32)), change: { kind: "rekey" } };

describe("the step queue", () => {
  it("commits inputs that come together at once, each seeing what those before it wrote", async () => {
    const { queue, profile, committed } = newQueue();
    const answers = await Promise.all([ACCOUNT, group("one"), group("two")].map(queue.put));
    assert.equal(committed.length, 1);
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ["none", "group", "group"],
    );
    assert.equal([...profile.records.keys()].filter((key) => key.startsWith("group/")).length, 2);
  });

  it("shows an input also the lines of those before it: what comes twice in one batch is here once", async () => {
    const { queue, profile, committed } = newQueue();
    await queue.put(ACCOUNT);
    const made = await queue.put(group("one"));
    assert(made.kind === "group");
    const before = copyOf(profile);
    await queue.put({ kind: "send-text", group: made.group.group, text: "hello", call: "00" });
    const sent = [...profile.records].findLast(([key]) => key.startsWith(OUTBOX.prefix))?.[1];
    const row = sent && decode(OUTBOX.codec, sent);
    assert(row);
    // an old copy of the profile, to which its own message comes as news
    profile.lines.clear();
    for (const key of [...profile.records.keys()]) profile.records.delete(key);
    for (const [key, value] of before.records) profile.records.set(key, value);
    const echo = { kind: "delivered", log: LogId.from(new Uint8Array(16).fill(1)), ...row } as const;
    await Promise.all([1, 2].map((sequence) => queue.put({ ...echo, sequence: sequence as Sequence })));
    assert.equal(committed.at(-1)?.lines.filter(({ text }) => text === "hello").length, 1);
    assert(![...profile.records.keys()].some((key) => key.startsWith(FORK_PROOF.prefix)));
  });

  it("gives an input that faults its fault, and keeps nothing of it; the others are committed", async () => {
    const { queue, profile } = newQueue();
    await queue.put(ACCOUNT);
    const outcomes = await Promise.allSettled([group("one"), FAULTING, group("two")].map(queue.put));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert.equal([...profile.records.keys()].filter((key) => key.startsWith("group/")).length, 2);
  });

  it("leaves no trace of an input that faults after it has written", async () => {
    const { queue, profile, performed } = newQueue();
    await queue.put(ACCOUNT);
    const made = await queue.put(group("one"));
    assert(made.kind === "group");
    for (const key of profile.records.keys())
      if (key.startsWith("senders/")) profile.records.set(key, new Uint8Array(1));
    profile.records.set("counters", new Uint8Array(1)); // the outbox is the last thing that a message touches
    const before = new Map(profile.records);
    const effects = performed.flat().length;
    const send: Input = { kind: "send-text", group: made.group.group, text: "hello", call: "00" };
    await assert.rejects(queue.put(send), (error) => isFault(error, "storage/corrupt"));
    assert.deepEqual(new Map(profile.records), before);
    assert.deepEqual([performed.flat().length, profile.lines.size], [effects, 1]);
  });

  it("performs effects only after their commit", async () => {
    const { queue, seen, performed } = newQueue();
    await Promise.all([ACCOUNT, group("one")].map(queue.put));
    assert.deepEqual(seen, ["commit", "perform"]);
    assert(performed.flat().some(({ kind }) => kind === "subscribe"));
  });

  it("keeps envelopes of a group for its other members in the commit that writes or takes them, and letters not", async () => {
    const { queue, committed, profile } = newQueue();
    await Promise.all([ACCOUNT, group("one")].map(queue.put));
    const [id = ""] = [...profile.records.keys()].flatMap((key) => (key.startsWith("group/") ? [key.slice(6)] : []));
    const to = GroupId.from(fromHex(id) ?? new Uint8Array());
    await queue.put({ kind: "send-text", group: to, text: "hello", call: "01" });
    const sent = committed.at(-1)?.kept ?? [];
    assert.deepEqual(sent.map(kindOf), [ENVELOPE_KIND.message]);
    const envelope = sent[0] ?? new Uint8Array();
    const topic = Topic.from(topicOf(envelope).slice());
    const log = LogId.from(new Uint8Array(16));
    await queue.put({ kind: "delivered", log, topic, sequence: 1 as Sequence, envelope });
    assert.deepEqual(committed.at(-1)?.kept, [], "it is kept since it was written");
    const forged = envelope.with(60, (envelope[60] ?? 0) ^ 1);
    await queue.put({ kind: "delivered", log, topic, sequence: 2 as Sequence, envelope: forged });
    assert.deepEqual(committed.at(-1)?.kept, []);
    const kinds = committed.flatMap(({ kept }) => kept ?? []).map(kindOf);
    assert(!kinds.includes(ENVELOPE_KIND.deposit));
  });

  it("answers every input of a batch whose commit fails with that fault, and performs nothing", async () => {
    const full = new Fault("storage/full", "no space is left");
    const { queue, profile, performed } = newQueue({ commit: () => Promise.reject(full) });
    const outcomes = await Promise.allSettled([ACCOUNT, group("one")].map(queue.put));
    for (const outcome of outcomes) assert(outcome.status === "rejected" && outcome.reason === full);
    assert.deepEqual([performed, profile.records.size], [[], 0]);
  });

  it("goes on after a commit that failed as if its inputs had never been", async () => {
    let fails = false;
    const { queue, profile } = newQueue({
      commit: async (changes, store) => {
        if (fails) throw new Fault("storage/busy", "locked");
        await store.commit(changes);
      },
    });
    await queue.put(ACCOUNT);
    fails = true;
    await assert.rejects(queue.put(group("one")));
    fails = false;
    await queue.put(group("two"));
    assert.equal([...profile.records.keys()].filter((key) => key.startsWith("group/")).length, 1);
  });

  it("refuses the deliveries behind one that could not be stored, so that no place passes what was lost", async () => {
    let commits = 0;
    const full = new Fault("storage/full", "no space is left");
    const { queue, profile } = newQueue({
      commit: async (changes, store) => {
        commits++;
        if (commits === 2) throw full;
        await store.commit(changes);
      },
    });
    await queue.put(ACCOUNT);
    const log = LogId.from(new Uint8Array(16).fill(1)); // a relay's
    const topic = Topic.from(new Uint8Array(32).fill(3));
    const envelope = new Uint8Array(64);
    const arrive = (sequence: number) =>
      queue.put({ kind: "delivered", log, topic, sequence: sequence as Sequence, envelope });
    const all = [...Array.from({ length: 200 }, (_, i) => arrive(i + 1)), queue.put(group("one"))];
    const outcomes = await Promise.allSettled(all);
    const others = outcomes.pop();
    for (const outcome of outcomes) assert(outcome.status === "rejected" && outcome.reason === full);
    assert.equal(others?.status, "fulfilled");
    assert(![...profile.records.keys()].some((key) => key.startsWith("cursor/")));
    await arrive(1);
    assert([...profile.records.keys()].some((key) => key.startsWith("cursor/")));
  });

  it("refuses the deliveries behind one whose records could not be read", async () => {
    let fails = false;
    const { queue, profile } = newQueue({
      load: (keys, store) => {
        if (fails && keys.some((key) => key.startsWith("topic/"))) {
          fails = false;
          return Promise.reject(new Fault("storage/failed", "the disk does not answer"));
        }
        return store.load(keys);
      },
    });
    await queue.put(ACCOUNT);
    fails = true;
    const log = LogId.from(new Uint8Array(16).fill(1)); // a relay's
    const topic = Topic.from(new Uint8Array(32).fill(3));
    const deliveries = [1, 2, 3].map((sequence) =>
      queue.put({ kind: "delivered", log, topic, sequence: sequence as Sequence, envelope: new Uint8Array(64) }),
    );
    const outcomes = await Promise.allSettled(deliveries);
    assert(outcomes.every(({ status }) => status === "rejected"));
    assert(![...profile.records.keys()].some((key) => key.startsWith("cursor/")));
  });

  describe("with a report to make", () => {
    const report = EpochId.from(new Uint8Array(32).fill(9));
    const isOf = (prefix: string) => (keys: readonly string[]) => keys.some((key) => key.startsWith(prefix));
    /** What was looked at, in its order; each commit takes so many ms. */
    const orderWhen = async (commitMs: number) => {
      const order: string[] = [];
      const { queue, clock } = newQueue({
        load: (keys, store) => {
          order.push(...["topic/", "to-report/"].filter((prefix) => isOf(prefix)(keys)));
          return store.load(keys);
        },
        commit: async (changes, store) => {
          await store.commit(changes);
          await clock.pass(commitMs);
        },
      });
      await queue.put(ACCOUNT);
      order.length = 0;
      const log = LogId.from(new Uint8Array(16).fill(1)); // a relay's
      const arrive = (_: unknown, i: number) => {
        const topic = Topic.from(new Uint8Array(32).fill(i));
        return queue.put({ kind: "delivered", log, topic, sequence: 1 as Sequence, envelope: new Uint8Array(64) });
      };
      let isDone = false;
      const all = [queue.put({ kind: "tick", report }), ...Array.from({ length: 130 }, arrive)];
      const done = Promise.all(all).then(() => {
        isDone = true;
      });
      while (!isDone) await clock.pass(1);
      await done;
      return order.indexOf("to-report/");
    };

    it("takes in what has come before", async () => {
      assert.equal(await orderWhen(0), 130);
    });

    it("makes it after 10 s, whatever comes", async () => {
      assert.equal(await orderWhen(11_000), 64);
    });
  });

  it("gives each input entropy of its own", async () => {
    const given: string[] = [];
    const random = seededRandom(5).bytes;
    const { queue } = newQueue({
      random: (length) => {
        const bytes = random(length);
        given.push(toHex(bytes));
        return bytes;
      },
    });
    const answers = await Promise.all([ACCOUNT, group("same"), group("same")].map(queue.put));
    assert.equal(new Set(given).size, 3);
    const ids = answers.flatMap((answer) => (answer.kind === "group" ? [toHex(answer.group.group)] : []));
    assert.equal(new Set(ids).size, 2);
  });

  it("finishes what is under way when it is closed, and takes no more", async () => {
    const { queue, committed } = newQueue();
    const last = queue.put(ACCOUNT);
    await queue.close();
    assert.equal(committed.length, 1);
    await last;
    await assert.rejects(queue.put(group("late")), (error) => isFault(error, "network/closed"));
  });

  it("commits at most 256 inputs at once, 64 of them deliveries", async () => {
    const { queue, committed } = newQueue();
    await queue.put(ACCOUNT);
    await Promise.all(Array.from({ length: 300 }, () => queue.put({ kind: "tick" })).concat(queue.put(group("one"))));
    assert.equal(committed.length, 2);
    const log = LogId.from(new Uint8Array(16).fill(1)); // a relay's
    const arrive = (_: unknown, i: number) => {
      const topic = Topic.from(new Uint8Array(32).fill(i));
      return queue.put({ kind: "delivered", log, topic, sequence: 1 as Sequence, envelope: new Uint8Array(64) });
    };
    await Promise.all(Array.from({ length: 130 }, arrive));
    assert.deepEqual(
      committed.slice(2).map(({ records }) => [...records.keys()].filter((key) => key.startsWith("cursor/")).length),
      [64, 64, 2],
    );
  });
});
