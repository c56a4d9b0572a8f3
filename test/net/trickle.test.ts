import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import { withLength } from "../../src/net/frame-stream.ts";
import { createRelayNode } from "../../src/net/node.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { LogId } from "../../src/wire/ids.ts";
import { encodeHolderFrame } from "../../src/wire/topic-frames.ts";
import { Cleanup, startClient } from "./test-relay.ts";
import { topicKey } from "./topic-keys.ts";

const cleanup = new Cleanup();
const group = topicKey(1);

/** A holder that begins as any other and then sends these bytes of one frame at a time, so often (ms), and answers nothing. */
async function trickler(bytesAtOnce: number, everyMs: number): Promise<string> {
  const node = await createRelayNode({ seed: new Uint8Array(32).fill(77), listen: ["/ip4/127.0.0.1/tcp/0"] });
  const timers = new Set<NodeJS.Timeout>();
  await node.libp2p.handle(TOPIC_PROTOCOL, (stream) => {
    const log = LogId.from(new Uint8Array(16));
    stream.send(withLength(encodeHolderFrame({ kind: "challenge", log, nonce: new Uint8Array(randomBytes(32)) })));
    stream.send(Uint8Array.of(0xff, 0xff, 0x3f)); // a frame of a mebibyte, nearly
    const timer = setInterval(() => {
      if (stream.status === "open") stream.send(new Uint8Array(bytesAtOnce));
    }, everyMs);
    timers.add(timer);
  });
  await node.start();
  cleanup.add({
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await node.stop();
    },
  });
  return node.addresses()[0] ?? "";
}

describe("a holder that sends a byte now and then", () => {
  afterEach(() => cleanup.run());

  it("is left as one that is silent", async () => {
    const { network, recorder } = await startClient([await trickler(1, 20)]);
    cleanup.add({ stop: () => network.stop() });
    network.subscribe(group.subscription());
    await recorder.until(() => recorder.states.some(({ state }) => state === "unreachable"));
    assert.match(recorder.states.find((each) => each.state === "unreachable")?.reason ?? "", /silent/);
  });

  it("is waited for when it sends as fast as a slow network", async () => {
    const { network, recorder } = await startClient([await trickler(512, 20)]);
    cleanup.add({ stop: () => network.stop() });
    network.subscribe(group.subscription());
    const quiet = await startClient([await trickler(1, 20)]);
    cleanup.add({ stop: () => quiet.network.stop() });
    quiet.network.subscribe(group.subscription());
    await quiet.recorder.until(() => quiet.recorder.states.some(({ state }) => state === "unreachable"));
    assert.equal(
      recorder.states.some(({ state }) => state === "unreachable"),
      false,
    );
  });
});
