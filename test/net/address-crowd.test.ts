import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { MultiaddrConnection } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { afterEach, describe, it } from "mocha";
import { addressCrowd } from "../../src/net/address-crowd.ts";
import { Cleanup, startClient, startRelay } from "./test-relay.ts";

const cleanup = new Cleanup();

class Incoming extends EventTarget {
  readonly remoteAddr;
  constructor(host: string) {
    super();
    this.remoteAddr = multiaddr(`/ip4/${host}/tcp/4001`);
  }
}
const incoming = (host: string): MultiaddrConnection => new Incoming(host) as unknown as MultiaddrConnection;

describe("the crowd of an address", () => {
  afterEach(() => cleanup.run());

  it("is bounded in handshakes and in connections, and takes others when some have gone", () => {
    const gater = addressCrowd({ connections: 3, handshakes: 2 });
    const all = [1, 2, 3, 4].map(() => incoming("203.0.113.7"));
    const denied = (connection?: MultiaddrConnection) => connection && gater.denyInboundConnection?.(connection);
    const upgraded = (connection?: MultiaddrConnection) =>
      connection && gater.denyInboundUpgradedConnection?.(undefined as never, connection);
    assert.deepEqual([denied(all[0]), denied(all[1]), denied(all[2])], [false, false, true]);
    upgraded(all[0]);
    upgraded(all[1]);
    assert.deepEqual([denied(all[2]), upgraded(all[2]), denied(all[3])], [false, false, true]);
    assert.equal(denied(incoming("203.0.113.8")), false, "another address has its own");
    all[0]?.dispatchEvent(new Event("close"));
    assert.equal(denied(all[3]), false);
  });

  it("counts nobody on this machine", () => {
    const gater = addressCrowd({ connections: 1, handshakes: 1 });
    for (let i = 0; i < 5; i++) assert.equal(gater.denyInboundConnection?.(incoming("127.0.0.1")), false);
  });
});

describe("a relay beside those who begin a handshake and never end it", () => {
  const silent: Socket[] = [];

  afterEach(async () => {
    for (const socket of silent.splice(0)) socket.destroy();
    await cleanup.run();
  });

  it("still takes a client", async function () {
    this.timeout(20_000);
    const relay = cleanup.add(await startRelay());
    for (let i = 0; i < 40; i++) {
      const socket = connect(relay.port, "127.0.0.1");
      silent.push(socket);
      socket.on("error", () => undefined);
      await once(socket, "connect");
      socket.write(i % 2 === 0 ? "\x13/multistream/1.0.0\n" : "GET / HTTP/1.1\r\n");
    }
    const client = await startClient([relay.address]);
    cleanup.add(client.network);
    await client.recorder.untilState("connected");
  });

  it("refuses more than 48 at once, and takes a client when they have gone", async function () {
    this.timeout(20_000);
    const relay = cleanup.add(await startRelay());
    let refused = 0;
    const twelveRefused = new Promise<void>((resolve) => {
      for (let i = 0; i < 60; i++) {
        const socket = connect(relay.port, "127.0.0.1");
        silent.push(socket);
        socket.on("error", () => undefined);
        socket.once("close", () => {
          refused += 1;
          if (refused === 12) resolve();
        });
      }
    });
    await twelveRefused;
    assert.equal(silent.filter((socket) => !socket.destroyed).length, 48);
    for (const socket of silent) socket.destroy();
    const client = await startClient([relay.address]);
    cleanup.add(client.network);
    await client.recorder.untilState("connected");
  });
});
