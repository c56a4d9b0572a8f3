import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { afterEach, describe, it } from "mocha";
import { createRelayNode } from "../../src/net/node.ts";
import { createPrekeyService, type PrekeyRates } from "../../src/net/prekey-service.ts";
import { createTopicService } from "../../src/net/topic-service.ts";
import { directoryRecordBytes } from "../../src/verify/directory-record.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { DirectoryKey, type PrekeyId, SlotKey, type TimeMs } from "../../src/wire/ids.ts";
import type { DirectoryRecord } from "../../src/wire/prekey-frames.ts";
import { REFUSAL } from "../../src/wire/topic-frames.ts";
import { memoryDirectory, memoryLog } from "./memory-log.ts";
import { type RawOpener, rawOpener } from "./raw-opener.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const [group, other] = [topicKey(1), topicKey(2)];

async function opener(address: string): Promise<RawOpener> {
  const one = cleanup.add(await rawOpener(address));
  await one.next("challenge");
  return one;
}

describe("how fast a relay may be used", function () {
  this.timeout(20_000);
  afterEach(() => cleanup.run());

  it("is bounded for an address, over all of its connections, with the time to wait; others go on", async () => {
    const [ours, theirs] = ["203.0.113.7", "203.0.113.8"];
    const hosts = [ours, ours, theirs];
    const relay = cleanup.add(
      await startRelay({
        limits: { addressRate: { perSecond: 1_000, burst: 1_000 } },
        addressOf: () => hosts.shift(),
      }),
    );
    const [first, second, third] = [
      await opener(relay.address),
      await opener(relay.address),
      await opener(relay.address),
    ];
    first.send({ kind: "append", id: 1, envelopes: [group.envelope(new Uint8Array(3_000))] });
    assert.equal((await first.next("appended")).results[0]?.kind, "stored");
    second.send({ kind: "append", id: 2, envelopes: [group.envelope("more")] });
    const refused = await second.next("refused");
    assert.equal(refused.reason, REFUSAL.busy);
    assert(refused.retryAfterMs > 0 && refused.retryAfterMs < 10_000);
    assert.match(refused.detail, /address/);
    third.send({ kind: "append", id: 3, envelopes: [group.envelope("theirs")] });
    assert.equal((await third.next("appended")).results[0]?.kind, "stored");
  });

  it("is bounded for a topic by what its key signed alone; another topic goes on", async () => {
    const relay = cleanup.add(await startRelay({ limits: { topicRate: { perSecond: 100, burst: 1_000 } } }));
    const writer = await opener(relay.address);
    const forged = group.envelope(new Uint8Array(5_000));
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    const large = group.envelope(new Uint8Array(2_000));
    writer.send({ kind: "append", id: 1, envelopes: [forged, large, group.envelope("more"), other.envelope("one")] });
    const { results } = await writer.next("appended");
    const reasons = results.map((result) => (result.kind === "stored" ? "stored" : result.reason));
    assert.deepEqual(reasons, [REFUSAL.forged, "stored", REFUSAL.busy, "stored"]);
  });

  it("makes a connection that asks too much wait, and answers all that it asked", async () => {
    const relay = cleanup.add(await startRelay({ limits: { connectionRate: { perSecond: 200, burst: 20 } } }));
    const hasty = await opener(relay.address);
    const startedMs = performance.now();
    for (let id = 1; id <= 100; id++) hasty.send({ kind: "ping", id });
    for (let id = 1; id <= 100; id++) assert.equal((await hasty.next("pong")).id, id);
    assert(performance.now() - startedMs >= 350, "eighty too many at 200 a second");
  });

  it("is a reason in the status of a client whose messages have to wait, until they need not", async () => {
    const relay = cleanup.add(await startRelay());
    const { network, recorder } = await startClient([relay.address]);
    cleanup.add(network);
    await recorder.untilState("connected");
    relay.log.mood = "busy";
    await network.append([group.envelope("one")]);
    assert.match(network.relays()[0]?.reason ?? "", /slower/);
    relay.log.mood = "broken";
    await network.append([group.envelope("one")]);
    assert.match(network.relays()[0]?.reason ?? "", /disk/);
    relay.log.mood = "working";
    await network.append([group.envelope("one")]);
    assert.deepEqual([network.relays()[0]?.state, network.relays()[0]?.reason], ["connected", undefined]);
  });
});

describe("how fast the prekey directory may be used", () => {
  const seed = new Uint8Array(32).fill(5);
  const slot = SlotKey.from(ed25519.getPublicKey(seed));
  const directoryKey = DirectoryKey.from(new Uint8Array(32).fill(6));
  const sealed = (byte: number): Uint8Array => new Uint8Array(100).fill(byte);
  const record: DirectoryRecord = {
    version: 1,
    directoryKey,
    slot,
    publishedAt: 1 as TimeMs,
    bundle: sealed(9),
    oneTime: [1, 2, 3].map((id) => ({ id: id as PrekeyId, sealed: sealed(id) })),
  };

  afterEach(() => cleanup.run());

  async function serving(rates: Partial<PrekeyRates>): Promise<string> {
    const node = await createRelayNode({ seed: new Uint8Array(32).fill(3), listen: ["/ip4/127.0.0.1/tcp/0"] });
    const directory = memoryDirectory();
    const addressOf = () => "203.0.113.7";
    await createPrekeyService({ directory, verifier: nobleVerifier, addressOf, rates }).serve(node);
    const topics = createTopicService({ log: memoryLog(), verifier: nobleVerifier });
    await topics.serve(node);
    await node.start();
    cleanup.add({
      stop: async () => {
        await topics.close();
        await node.stop();
      },
    });
    return node.addresses()[0] ?? "";
  }

  it("leaves an account prekeys for others when somebody takes and takes, and still gives the bundle", async () => {
    const address = await serving({ account: { perSecond: 0.001, burst: 2 } });
    const { network, recorder } = await startClient([address]);
    cleanup.add(network);
    await recorder.untilState("connected");
    await network.publishPrekeys(record, ed25519.sign(directoryRecordBytes(record), seed));
    const ids: unknown[] = [];
    for (let i = 0; i < 4; i++) ids.push((await network.takePrekeys(directoryKey))?.[0]?.oneTime?.id);
    assert.deepEqual(ids, [1, 2, undefined, undefined]);
    assert.equal(await network.countPrekeys(directoryKey, slot), 1);
  });

  it("lets an address publish so much and no more, whatever accounts it makes up", async () => {
    const address = await serving({ published: { perSecond: 0.001, burst: 500 } });
    const { network, recorder } = await startClient([address]);
    cleanup.add(network);
    await recorder.untilState("connected");
    const answers: unknown[] = [];
    for (let made = 1; made <= 3; made++) {
      const of = { ...record, directoryKey: DirectoryKey.from(new Uint8Array(32).fill(made)) };
      answers.push(await network.publishPrekeys(of, ed25519.sign(directoryRecordBytes(of), seed)));
    }
    assert.deepEqual(answers, [{ left: 3 }, "refused", "refused"]);
  });

  it("is not renewed by connecting anew", async () => {
    const address = await serving({ address: { perSecond: 0.001, burst: 3 } });
    for (const expected of [
      [0, 0],
      [0, undefined],
    ]) {
      const { network, recorder } = await startClient([address]);
      cleanup.add(network);
      await recorder.untilState("connected");
      const answers = [await network.countPrekeys(directoryKey, slot), await network.countPrekeys(directoryKey, slot)];
      assert.deepEqual(answers, expected);
    }
  });
});
