import assert from "node:assert/strict";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, it } from "mocha";
import { WRITE_HIGH_BYTES } from "../../src/net/frame-stream.ts";
import { TOPIC_LIMITS } from "../../src/net/topic-limits.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { LogId, type Sequence, type Signature } from "../../src/wire/ids.ts";
import { FRAME_MAX_BYTES } from "../../src/wire/limits.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { openAndRead, type RawOpener, rawOpener } from "./raw-opener.ts";
import { Cleanup, PATIENT, startClient, startRelay, type TestRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);
const inbox = topicKey(2);
const log = LogId.from(new Uint8Array(16).fill(1));
const noToken = { access: "", resume: new Uint8Array() };

async function relay(options: Parameters<typeof startRelay>[0] = {}): Promise<TestRelay> {
  return cleanup.add(await startRelay(options));
}

async function opener(address: string): Promise<RawOpener> {
  return cleanup.add(await rawOpener(address));
}

function proofOf(key: typeof group, from: RawOpener, nonce: Uint8Array, asInbox = false): Signature {
  return key.subscription({ inbox: asInbox }).prove(nonce, from.holderPeerId, from.node.peerIdBytes) as Signature;
}

describe("the topic service", () => {
  afterEach(() => cleanup.run());

  it("opens no topic for a proof by another key, another nonce or another peer", async () => {
    const { address } = await relay();
    const [honest, thief] = [await opener(address), await opener(address)];
    const theirs = await honest.next("challenge");
    const { nonce } = await thief.next("challenge");
    const { topic } = group;
    const forgeries: readonly [string, Signature][] = [
      ["another key", proofOf(inbox, thief, nonce)],
      ["a replayed nonce", proofOf(group, thief, theirs.nonce)],
      ["another opener", proofOf(group, honest, nonce)],
      ["the other kind", proofOf(group, thief, nonce, true)],
    ];
    for (const [what, signature] of forgeries) {
      thief.send({ kind: "open", id: 5, ...noToken, proofs: [{ topic, inbox: false, signature }] });
      assert.deepEqual((await thief.next("opened")).refused, [topic], what);
    }
    thief.send({ kind: "subscribe", id: 6, cursors: [{ topic, log, after: 0 as Sequence }] });
    assert.equal((await thief.next("refused")).reason, REFUSAL.unknownTopic);
    const signature = proofOf(group, thief, nonce);
    thief.send({ kind: "open", id: 7, ...noToken, proofs: [{ topic, inbox: false, signature }] });
    assert.deepEqual((await thief.next("opened")).refused, [], "the true proof holds");
  });

  it("cuts a connection that keeps forging", async () => {
    const { address } = await relay({ limits: { forgedPerConnection: 2 } });
    const forger = await opener(address);
    await forger.next("challenge");
    const forged = group.envelope("text").map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    forger.send({ kind: "append", id: 1, envelopes: [forged, forged, forged] });
    await forger.closed;
  });

  it("stores nothing that is malformed or forged, and says which", async () => {
    const { address, log: stored } = await relay();
    const writer = await opener(address);
    await writer.next("challenge");
    const good = group.envelope("good");
    const forged = group.envelope("evil").map((byte, i) => (i === 40 ? byte ^ 1 : byte));
    writer.send({ kind: "append", id: 1, envelopes: [forged, good, good.subarray(0, 20)] });
    const { results } = await writer.next("appended");
    assert.deepEqual(results, [
      { kind: "refused", reason: REFUSAL.forged },
      { kind: "stored", sequence: 1, duplicate: false },
      { kind: "refused", reason: REFUSAL.malformed },
    ]);
    assert.equal(stored.items(group.topic).length, 1);
  });

  it("takes mail only for an inbox whose owner has shown itself", async () => {
    const { address } = await relay();
    const [owner, stranger] = [await opener(address), await opener(address)];
    await stranger.next("challenge");
    stranger.send({ kind: "append", id: 1, envelopes: [inbox.deposit("hello")] });
    assert.deepEqual((await stranger.next("appended")).results, [{ kind: "refused", reason: REFUSAL.unknownTopic }]);
    const { nonce } = await owner.next("challenge");
    const proof = { topic: inbox.topic, inbox: true, signature: proofOf(inbox, owner, nonce, true) };
    owner.send({ kind: "open", id: 1, ...noToken, proofs: [proof] });
    await owner.next("opened");
    stranger.send({ kind: "append", id: 2, envelopes: [inbox.deposit("hello")] });
    assert.equal((await stranger.next("appended")).results[0]?.kind, "stored");
  });

  it("lets only the owner trim, and only an inbox", async () => {
    const { address, log: stored } = await relay();
    const owner = await opener(address);
    const { nonce } = await owner.next("challenge");
    const proofs = [
      { topic: inbox.topic, inbox: true, signature: proofOf(inbox, owner, nonce, true) },
      { topic: group.topic, inbox: false, signature: proofOf(group, owner, nonce) },
    ];
    owner.send({ kind: "open", id: 1, ...noToken, proofs });
    await owner.next("opened");
    owner.send({ kind: "append", id: 2, envelopes: [inbox.deposit("one"), group.envelope("two")] });
    await owner.next("appended");
    owner.send({ kind: "trim", id: 3, topic: group.topic, upTo: 9 as Sequence });
    assert.equal((await owner.next("refused")).id, 3);
    owner.send({ kind: "trim", id: 4, topic: inbox.topic, upTo: 9 as Sequence });
    await owner.next("done");
    assert.deepEqual([stored.items(inbox.topic).length, stored.items(group.topic).length], [0, 1]);
  });

  it("lets no member make the group's topic an inbox and trim what the others have not read", async () => {
    const { address, log: stored } = await relay();
    const member = await opener(address);
    const { nonce } = await member.next("challenge");
    member.send({ kind: "append", id: 1, envelopes: [group.envelope("for the absent")] });
    await member.next("appended");
    const { topic } = group;
    const proof = { topic, inbox: true, signature: proofOf(group, member, nonce, true) };
    member.send({ kind: "open", id: 2, ...noToken, proofs: [proof] });
    assert.deepEqual((await member.next("opened")).refused, [topic]);
    member.send({ kind: "trim", id: 3, topic, upTo: 9 as Sequence });
    assert.equal((await member.next("refused")).reason, REFUSAL.unknownTopic);
    assert.equal(stored.items(topic).length, 1);
  });

  it("takes nothing but mail in an inbox, even from its owner", async () => {
    const { address } = await relay();
    const owner = await opener(address);
    const { nonce } = await owner.next("challenge");
    const proof = { topic: inbox.topic, inbox: true, signature: proofOf(inbox, owner, nonce, true) };
    owner.send({ kind: "open", id: 1, ...noToken, proofs: [proof] });
    await owner.next("opened");
    owner.send({ kind: "append", id: 2, envelopes: [inbox.envelope("no mail")] });
    assert.deepEqual((await owner.next("appended")).results, [{ kind: "refused", reason: REFUSAL.unknownTopic }]);
  });

  it("names the hole that retention left", async () => {
    const { address, log: stored } = await relay();
    const writer = await opener(address);
    await writer.next("challenge");
    writer.send({ kind: "append", id: 1, envelopes: ["one", "two", "three"].map(group.envelope) });
    await writer.next("appended");
    stored.truncate(group.topic, 3);
    const reader = await opener(address);
    await openAndRead(reader, group);
    assert.equal((await reader.next("truncated")).before, 2);
    const { after, items } = await reader.next("deliver");
    assert.deepEqual([after, items.map((each) => each.sequence)], [2, [3]]);
    assert.equal((await reader.next("caughtUp")).sequence, 3);
  });

  it("keeps serving others while one reader takes nothing, buffers little for it, and it misses nothing", async function () {
    this.timeout(60_000);
    const { address, node } = await relay({ limits: { silentAfterMs: 60_000 } });
    const frozen = await opener(address);
    await openAndRead(frozen, group);
    await frozen.next("caughtUp");
    frozen.frames.pause();
    const { network, recorder } = await startClient([address], { timing: PATIENT });
    cleanup.add(network);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    const rounds = 16;
    let most = 0;
    for (let round = 0; round < rounds; round++) {
      const envelopes = Array.from({ length: 8 }, (_, i) => group.envelope(new Uint8Array(60_000).fill(8 * round + i)));
      await network.append(envelopes);
      await recorder.untilReceived(8 * (round + 1));
      const buffered = node.libp2p
        .getConnections()
        .flatMap((each) => each.streams.filter(({ protocol }) => protocol === TOPIC_PROTOCOL))
        .map((each) => each.writeBufferLength);
      most = Math.max(most, ...buffered);
    }
    assert.ok(most > 0, "the frozen reader was not slow enough to test anything");
    assert.ok(most <= WRITE_HIGH_BYTES + 8 * 60_200 + TOPIC_LIMITS.pageBytes, `${most} bytes buffered`);
    const sequences: number[] = [];
    frozen.frames.resume();
    while (sequences.length < 8 * rounds) {
      sequences.push(...(await frozen.next("deliver")).items.map((each) => each.sequence));
    }
    assert.deepEqual(
      sequences,
      Array.from({ length: 8 * rounds }, (_, i) => i + 1),
    );
  });

  it("stops reading from a client with too many requests under way, and answers them all", async () => {
    const { address } = await relay({ limits: { requestsUnderWay: 2 } });
    const hasty = await opener(address);
    await hasty.next("challenge");
    for (let id = 1; id <= 100; id++) hasty.send({ kind: "append", id, envelopes: [group.envelope(`${id}`)] });
    const answered: number[] = [];
    while (answered.length < 100) answered.push((await hasty.next("appended")).id);
    assert.deepEqual(
      answered.toSorted((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i + 1),
    );
  });

  it("ends the stream of a peer that sends garbage, and serves the next one", async () => {
    const { address, topics } = await relay();
    const tooLong = [0xff, 0xff, 0xff, 0xff, 0x7f];
    const needless = [0x81, 0x00];
    const noFrame = [3, 250, 1, 2];
    const aboveLimit = [0x81, 0x80, (FRAME_MAX_BYTES >> 14) & 0x7f];
    for (const garbage of [tooLong, needless, noFrame, aboveLimit]) {
      const vandal = await opener(address);
      await vandal.next("challenge");
      vandal.stream.send(Uint8Array.from(garbage));
      await vandal.closed;
    }
    const guest = await opener(address);
    await guest.next("challenge");
    guest.send({ kind: "ping", id: 77 });
    assert.equal((await guest.next("pong")).id, 77);
    assert.equal(topics.counts().sessions, 1);
  });

  it("is spoken with by a newer client, which asks for a newer protocol first", async () => {
    const { address } = await relay();
    const newer = await opener(address);
    const stream = await newer.connection.newStream(["/hermes/topic/2.0.0", TOPIC_PROTOCOL]);
    assert.equal(stream.protocol, TOPIC_PROTOCOL, "what a version cannot say it does not say under this name");
  });

  it("refuses more topics than one connection may open", async () => {
    const { address } = await relay({ limits: { topicsPerConnection: 1 } });
    const greedy = await opener(address);
    const { nonce } = await greedy.next("challenge");
    const proofs = [group, inbox].map((key) => ({
      topic: key.topic,
      inbox: false,
      signature: proofOf(key, greedy, nonce),
    }));
    greedy.send({ kind: "open", id: 1, ...noToken, proofs });
    assert.equal((await greedy.next("refused")).reason, REFUSAL.limit);
  });

  it("cuts a connection that has gone silent", async () => {
    const { address, events } = await relay({ limits: { silentAfterMs: 100 } });
    const mute = await opener(address);
    await mute.next("challenge");
    await mute.closed;
    assert.ok(events.some((each) => each.kind === "session-closed"));
  });

  it("is beside a circuit relay whose circuits have no limits of libp2p", async () => {
    const { address } = await relay();
    const [callee, caller] = [await opener(address), await opener(address)];
    const { libp2p } = callee.node;
    const reachable = (): boolean => callee.node.addresses().some((each) => each.includes("/p2p-circuit"));
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (reachable()) resolve();
      };
      libp2p.addEventListener("transport:listening", look);
      look();
    });
    const circuit = await caller.node.libp2p.dial(multiaddr(`${address}/p2p-circuit/p2p/${callee.node.peerId}`));
    assert.deepEqual([circuit.direct, circuit.limits], [false, undefined]);
  });
});
