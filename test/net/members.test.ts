import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { ANEW_MS } from "../../src/net/neighbour-choice.ts";
import { cuttableWire } from "../e2e/scene/cuttable-wire.ts";
import { tcpProxy } from "./tcp-proxy.ts";
import { at, freePort, group, Member, type MemberOptions } from "./test-member.ts";
import { Cleanup, PATIENT, QUICK, startClient, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const other = topicKey(2);

async function member(options: MemberOptions): Promise<Member> {
  const one = await new Member(options).start();
  cleanup.add({ stop: () => one.network.stop() });
  return one;
}

describe("members without a relay", () => {
  afterEach(() => cleanup.run());

  it("read from each other what is kept and what comes, in both directions, over one connection", async () => {
    const port = await freePort();
    const ana = (await member({ port })).reads(group);
    await ana.write("one");
    const ben = (await member({ knows: [port] })).reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("one"));
    await ana.recorder.until(() => ana.peers.length > 0);
    await Promise.all([ana.write("two"), ben.write("three")]);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("two"));
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("three"));
    assert.deepEqual(
      ana.network.peers().map(({ path }) => path),
      ["direct"],
    );
    assert.deepEqual(ben.kept().toSorted(), ["one", "three", "two"]);
  });

  it("pass on what they read: the third hears of what the first wrote through the second", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const ana = (await member({ port: first })).reads(group);
    const ben = (await member({ port: second, knows: [first] })).reads(group);
    const cleo = (await member({ knows: [second] })).reads(group);
    await ana.recorder.until(() => ana.peers.length > 0);
    await ana.write("passed on");
    await cleo.recorder.until(() => cleo.recorder.texts(group.topic).includes("passed on"));
    assert.deepEqual(ben.kept(), ["passed on"]);
  });

  it("meet when one of them joins later, without a new connection being told to them", async () => {
    const port = await freePort();
    const ana = (await member({ port })).reads(group, other);
    const ben = (await member({ knows: [port] })).reads(other);
    await ana.recorder.until(() => ana.peers.length > 0);
    await ana.write("before");
    ben.reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("before"));
    await ben.write("after");
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("after"));
    assert.equal(ana.network.peers().length, 1);
  });

  it("give a stranger nothing, and are no peers of it", async () => {
    const [first, second] = [await freePort(), await freePort()];
    const ana = (await member({ port: first, knows: [second] })).reads(group);
    const stranger = (await member({ port: second, knows: [first] })).reads(other);
    await ana.write("secret");
    const ben = (await member({ knows: [first] })).reads(group);
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("secret"));
    assert.deepEqual([stranger.peers, stranger.recorder.received, stranger.network.peers()], [[], [], []]);
    await ana.recorder.until(() => ana.peers.length === 1);
    assert.equal(ana.network.peers().length, 1);
  });

  it("are behind, or were removed, when they share nothing but topics of past epochs", async () => {
    const port = await freePort();
    const ana = await member({ port });
    let isPast = false;
    ana.network.subscribe({ ...group.subscription(), isSuperseded: () => isPast });
    await member({ knows: [port] }).then((ben) => ben.reads(group));
    await ana.recorder.until(() => ana.peers.length > 0);
    assert.deepEqual([...(ana.network.behind?.() ?? [])], []);
    isPast = true;
    assert.deepEqual(
      [...(ana.network.behind?.() ?? [])],
      ana.network.peers().map(({ peerId }) => peerId),
    );
    assert.equal(ana.network.peers().length, 1, "it is read there all the same");
  });

  it("find each other again after one was away", async () => {
    const port = await freePort();
    const ben = (await member({ knows: [port] })).reads(group);
    const ana = (await member({ port })).reads(group);
    await ben.recorder.until(() => ben.peers.length === 1);
    await ana.network.stop();
    await ben.recorder.until(() => ben.peers.length === 2);
    const again = (await member({ port })).reads(group);
    await again.write("back");
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("back"));
    assert.deepEqual(ben.peers, ["direct connected", "direct gone", "direct connected"]);
  });

  for (const direction of ["up", "down"] as const)
    it(`meet all the same when their connection breaks before they have shown who they are, on the way ${direction}`, async () => {
      const port = await freePort();
      const wire = await cuttableWire(port);
      cleanup.add({ stop: wire.end });
      const ana = (await member({ port, timing: PATIENT })).reads(group);
      const isCut = wire.cutInside(direction);
      const ben = (await member({ knows: [wire.port], timing: PATIENT })).reads(group);
      await isCut;
      await Promise.all([ana.write("by ana"), ben.write("by ben")]);
      await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("by ana"));
      await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("by ben"));
    });

  it("hear who comes anew over another way while the last connection seems to be there", async function () {
    this.timeout(30_000); // less than the 39 s after which Ana takes the last connection for dead by itself
    const port = await freePort();
    const wire = await tcpProxy(port);
    cleanup.add(wire);
    const through = Number(wire.through(at(port)).split("/").at(-1));
    const ana = (await member({ port, timing: { ...PATIENT, probeMs: 150 } })).reads(group);
    const ben = (await member({ knows: [through], timing: { ...QUICK, deadAfterMs: 3_000 } })).reads(group);
    await ana.recorder.until(() => ana.peers.length > 0);
    wire.silence();
    await new Promise((resolve) => setTimeout(resolve, ANEW_MS)); // sooner it would be one of two who dial each other
    ben.network.useAddresses?.([at(port)]);
    await ben.write("by another way");
    await ana.recorder.until(() => ana.recorder.texts(group.topic).includes("by another way"));
  });

  it("are read at six of them, and others take the place of those who go", async function () {
    this.timeout(60_000);
    const ports = await Promise.all(Array.from({ length: 9 }, freePort));
    const many: Member[] = [];
    for (const [i, port] of ports.entries()) {
      const one = (await member({ port, timing: PATIENT })).reads(group);
      await one.write(`by ${i}`);
      many.push(one);
    }
    const reader = (await member({ knows: ports, timing: PATIENT })).reads(group);
    const authors = (): string[] => [...new Set(reader.recorder.texts(group.topic))].filter((text) => /^by/.test(text));
    await reader.recorder.until(() => authors().length === 6);
    const read = many.filter((_, i) => authors().includes(`by ${i}`));
    await read[0]?.write("round trip");
    await reader.recorder.until(() => reader.recorder.texts(group.topic).includes("round trip"));
    assert.equal(authors().length, 6);
    await Promise.all(read.slice(0, 3).map((each) => each.network.stop()));
    await reader.recorder.until(() => authors().length === 9);
  });

  it("hear whoever comes when all of them have their six", async function () {
    this.timeout(60_000);
    const ports = await Promise.all(Array.from({ length: 7 }, freePort));
    const many: Member[] = [];
    for (const port of ports) many.push((await member({ port, knows: ports, timing: PATIENT })).reads(group));
    for (const each of many) await each.recorder.until(() => each.peers.length >= 6);
    const late = (await member({ knows: ports, timing: PATIENT })).reads(group);
    await late.write("late");
    for (const each of many) await each.recorder.until(() => each.recorder.texts(group.topic).includes("late"));
  });

  it("find at intervals what was lost on the way", async () => {
    const port = await freePort();
    const timing = { ...QUICK, compareEveryMs: 100 };
    const ana = (await member({ port })).reads(group);
    const ben = (await member({ knows: [port], timing })).reads(group);
    await ana.write("heard");
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("heard"));
    await ana.writeUnheard("unheard");
    await ben.recorder.until(() => ben.recorder.texts(group.topic).includes("unheard"));
    assert.deepEqual(ben.kept(), ["heard", "unheard"]);
  });

  it("give a relay what it lacks, signed anew by the topic's key where the signature that came does not hold", async () => {
    const relay = cleanup.add(await startRelay());
    const ana = await member({});
    ana.network.subscribe({ ...other.subscription(), signAnew: () => assert.fail("it is none of this topic") });
    ana.network.subscribe({ ...group.subscription(), signAnew: () => group.envelope("kept") });
    await ana.keep([group.envelope("kept").with(-1, 7)]);
    ana.network.useRelays([relay.address], "us");
    const reader = await startClient([relay.address]);
    cleanup.add(reader.network);
    reader.network.subscribe(group.subscription());
    await reader.recorder.untilReceived(1);
    assert.deepEqual(reader.recorder.texts(group.topic), ["kept"]);
  });
});
