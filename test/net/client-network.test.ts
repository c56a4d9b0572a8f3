import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { isFault } from "../../src/wire/fault.ts";
import { LogId, type Sequence } from "../../src/wire/ids.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { memoryLog } from "./memory-log.ts";
import { tcpProxy } from "./tcp-proxy.ts";
import { Cleanup, QUICK, startClient, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);
const other = topicKey(2);

async function relay(options: Parameters<typeof startRelay>[0] = {}) {
  return cleanup.add(await startRelay(options));
}

async function client(addresses: readonly string[], options: Parameters<typeof startClient>[1] = {}) {
  const started = await startClient(addresses, options);
  cleanup.add(started.network);
  return started;
}

describe("the client's network", () => {
  afterEach(() => cleanup.run());

  it("delivers to everybody what one appends, and says where it is stored", async () => {
    const { address } = await relay();
    const [alice, bob] = [await client([address]), await client([address])];
    for (const each of [alice, bob]) each.network.subscribe(group.subscription());
    await Promise.all([alice.recorder.untilCaughtUp(group.topic), bob.recorder.untilCaughtUp(group.topic)]);
    const outcomes = await alice.network.append([group.envelope("one"), group.envelope("two")]);
    await Promise.all([alice.recorder.untilReceived(2), bob.recorder.untilReceived(2)]);
    assert.deepEqual(
      outcomes.map((each) => each.kind === "stored" && each.sequence),
      [1, 2],
    );
    assert.deepEqual(bob.recorder.texts(group.topic), ["one", "two"]);
    assert.deepEqual(alice.recorder.texts(group.topic), ["one", "two"]);
  });

  it("answers a repeated append with the first number, and delivers it once", async () => {
    const { address } = await relay();
    const { network, recorder } = await client([address]);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    await network.append([group.envelope("one")]);
    const [again] = await network.append([group.envelope("one")]);
    await network.append([group.envelope("two")]);
    await recorder.untilReceived(2);
    assert.deepEqual(again, { kind: "stored", sequence: 1, duplicate: true });
    assert.deepEqual(recorder.texts(group.topic), ["one", "two"]);
  });

  it("delivers stored and live envelopes in one order without a gap, whatever happens meanwhile", async () => {
    const { address } = await relay();
    const [writer, reader] = [await client([address]), await client([address])];
    await writer.recorder.untilState("connected");
    const envelopes = Array.from({ length: 600 }, (_, i) => group.envelope(`${i}`));
    await writer.network.append(envelopes.slice(0, 300));
    const writing = Promise.all(
      Array.from({ length: 30 }, (_, i) => writer.network.append(envelopes.slice(300 + 10 * i, 310 + 10 * i))),
    );
    reader.network.subscribe(group.subscription());
    await writing;
    await reader.recorder.untilReceived(600);
    const sequences = reader.recorder.received.map((each) => each.sequence);
    assert.deepEqual(
      sequences,
      Array.from({ length: 600 }, (_, i) => i + 1),
    );
    assert.equal(new Set(reader.recorder.texts(group.topic)).size, 600);
  });

  it("gets the newest of a topic of which much is missing ahead of the rest, and of an inbox everything in its order", async () => {
    const { address } = await relay({ limits: { pageEnvelopes: 20 } });
    const [writer, reader] = [await client([address]), await client([address])];
    const inbox = topicKey(7);
    writer.network.subscribe(inbox.subscription({ inbox: true })); // which registers it
    await writer.recorder.untilCaughtUp(inbox.topic);
    const texts = Array.from({ length: 30 }, (_, i) => `${i}`);
    await writer.network.append(texts.map((text) => group.envelope(text)));
    await writer.network.append(texts.map((text) => inbox.deposit(text)));
    reader.network.subscribe(inbox.subscription({ inbox: true }));
    reader.network.subscribe(group.subscription());
    await reader.recorder.untilReceived(60);
    assert.deepEqual(reader.recorder.ahead, texts.slice(-10), "what the first page does not bring");
    assert.deepEqual(reader.recorder.texts(group.topic), texts);
    assert.deepEqual(reader.recorder.texts(inbox.topic), texts);
  });

  it("reads only after its cursor, and from the beginning when the log is another one", async () => {
    const { address } = await relay();
    const writer = await client([address]);
    await writer.recorder.untilState("connected");
    await writer.network.append(["one", "two", "three"].map(group.envelope));
    const reader = await client([address]);
    reader.network.subscribe(group.subscription({ cursor: () => 2 }));
    await reader.recorder.untilCaughtUp(group.topic);
    assert.deepEqual(reader.recorder.texts(group.topic), ["three"]);
    const stranger = await relay({ log: memoryLog(2), seedByte: 8 });
    await (await client([stranger.address])).recorder.untilState("connected");
    const late = await client([stranger.address]);
    late.network.subscribe(group.subscription({ cursor: () => 7 })); // beyond anything this log has given
    await late.recorder.untilCaughtUp(group.topic);
    await late.network.append([group.envelope("first here")]);
    await late.recorder.untilReceived(1);
    assert.deepEqual(late.recorder.texts(group.topic), ["first here"]);
  });

  it("resumes from its cursor when the relay comes back on the same port", async () => {
    const first = await relay();
    const reader = await client([first.address]);
    const cursor = () => reader.recorder.lastSequence(group.topic);
    reader.network.subscribe(group.subscription({ cursor }));
    await reader.recorder.untilCaughtUp(group.topic);
    await reader.network.append([group.envelope("before")]);
    await reader.recorder.untilReceived(1);
    await first.stop();
    await reader.recorder.untilState("unreachable");
    assert.deepEqual(await reader.network.append([group.envelope("lost?")]), [{ kind: "unreachable" }]);
    const second = await relay({ log: first.log, port: first.port });
    await reader.recorder.untilState("connected");
    const writer = await client([second.address]);
    await writer.recorder.untilState("connected");
    await writer.network.append([group.envelope("after")]);
    await reader.recorder.untilReceived(2);
    assert.deepEqual(reader.recorder.texts(group.topic), ["before", "after"]);
  });

  it("notices a killed relay at once and finds it again by itself", async () => {
    const { address, port } = await relay();
    const proxy = cleanup.add(await tcpProxy(port));
    const { network, recorder } = await client([proxy.through(address)]);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    await proxy.kill();
    await recorder.until(() => recorder.states.at(-1)?.reason?.includes("refused") ?? false);
    assert.equal(recorder.state, "unreachable");
    await proxy.revive();
    await recorder.untilState("connected");
    await network.append([group.envelope("again")]);
    await recorder.untilReceived(1);
  });

  it("notices a link that has gone silent, and unanswered appends end as unknown", async () => {
    const { address, port } = await relay();
    const proxy = cleanup.add(await tcpProxy(port));
    const { network, recorder } = await client([proxy.through(address)]);
    await recorder.untilState("connected");
    proxy.silence();
    const outcome = await network.append([group.envelope("into the void")]);
    await recorder.untilState("unreachable");
    assert.deepEqual(outcome, [{ kind: "unreachable" }]);
    assert.match(recorder.states.find((each) => each.state === "unreachable")?.reason ?? "", /silent/);
  });

  it("after sleep, or in another network, finds a dead link soon and dials at once", async () => {
    const { address, port } = await relay();
    const proxy = cleanup.add(await tcpProxy(port));
    const never = 3_600_000;
    const timing = { ...QUICK, deadAfterMs: never, firstRetryMs: never, lastRetryMs: never, absentRetryMs: never };
    let wake: () => void = () => undefined;
    const watch = (changed: () => void) => {
      wake = changed;
      return () => undefined;
    };
    const { recorder } = await client([proxy.through(address)], { timing, watch });
    await recorder.untilState("connected");
    wake(); // answered: nothing happens
    proxy.silence();
    wake();
    await recorder.untilState("unreachable");
    await proxy.kill();
    await proxy.revive();
    const states = recorder.states.length;
    wake();
    await recorder.untilState("connected");
    assert.equal(recorder.states.length, states + 1, "by one attempt");
  });

  it("reads and writes no more at a relay that it lets go", async () => {
    const [home, left] = [await relay(), await relay({ seedByte: 8 })];
    const { network, recorder } = await client([home.address, left.address]);
    await recorder.until(() => recorder.states.filter(({ state }) => state === "connected").length === 2);
    network.dropRelays([left.address, "/no/address"]);
    assert.deepEqual(
      network.relays().map(({ address }) => address),
      [home.address],
    );
    while (left.topics.counts().sessions > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(
      (await network.append([group.envelope("at home")])).map(({ kind }) => kind),
      ["stored"],
    );
    assert.deepEqual([home.log.items(group.topic).length, left.log.items(group.topic).length], [1, 0]);
    network.useRelays([left.address], "us");
    await recorder.until(() => recorder.states.at(-1)?.address === left.address && recorder.state === "connected");
  });

  it("stays connected while nobody writes", async () => {
    const { address, events } = await relay({ limits: { silentAfterMs: 800 } });
    const { recorder, network } = await client([address]);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    const beats = new Promise<void>((resolve) => setTimeout(resolve, 1_500)); // silence itself is what is tested
    await beats;
    assert.deepEqual(
      recorder.states.map((each) => each.state),
      ["connecting", "connected"],
    );
    assert.equal(events.filter((each) => each.kind === "session-closed").length, 0);
  });

  it("opens and leaves topics while connected", async () => {
    const { address, topics } = await relay();
    const { network, recorder } = await client([address]);
    await recorder.untilState("connected");
    network.subscribe(group.subscription());
    network.subscribe(other.subscription());
    await Promise.all([recorder.untilCaughtUp(group.topic), recorder.untilCaughtUp(other.topic)]);
    assert.equal(topics.counts().topics, 2);
    network.unsubscribe(group.topic);
    await network.append([group.envelope("unread"), other.envelope("read")]);
    await recorder.untilReceived(1);
    assert.deepEqual(
      recorder.received.map((each) => each.text),
      ["read"],
    );
    assert.equal(topics.counts().topics, 1);
  });

  it("reads on after a delivery that could not be committed, without losing it", async () => {
    const { address } = await relay();
    const { network, recorder } = await client([address]);
    let failures = 1;
    recorder.commit = async () => {
      if (failures-- > 0) throw new Error("the disk is full");
    };
    network.subscribe(group.subscription({ cursor: () => recorder.lastSequence(group.topic) }));
    await recorder.untilCaughtUp(group.topic);
    await network.append([group.envelope("one")]);
    await recorder.untilReceived(1);
    assert.match(
      recorder.states.find((each) => each.state === "unreachable")?.reason ?? "",
      /could not be stored here/,
    );
  });

  it("reads no further while deliveries wait to be committed", async function () {
    this.timeout(40_000); // 14 MB are hashed and signed in JavaScript
    const { address, events } = await relay();
    const [writer, reader] = [await client([address]), await client([address])];
    await writer.recorder.untilState("connected");
    const big = Array.from({ length: 240 }, (_, i) => group.envelope(new Uint8Array(60_000).fill(i)));
    await writer.network.append(big);
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    const full = new Promise<void>((resolve) => {
      reader.recorder.commit = () => {
        if (asked++ === 0) resolve();
        return gate;
      };
    });
    reader.network.subscribe(group.subscription());
    await full;
    for (let i = 0; i < 100; i++) await writer.network.append([other.envelope(`${i}`)]); // time enough to send it all
    const sentBytes = events.reduce((sum, each) => sum + (each.kind === "page-sent" ? each.bytes : 0), 0);
    assert.equal(asked, 1);
    assert.ok(sentBytes < 10_000_000, `${sentBytes} bytes were sent to a client that digests nothing`);
    release();
    await reader.recorder.untilReceived(240);
    assert.deepEqual(
      reader.recorder.received.map((each) => each.sequence),
      Array.from({ length: 240 }, (_, i) => i + 1),
    );
  });

  it("takes the best outcome of several relays, and does not wait for the slow one", async () => {
    const [good, busy] = [await relay(), await relay({ seedByte: 7, log: memoryLog(2) })];
    busy.log.mood = "busy";
    const { network, recorder } = await client([good.address, busy.address]);
    await recorder.until(() => network.relays().every((each) => each.state === "connected"));
    assert.equal((await network.append([group.envelope("one")]))[0]?.kind, "stored");
    good.log.mood = "busy";
    assert.deepEqual(await network.append([group.envelope("two")]), [{ kind: "refused", reason: REFUSAL.busy }]);
    busy.log.mood = "broken";
    good.log.mood = "broken";
    assert.deepEqual(await network.append([group.envelope("two")]), [{ kind: "refused", reason: REFUSAL.unavailable }]);
  });

  it("says in a sentence why a relay is not there", async () => {
    const { address, port } = await relay();
    await cleanup.run();
    const refused = await client([address]);
    await refused.recorder.untilState("unreachable");
    assert.match(refused.recorder.states.at(-1)?.reason ?? "", /refused: no relay is running/);
    const impostor = await relay({ port, seedByte: 3 });
    assert.equal(impostor.port, port);
    await refused.recorder.untilState("refused");
    assert.match(refused.recorder.states.at(-1)?.reason ?? "", /identity is not the one/);
    const nameless = await client([address.replace("/ip4/127.0.0.1", "/dns4/relay.invalid")]);
    await nameless.recorder.untilState("unreachable");
    assert.match(nameless.recorder.states.at(-1)?.reason ?? "", /name .* cannot be resolved/);
  });

  it("refuses a relay address without identity", async () => {
    const { network } = await client([]);
    for (const address of ["", "relay.example:33001", "/ip4/127.0.0.1/tcp/33001"]) {
      assert.throws(
        () => network.useRelays([address], "us"),
        (error) => isFault(error, "usage/bad-argument"),
      );
    }
  });

  it("reaches a relay at another address of it when one is silent, and begins there the next time", async () => {
    const { address, port } = await relay();
    const [mute, wire] = [cleanup.add(await tcpProxy(port)), cleanup.add(await tcpProxy(port))];
    mute.silence();
    const timing = { ...QUICK, connectTimeoutMs: 1_000 };
    const { recorder } = await client([mute.through(address), wire.through(address)], { timing });
    await recorder.untilState("connected");
    await wire.kill();
    await recorder.untilState("unreachable");
    const attempts = recorder.states.length;
    await wire.revive();
    await recorder.untilState("connected");
    assert.equal(recorder.states.length, attempts + 1);
  });

  it("counts two addresses of one relay as one relay", async () => {
    const { address } = await relay();
    const { network, recorder } = await client([address, address.replace("/ip4/127.0.0.1", "/dns4/localhost")]);
    await recorder.untilState("connected");
    assert.equal(network.relays().length, 1);
  });

  it("gives a relay that only a peer told us mail, and nothing else", async () => {
    const [home, strange] = [await relay(), await relay({ log: memoryLog(2), seedByte: 8 })];
    const inbox = topicKey(5);
    const owner = await client([strange.address]);
    owner.network.subscribe(inbox.subscription({ inbox: true }));
    await owner.recorder.untilCaughtUp(inbox.topic);
    const { network, recorder } = await client([home.address]);
    network.useRelays([strange.address], "peer");
    network.subscribe(group.subscription());
    await recorder.until(() => network.relays().every((each) => each.state === "connected"));
    await recorder.untilCaughtUp(group.topic);
    const [mail] = await network.append([inbox.deposit("mail"), group.envelope("ours")]);
    assert.equal(mail?.kind, "stored");
    assert.equal(strange.topics.counts().topics, 1, "the owner's inbox only");
    await home.stop();
    await recorder.until(() => network.relays().some((each) => each.state !== "connected"));
    assert.deepEqual(await network.append([group.envelope("lost?")]), [{ kind: "unreachable" }]);
    assert.deepEqual(strange.log.items(group.topic), []);
  });

  it("keeps what we deposit for ourselves from a relay that only a peer told us", async () => {
    const [home, strange] = [await relay(), await relay({ log: memoryLog(2), seedByte: 8 })];
    const own = topicKey(6);
    const { network, recorder } = await client([home.address]);
    network.useRelays([strange.address], "peer");
    network.subscribe(own.subscription({ inbox: true }));
    await recorder.until(() => network.relays().every((each) => each.state === "connected"));
    await recorder.untilCaughtUp(own.topic);
    assert.equal((await network.append([own.deposit("to myself")]))[0]?.kind, "stored");
    assert.equal(strange.topics.counts().topics, 0);
    await home.stop();
    await recorder.until(() => network.relays().some((each) => each.state !== "connected"));
    assert.deepEqual(await network.append([own.deposit("again")]), [{ kind: "unreachable" }]);
  });

  it("lets the holder of a log forget what an inbox of ours has of it, and no other holder", async () => {
    const home = await relay();
    const own = topicKey(6);
    const { network, recorder } = await client([home.address]);
    const logs: LogId[] = [];
    recorder.commit = async ({ log }) => void logs.push(log);
    network.subscribe(own.subscription({ inbox: true }));
    await recorder.untilCaughtUp(own.topic);
    await network.append(["one", "two", "three"].map((text) => own.deposit(text)));
    await recorder.untilReceived(3);
    const [log = assert.fail()] = logs;
    const kept = () => home.log.items(own.topic).length;
    network.trim(LogId.from(new Uint8Array(16)), own.topic, recorder.lastSequence(own.topic) as Sequence);
    await network.append([own.deposit("four")]); // answered after what was asked before it
    assert.equal(kept(), 4);
    network.trim(log, own.topic, recorder.received[1]?.sequence as Sequence);
    await network.append([own.deposit("five")]);
    assert.equal(kept(), 3);
  });

  it("reads everything at a peer's relay once we are told it ourselves", async () => {
    const { address } = await relay();
    const { network, recorder } = await client([]);
    network.useRelays([address], "peer");
    network.subscribe(group.subscription());
    await recorder.untilState("connected");
    network.useRelays([address], "us");
    await recorder.untilCaughtUp(group.topic);
    assert.equal((await network.append([group.envelope("one")]))[0]?.kind, "stored");
  });

  it("dials our relay only where we said, whatever others say of it", async () => {
    const { address, port } = await relay();
    const proxy = cleanup.add(await tcpProxy(port));
    const { network, recorder } = await client([proxy.through(address)]);
    for (const toldBy of ["peer", "adder"] as const) network.useRelays([address], toldBy);
    await recorder.untilState("connected");
    await proxy.kill();
    await recorder.untilState("unreachable");
    const turns = new Promise<void>((resolve) => setTimeout(resolve, 800)); // that no attempt succeeds is tested
    await turns;
    assert.equal(recorder.state, "unreachable");
    network.useRelays([address], "us");
    await recorder.untilState("connected");
  });

  it("keeps its place in one relay's log whatever LogId another relay claims", async () => {
    const [home, thief] = [await relay(), await relay({ seedByte: 8 })];
    const { network, recorder } = await client([home.address, thief.address]);
    const named = new Set<string>();
    recorder.commit = async ({ log }) => void named.add(log.join());
    network.subscribe(group.subscription());
    await recorder.until(() => recorder.caughtUpTopics.length === 2);
    await network.append([group.envelope("at both")]);
    await recorder.untilReceived(2);
    assert.deepEqual([home.log.logId.join() === thief.log.logId.join(), named.size], [true, 2]);
  });

  it("passes an access token to relays that ask for one", async () => {
    const { address } = await relay({ admit: (token) => token === "sesame" });
    const [guest, stranger] = [await client([address], { accessToken: "sesame" }), await client([address])];
    for (const each of [guest, stranger]) each.network.subscribe(group.subscription());
    await guest.recorder.untilCaughtUp(group.topic);
    await stranger.recorder.untilState("refused");
    assert.match(stranger.recorder.states.at(-1)?.reason ?? "", /access token/);
    assert.deepEqual(stranger.recorder.received, []);
  });
});
