import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createEventHub } from "../../src/client/event-hub.ts";
import { createGapFilling } from "../../src/client/gap-filling.ts";
import type { Network } from "../../src/client/ports/network.ts";
import { GAP, type GapState } from "../../src/protocol/records/conversation.ts";
import { LIVE } from "../../src/protocol/records/epoch.ts";
import { idOf } from "../../src/protocol/records/record.ts";
import { encode } from "../../src/wire/encoding.ts";
import { AccountKey, DeviceKey, EpochId, GroupId, MessageId, type TimeMs, Topic } from "../../src/wire/ids.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const group = GroupId.from(filled(1));
const topic = Topic.from(filled(2));

/** A profile in which messages are missing, and a network that tells who is there to be asked. */
function scene(gaps: readonly boolean[], found: (topics: readonly Topic[]) => number) {
  const profile = emptyProfile();
  const clock = virtualClock();
  const hub = createEventHub();
  const at = clock.nowMs() as TimeMs;
  const gap = (isConfirmed: boolean): GapState => ({
    citedBy: DeviceKey.from(filled(3)),
    account: AccountKey.from(filled(4)),
    at,
    isConfirmed,
  });
  const nameOf = (i: number): string => GAP.prefix + idOf(group, MessageId.from(filled(100 + i)));
  for (const [i, each] of gaps.entries()) profile.records.set(nameOf(i), encode(GAP.codec, gap(each)));
  const epochs = [{ epoch: EpochId.from(filled(5)), topic, frontier: filled(6), number: 0, supersededAt: undefined }];
  profile.records.set(LIVE.prefix + idOf(group), encode(LIVE.codec, { epochs }));
  const asked: (readonly Topic[])[] = [];
  const fill = async (topics: readonly Topic[]): Promise<number> => {
    asked.push(topics);
    return found(topics);
  };
  const network = { fill } as unknown as Network;
  const filling = createGapFilling({ store: memoryStore(profile), network, clock, hub, isCaughtUp: () => true });
  const settled = (): Promise<void> => new Promise((resolve) => hub.listen(({ kind }) => kind === "gaps" && resolve()));
  return { filling, asked, hub, clock, close: (i: number) => profile.records.delete(nameOf(i)), settled };
}

describe("messages that others cite and that are not here", () => {
  it("are looked for in the group's topics, and one that comes is no gap any more", async () => {
    const world = scene([true], () => {
      world.close(0);
      return 1;
    });
    const looked = world.settled();
    assert.deepEqual(await world.filling.state(), { gaps: 1, isSettled: false });
    await looked;
    assert.deepEqual(world.asked, [[topic]]);
    assert.deepEqual(await world.filling.state(), { gaps: 0, isSettled: true });
  });

  it("keep us from being in step while two people cite them, for a day at most", async () => {
    const world = scene([true], () => 2);
    const looked = world.settled();
    await world.filling.state();
    await looked;
    assert.deepEqual(await world.filling.state(), { gaps: 1, isSettled: false });
    await world.clock.pass(86_400_001);
    assert.deepEqual(await world.filling.state(), { gaps: 1, isSettled: true });
    assert.equal(world.asked.length, 1, "nobody is asked twice");
  });

  it("are one person's word otherwise: it is looked for once, and that is all", async () => {
    const world = scene([false], () => 1);
    const looked = world.settled();
    assert.equal((await world.filling.state()).isSettled, false);
    await looked;
    assert.deepEqual(await world.filling.state(), { gaps: 1, isSettled: true });
  });

  it("are looked for again when somebody else is reached, a moment later, and not while nobody is", async () => {
    let there = 0;
    const world = scene([false], () => there);
    world.hub.tell({ kind: "caught-up" });
    await world.clock.pass(2_500);
    assert.equal(world.asked.length, 1);
    assert.equal((await world.filling.state()).isSettled, false);
    there = 1;
    const peer = { peerId: "12D3", path: "direct" as const };
    world.hub.tell({ kind: "peer", peer, state: "connected" });
    const looked = world.settled();
    await world.clock.pass(2_500);
    await looked;
    assert.equal((await world.filling.state()).isSettled, true);
    await world.filling.close();
  });

  it("are looked for in a group of which somebody says to have more, once a minute at most", async () => {
    const world = scene([], () => 1);
    const behind = { kind: "behind", group } as const;
    for (let second = 0; second < 90; second += 10) {
      world.hub.tell(behind);
      await world.clock.pass(10_000);
    }
    assert.deepEqual(world.asked, [[topic], [topic]]);
    assert.deepEqual(await world.filling.state(), { gaps: 0, isSettled: true });
    await world.filling.close();
  });
});
