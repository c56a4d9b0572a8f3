import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { ProfileStore } from "../../src/client/ports/profile.ts";
import { createStepQueue, type StepQueue } from "../../src/client/step-queue.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import type { Answer } from "../../src/protocol/machine.ts";
import { Fault, isFault } from "../../src/wire/fault.ts";
import { GroupId as Group, type GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { emptyProfile, linesOf, type MemoryProfile, memoryStore } from "../sim/memory-profile.ts";
import { seededRandom } from "../sim/seeded-random.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

describe("a commit of the step queue", () => {
  let profile: MemoryProfile;
  let queue: StepQueue;
  let performed: Effect["kind"][];
  let full: boolean;
  let commitsAtEffect: number[];

  beforeEach(async () => {
    profile = emptyProfile();
    performed = [];
    commitsAtEffect = [];
    full = false;
    const memory = memoryStore(profile);
    const store: ProfileStore = {
      ...memory,
      commit: async (changes) => {
        if (full) throw new Fault("storage/full", "the disk is full");
        await memory.commit(changes);
      },
    };
    queue = createStepQueue({
      primitives: nativePrimitives,
      store,
      clock: virtualClock(),
      random: seededRandom(1).bytes,
      perform: (effects) => {
        performed.push(...effects.map(({ kind }) => kind));
        commitsAtEffect.push(profile.commits);
      },
    });
    await queue.put({ kind: "create-account", name: "Adelaide", relays: [], accountSeed: new Uint8Array(32).fill(1) });
    performed.length = 0;
  });

  const createGroup = async (): Promise<GroupId> => {
    const answer = await queue.put({ kind: "create-group", name: "walking club" });
    assert(answer.kind === "group");
    return answer.group.group;
  };
  const say = (group: GroupId, text: string): Promise<Answer> =>
    queue.put({ kind: "send-text", group, text, call: toHex(new TextEncoder().encode(text)) });

  it("comes before the effects of its inputs", async () => {
    const before = profile.commits;
    await createGroup();
    assert(performed.length > 0);
    assert.equal(commitsAtEffect.at(-1), before + 1);
  });

  it("is shared by inputs that wait together, each seeing what those before it did", async () => {
    const group = await createGroup();
    const before = profile.commits;
    await Promise.all(["one", "two", "three"].map((text) => say(group, text)));
    assert.equal(profile.commits, before + 1);
    const texts = linesOf(profile, toHex(group)).filter(({ kind }) => kind === "text");
    assert.deepEqual(
      texts.map(({ text }) => text),
      ["one", "two", "three"],
    );
  });

  it("signs texts that wait together for one group once, and answers each with its own message", async () => {
    const group = await createGroup();
    const answers = await Promise.all(["one", "two", "three"].map((text) => say(group, text)));
    const ids = answers.map((answer) => (answer.kind === "message" ? toHex(answer.id) : assert.fail()));
    const lines = linesOf(profile, toHex(group)).filter(({ kind }) => kind === "text");
    assert.deepEqual(
      lines.map(({ id }) => id),
      ids,
    );
    const sizes = [...profile.records].filter(([key]) => key.startsWith("outbox/")).map(([, { length }]) => length);
    assert.equal(sizes.length, 3);
    const alone = await say(group, "alone");
    assert.equal(alone.kind, "message");
    const [last = 0] = [...profile.records]
      .filter(([key]) => key.startsWith("outbox/"))
      .map(([, { length }]) => length)
      .slice(-1);
    assert(
      sizes.every((size) => size > last),
      "those of a burst carry a path",
    );
  });

  it("gives joined texts that fault their faults one by one", async () => {
    const group = await createGroup();
    const tooLong = say(group, "x".repeat(70_000));
    const outcomes = await Promise.allSettled([say(group, "one"), tooLong, say(group, "two")]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    const texts = linesOf(profile, toHex(group)).filter(({ kind }) => kind === "text");
    assert.deepEqual(
      texts.map(({ text }) => text),
      ["one", "two"],
    );
  });

  it("leaves out an input that ends in a fault, and nothing else", async () => {
    const group = await createGroup();
    const nowhere = Group.from(new Uint8Array(32).fill(9));
    const outcomes = await Promise.allSettled([say(group, "one"), say(nowhere, "lost"), say(group, "two")]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    assert(![...profile.records.keys()].some((key) => key.includes(toHex(new TextEncoder().encode("lost")))));
    assert.equal(linesOf(profile, toHex(group)).filter(({ kind }) => kind === "text").length, 2);
  });

  it("that fails rejects all of its inputs, performs nothing, and the next one begins from before", async () => {
    const group = await createGroup();
    const records = new Map(profile.records);
    performed.length = 0;
    full = true;
    const outcomes = await Promise.allSettled([say(group, "one"), say(group, "two")]);
    for (const each of outcomes)
      assert(each.status === "rejected" && isFault(each.reason, "storage/full"), "both are told of the full disk");
    assert.deepEqual(performed, []);
    assert.deepEqual(new Map(profile.records), records);
    full = false;
    await say(group, "one");
    assert.equal(linesOf(profile, toHex(group)).filter(({ kind }) => kind === "text").length, 1);
  });

  it("is waited for by a close, which refuses further inputs", async () => {
    const group = await createGroup();
    const last = say(group, "the last");
    await queue.close();
    assert.equal((await last).kind, "message");
    await assert.rejects(say(group, "too late"), (error) => isFault(error, "network/closed"));
  });
});
