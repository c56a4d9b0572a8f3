import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, beforeEach, describe, it } from "mocha";
import { withLength } from "../../src/net/frame-stream.ts";
import { createClientNode } from "../../src/net/node.ts";
import { PREKEY_PROTOCOL } from "../../src/net/prekey-service.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { encodeClientFrame } from "../../src/wire/topic-frames.ts";
import { Cleanup, startClient } from "../net/test-relay.ts";
import { topicKey } from "../net/topic-keys.ts";
import { onLoopback, type RelayProcess, spawnRelay } from "./relay-process.ts";
import { temporaryDirectory } from "./store-directory.ts";

const cleanup = new Cleanup();
const group = topicKey(1);
/** Streams with broken frames; each is one connection's worth of misbehaviour. */
const BROKEN_STREAMS = 40;

const append = withLength(encodeClientFrame({ kind: "append", id: 1, envelopes: [group.envelope("honest")] }));

/** Frames that no client sends: cut short, bits flipped, too long, lengths that never end, noise. */
function brokenFrame(n: number): Uint8Array {
  const flipped = append.slice();
  const at = randomBytes(2).readUInt16LE() % flipped.length;
  flipped[at] = (flipped[at] ?? 0) ^ (1 << (n % 8));
  const forms = [
    append.subarray(0, 1 + (randomBytes(2).readUInt16LE() % (append.length - 1))),
    flipped,
    Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x7f]),
    Uint8Array.from([0x80, 0x00]),
    new Uint8Array(randomBytes(3_000)),
    withLength(new Uint8Array(randomBytes(100))),
    withLength(new Uint8Array(0)),
  ];
  return forms[n % forms.length] ?? append;
}

describe("a relay among the hostile", function () {
  this.timeout(60_000);
  let directory = "";
  let relay: RelayProcess;
  let address = "";
  let port = 0;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    relay = spawnRelay(onLoopback(directory));
    [address = ""] = (await relay.ready).addrs;
    port = Number(/tcp\/(\d+)/.exec(address)?.[1]);
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await cleanup.run();
    relay.child.kill("SIGTERM");
    const { code, stderr } = await relay.ended;
    await rm(directory, { recursive: true });
    assert.equal(code, 0, stderr);
  });

  async function servesTheHonest(text: string): Promise<void> {
    const { network, recorder } = await startClient([address]);
    cleanup.add(network);
    network.subscribe(group.subscription());
    await recorder.untilCaughtUp(group.topic);
    assert.equal((await network.append([group.envelope(text)]))[0]?.kind, "stored");
    await recorder.until(() => recorder.texts(group.topic).includes(text));
  }

  it("serves on beside sockets that say nothing, nonsense, or one byte at a time", async () => {
    for (let n = 0; n < 40; n++) {
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => undefined);
      await once(socket, "connect");
      if (n % 3 === 1) socket.write(randomBytes(5_000));
      if (n % 3 === 2) socket.write("\x13");
    }
    await servesTheHonest("beside sockets");
  });

  it("serves on beside clients that send broken frames and open streams without end", async () => {
    const node = await createClientNode();
    cleanup.add(node);
    await node.start();
    for (let n = 0; n < BROKEN_STREAMS; n++) {
      const connection = await node.libp2p.dial(multiaddr(address));
      const protocol = n % 2 === 0 ? TOPIC_PROTOCOL : PREKEY_PROTOCOL;
      const stream = await connection.newStream(protocol).catch(() => undefined);
      try {
        stream?.send(brokenFrame(n >> 1));
      } catch {
        // the relay has ended the stream already, as it should
      }
    }
    const flood = await node.libp2p.dial(multiaddr(address));
    await Promise.allSettled(
      Array.from({ length: 200 }, () => flood.newStream(PREKEY_PROTOCOL, { signal: AbortSignal.timeout(3_000) })),
    );
    await servesTheHonest("beside clients");
  });
});
