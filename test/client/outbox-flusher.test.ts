import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createOutboxFlusher } from "../../src/client/outbox-flusher.ts";
import type { AppendOutcome, Network, RelayStatus } from "../../src/client/ports/network.ts";
import { createStepQueue } from "../../src/client/step-queue.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import { outboxId } from "../../src/protocol/outbox.ts";
import { OUTBOX } from "../../src/protocol/records/outbox.ts";
import { depositEnvelope } from "../../src/protocol/topic-envelope.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { type Sequence, Topic } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";
import { seededRandom } from "../sim/seeded-random.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

const STORED: AppendOutcome = { kind: "stored", sequence: 1 as Sequence, duplicate: false };
const UNREACHABLE: AppendOutcome = { kind: "unreachable" };

/** A profile with a group of its own, and a network that answers as told. */
async function flushing() {
  const profile = emptyProfile();
  const store = memoryStore(profile);
  const clock = virtualClock();
  const queue = createStepQueue({
    primitives: nativePrimitives,
    store,
    clock,
    random: seededRandom(1).bytes,
    perform: () => undefined,
  });
  await queue.put({ kind: "create-account", name: "Ann", relays: [], accountSeed: new Uint8Array(32) });
  const made = await queue.put({ kind: "create-group", name: "club" });
  assert(made.kind === "group");
  const world: { answer: AppendOutcome; caughtUp: boolean; state: RelayStatus["state"]; sinceMs: number } = {
    answer: STORED,
    caughtUp: true,
    state: "connected",
    sinceMs: 0,
  };
  const appended: Uint8Array[][] = [];
  const relays = () => [{ address: "a", state: world.state, sinceMs: world.sinceMs }];
  const append: Network["append"] = async (envelopes) => {
    appended.push([...envelopes]);
    return envelopes.map(() => world.answer);
  };
  const flusher = createOutboxFlusher({
    store,
    clock,
    put: queue.put,
    network: { relays, append } as Partial<Network> as Network,
    isCaughtUp: () => world.caughtUp,
    walked: () => walks++,
  });
  let walks = 0;
  const unwrite = () => profile.records.delete(`${OUTBOX.prefix}${outboxId(900)}`);
  let calls = 0;
  const say = (text: string, group = made.group.group) =>
    queue.put({ kind: "send-text", group, text, call: toHex(Uint8Array.of(calls++)) });
  const another = async () => {
    const other = await queue.put({ kind: "create-group", name: "other club" });
    assert(other.kind === "group");
    return other.group.group;
  };
  /** Puts a letter into the outbox. */
  const write = async () => {
    const envelope = depositEnvelope(Topic.from(new Uint8Array(32)), new Uint8Array(9));
    const row = { envelope, topic: Topic.from(new Uint8Array(32)), origin: { kind: "none" as const } };
    profile.records.set(`${OUTBOX.prefix}${outboxId(900)}`, encode(OUTBOX.codec, row));
  };
  const rows = () =>
    [...profile.records].flatMap(([key, bytes]) =>
      key.startsWith(OUTBOX.prefix) ? [decode(OUTBOX.codec, bytes)] : [],
    );
  const flush = async () => {
    flusher.flush();
    await clock.pass(0);
  };
  return { flusher, flush, say, walks: () => walks, another, write, unwrite, rows, world, appended, clock };
}

describe("the outbox flusher", () => {
  it("sends in the order of writing, and what is stored leaves the outbox", async () => {
    const { flush, say, rows, appended } = await flushing();
    for (const text of ["one", "two", "three"]) await say(text);
    const envelopes = rows().map((row) => row?.envelope);
    await flush();
    assert.deepEqual([appended.flat(), rows()], [envelopes, []]);
  });

  it("holds messages until their topic has been read to its end", async () => {
    const { flush, say, rows, world, appended } = await flushing();
    world.caughtUp = false;
    await say("one");
    await flush();
    assert.deepEqual([appended, rows().length], [[], 1]);
    world.caughtUp = true;
    await flush();
    assert.deepEqual([appended.length, rows()], [1, []]);
  });

  it("holds them for no more than 10 s of connection", async () => {
    const { flush, say, rows, world, clock } = await flushing();
    Object.assign(world, { caughtUp: false, state: "unreachable" });
    await say("one");
    await flush();
    await clock.pass(60_000);
    world.state = "connected";
    await flush();
    await clock.pass(9_000);
    assert.equal(rows().length, 1, "time without a connection does not count");
    await clock.pass(4_000);
    assert.equal(rows().length, 0);
  });

  it("tries again in a while when nobody can be reached", async () => {
    const { flush, say, rows, world, appended, clock } = await flushing();
    world.answer = UNREACHABLE;
    await say("one");
    await flush();
    assert.deepEqual([appended.length, rows().length], [1, 1]);
    await clock.pass(2_000);
    assert.equal(appended.length, 2);
    world.answer = STORED;
    await clock.pass(2_000);
    assert.equal(rows().length, 0);
    await clock.pass(60_000);
    assert.equal(appended.length, 3, "and then rests");
  });

  it("keeps what is refused for now, and drops what is refused for good", async () => {
    const { flush, say, rows, world, clock } = await flushing();
    await say("one");
    world.answer = { kind: "refused", reason: REFUSAL.quota };
    await flush();
    assert.equal(rows().length, 1);
    world.answer = { kind: "refused", reason: REFUSAL.forged };
    await clock.pass(2_000);
    assert.equal(rows().length, 0);
  });

  it("pauses twice as long each time, at most 15 s, and from the beginning after a new connection", async () => {
    const { flush, say, world, appended, clock } = await flushing();
    await say("one");
    world.answer = { kind: "refused", reason: REFUSAL.quota };
    await flush();
    for (const pauseMs of [2_000, 4_000, 8_000, 15_000, 15_000]) {
      const before = appended.length;
      await flush();
      await clock.pass(pauseMs - 1);
      assert.equal(appended.length, before, `not within ${pauseMs} ms`);
      await clock.pass(1);
      assert.equal(appended.length, before + 1);
    }
    world.sinceMs = clock.nowMs();
    await flush();
    assert.equal(appended.length, 7);
    await clock.pass(2_000);
    assert.equal(appended.length, 8);
  });

  it("waits as long as a relay asks for, but never longer than a minute", async () => {
    const { flush, say, world, appended, clock } = await flushing();
    for (const [askedMs, pauseMs] of [
      [30_000, 30_000],
      [4_000_000_000, 60_000],
    ] as const) {
      world.answer = { kind: "refused", reason: REFUSAL.busy, retryAfterMs: askedMs };
      world.sinceMs += 1;
      await say("one");
      await flush();
      const before = appended.length;
      world.answer = STORED;
      await say("this one waits behind it");
      await flush();
      await clock.pass(pauseMs - 1);
      assert.equal(appended.length, before);
      await clock.pass(1);
      assert.equal(appended.length, before + 1);
    }
  });

  it("lets one topic wait without the others", async () => {
    const { flush, say, rows, world, another } = await flushing();
    const other = await another();
    await flush();
    await say("one");
    world.answer = { kind: "refused", reason: REFUSAL.quota };
    await flush();
    world.answer = STORED;
    await say("two", other);
    await flush();
    assert.deepEqual(
      rows().map((row) => row?.origin.kind === "message" && row.origin.text),
      ["one"],
    );
  });

  it("knows how many letters wait for an inbox that no relay knows, until somebody else is asked", async () => {
    const { flusher, flush, write, world, rows } = await flushing();
    await write();
    world.answer = { kind: "refused", reason: REFUSAL.unknownTopic };
    await flush();
    assert.deepEqual([flusher.undelivered(), rows().length], [1, 1]);
    Object.assign(world, { sinceMs: 1, answer: UNREACHABLE });
    await flush();
    assert.equal(flusher.undelivered(), 0);
    Object.assign(world, { sinceMs: 2, answer: { kind: "refused", reason: REFUSAL.unknownTopic } });
    await flush();
    assert.equal(flusher.undelivered(), 1);
    Object.assign(world, { sinceMs: 3, answer: STORED });
    await flush();
    assert.deepEqual([flusher.undelivered(), rows()], [0, []]);
  });

  it("tries a topic at once that a holder has opened since, and forgets letters that a step took back", async () => {
    const { flusher, walks, write, unwrite, world, appended, clock } = await flushing();
    world.answer = { kind: "refused", reason: REFUSAL.unknownTopic };
    await write();
    flusher.flush();
    await clock.pass(0);
    for (const [topic, count] of [
      ["11".repeat(32), 1],
      ["00".repeat(32), 2],
    ] as const) {
      flusher.flush(topic);
      await clock.pass(0);
      assert.equal(appended.length, count);
    }
    assert.equal(flusher.undelivered(), 1);
    unwrite();
    await clock.pass(60_000);
    assert.deepEqual([flusher.undelivered(), walks() < 10], [0, true], "and rests");
  });

  it("sends nothing after it was closed", async () => {
    const { flusher, flush, say, world, appended, clock } = await flushing();
    world.answer = UNREACHABLE;
    await say("one");
    await flush();
    await flusher.close();
    await flush();
    await clock.pass(10_000);
    assert.equal(appended.length, 1);
  });
});
