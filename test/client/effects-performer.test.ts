import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEffectsPerformer, type TopicBook } from "../../src/client/effects-performer.ts";
import { createEventHub } from "../../src/client/event-hub.ts";
import type { Network, ToldBy, TopicSubscription } from "../../src/client/ports/network.ts";
import { nativePrimitives } from "../../src/crypto-native/native-primitives.ts";
import type { Effect } from "../../src/protocol/effects.ts";
import type { Answer, Input } from "../../src/protocol/machine.ts";
import { openProofBytes } from "../../src/verify/open-proof.ts";
import { Fault } from "../../src/wire/fault.ts";
import { AccountKey, EpochId, LogId, SlotKey, Topic } from "../../src/wire/ids.ts";
import type { TakenPrekeys } from "../../src/wire/prekey-frames.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";
import { type VirtualClock, virtualClock } from "../sim/virtual-clock.ts";

const NONE: Answer = { kind: "none" };

function performing({ earlyMs = 0 } = {}) {
  const exact = virtualClock();
  const clock: VirtualClock = {
    ...exact,
    after: (delayMs, wake) => exact.after(delayMs > earlyMs ? delayMs - earlyMs : delayMs, wake),
  };
  const topics: TopicBook = { read: new Set(), caughtUp: new Set(), superseded: new Set() };
  const followed: string[] = [];
  const roles: string[] = [];
  const subscribed: TopicSubscription[] = [];
  const unsubscribed: Topic[] = [];
  const inputs: Input[] = [];
  const world: { taken: readonly TakenPrekeys[] | undefined; asked: number } = { taken: undefined, asked: 0 };
  const network: Partial<Network> = {
    useRelays: (addresses, toldBy) => {
      for (const each of addresses) if (each.startsWith("bad")) throw new Fault("usage/bad-argument", "no address");
      followed.push(...addresses);
      roles.push(...addresses.map((each) => `${toldBy} ${each}`));
    },
    subscribe: (subscription) => subscribed.push(subscription),
    unsubscribe: (topic) => unsubscribed.push(topic),
    takePrekeys: async () => {
      world.asked++;
      return world.taken;
    },
  };
  const performer = createEffectsPerformer({
    primitives: nativePrimitives,
    store: memoryStore(emptyProfile()),
    network: network as Network,
    clock,
    hub: createEventHub(),
    topics,
    put: async (input) => {
      inputs.push(input);
      return NONE;
    },
    flusher: () => ({ flush: () => undefined, undelivered: () => 0, close: async () => undefined }),
  });
  return { performer, clock, topics, followed, roles, subscribed, unsubscribed, inputs, world };
}

const relays = (toldBy: ToldBy, ...addresses: readonly string[]): Effect => ({
  kind: "use-relays",
  relays: addresses,
  toldBy,
});
const account = AccountKey.from(new Uint8Array(32).fill(4));

describe("performing effects", () => {
  it("follows at most 16 relays that only others told of, and each once; ours always", () => {
    const { performer, followed } = performing();
    const strangers = Array.from({ length: 100 }, (_, i) => `stranger ${i}`);
    performer.perform(strangers.map((each) => relays("peer", each)));
    performer.perform([relays("peer", ...strangers), relays("us", "ours", "stranger 99", "ours")]);
    assert.deepEqual(followed, [...strangers.slice(0, 16), "ours", "stranger 99"]);
  });

  it("follows at most 8 relays of groups that people put us into; one that we knew from a peer becomes the group's", () => {
    const { performer, roles } = performing();
    const adders = Array.from({ length: 20 }, (_, i) => `adder ${i}`);
    performer.perform([relays("us", "ours"), relays("peer", "adder 0"), relays("adder", "ours", ...adders)]);
    performer.perform([relays("peer", "adder 1", "ours")]);
    assert.deepEqual(roles, ["us ours", "peer adder 0", ...adders.slice(0, 8).map((each) => `adder ${each}`)]);
  });

  it("passes over addresses that are none", () => {
    const { performer, followed } = performing();
    performer.perform([relays("us", "bad one", "good one")]);
    assert.deepEqual(followed, ["good one"]);
  });

  it("subscribes with a proof by the topic's key and the cursor of that holder", async () => {
    const { performer, subscribed, topics, unsubscribed } = performing();
    const seed = new Uint8Array(32).fill(9);
    const topic = Topic.from(nativePrimitives.signingPublicKey(seed));
    performer.perform([{ kind: "subscribe", topic, seed, inbox: true }]);
    const [subscription] = subscribed;
    assert(subscription?.inbox && topics.read.has(toHex(topic)));
    const [nonce, holderPeerId, openerPeerId] = [new Uint8Array(32), Uint8Array.of(1), Uint8Array.of(2)];
    const proof = subscription.prove(nonce, holderPeerId, openerPeerId);
    const signed = openProofBytes({ topic, nonce, holderPeerId, openerPeerId, inbox: true });
    assert(nativePrimitives.verify(topic, signed, proof));
    assert.equal(await subscription.cursor(LogId.from(new Uint8Array(16))), 0);
    performer.perform([{ kind: "unsubscribe", topic }]);
    assert.deepEqual([topics.read.size, unsubscribed], [0, [topic]]);
  });

  it("brings a tick when it is time, and none after it was closed", async () => {
    const { performer, clock, inputs } = performing();
    performer.perform([{ kind: "wake", atMs: clock.nowMs() + 500 }]);
    await clock.pass(499);
    assert.deepEqual(inputs, []);
    await clock.pass(1);
    assert.deepEqual(inputs, [{ kind: "tick" }]);
    performer.perform([{ kind: "wake", atMs: clock.nowMs() + 500 }]);
    performer.close();
    performer.perform([{ kind: "wake", atMs: clock.nowMs() + 500 }]); // of what was under way when it was closed
    await clock.pass(1_000);
    assert.equal(inputs.length, 1);
  });

  it("brings the tick of one epoch's report for that epoch alone", async () => {
    const { performer, clock, inputs } = performing();
    const report = EpochId.from(new Uint8Array(32).fill(7));
    performer.perform([{ kind: "wake", atMs: clock.nowMs() + 500, report }]);
    await clock.pass(500);
    assert.deepEqual(inputs, [{ kind: "tick", report }]);
  });

  it("brings no tick before its time, though a timer fires early", async () => {
    const { performer, clock, inputs } = performing({ earlyMs: 1 });
    performer.perform([{ kind: "wake", atMs: clock.nowMs() + 500 }]);
    await clock.pass(499);
    assert.deepEqual(inputs, []);
    await clock.pass(1);
    assert.deepEqual(inputs, [{ kind: "tick" }]);
  });

  it("asks for prekeys one request at a time until somebody has them", async () => {
    const { performer, clock, inputs, world } = performing();
    const take: Effect = { kind: "take-prekeys", account };
    performer.perform([take, take, take]);
    await clock.pass(0);
    assert.equal(world.asked, 1);
    world.taken = [];
    await clock.pass(15_000);
    assert.deepEqual([world.asked, inputs], [2, []]);
    const taken = [{ slot: SlotKey.from(new Uint8Array(32)), bundle: new Uint8Array(1), oneTime: undefined }];
    world.taken = taken;
    await clock.pass(15_000);
    assert.deepEqual(inputs, [{ kind: "prekeys-taken", account, taken }]);
    await clock.pass(60_000);
    assert.equal(world.asked, 3, "and then rests");
  });
});
