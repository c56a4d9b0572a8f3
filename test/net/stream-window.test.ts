import assert from "node:assert/strict";
import type { Stream } from "@libp2p/interface";
import { describe, it } from "mocha";
import { CHUNK_PROTOCOL, createChunkService } from "../../src/net/chunk-service.ts";
import { openWindow } from "../../src/net/stream-window.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { chunkClientNode, sourceAt } from "./chunk-parties.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

const MIB = 1_048_576;
const [INIT, ESTABLISHED] = [0, 3];

describe("the window of a stream of chunks", () => {
  it("is as large as the stream may ever hold, and told of when half of it is used", () => {
    let told = 0;
    const window = {
      ...{ recvWindow: MIB / 4, recvWindowCapacity: MIB / 4, maxStreamWindowSize: 2 * MIB, state: INIT },
      sendWindowUpdate() {
        told++;
        this.recvWindowCapacity = this.recvWindow;
      },
    };
    openWindow(window as unknown as Stream);
    const taken = (bytes: number): number => {
      window.recvWindowCapacity -= bytes;
      window.sendWindowUpdate();
      return told;
    };
    assert.equal(taken(0), 1, "what makes the stream known to the peer is said in any case");
    window.state = ESTABLISHED;
    assert.deepEqual([window.recvWindow, window.recvWindowCapacity], [2 * MIB, 2 * MIB]);
    assert.deepEqual([taken(MIB / 2), taken(MIB / 4), taken(MIB / 4), taken(MIB / 4)], [1, 1, 2, 2]);
  });

  it("is so on real streams: yamux still has the fields that are used", async () => {
    const cleanup = new Cleanup();
    try {
      const relay = await startRelay();
      cleanup.add(relay);
      const store = {
        ...{ has: async () => [], read: async () => undefined, release: async () => undefined },
        put: async () => "unavailable" as const,
      };
      const service = createChunkService({ store, verifier: nobleVerifier });
      await service.serve(relay.node);
      cleanup.add({ stop: () => service.close() });
      const { holder } = await sourceAt(await chunkClientNode(cleanup), relay.address, { verifier: nobleVerifier });
      const stream = await holder.connection.newStream(CHUNK_PROTOCOL);
      openWindow(stream);
      const window = stream as unknown as { recvWindow: number; sendWindowUpdate: object };
      assert.equal(window.recvWindow, 2 * MIB);
      assert(Object.hasOwn(window, "sendWindowUpdate"));
    } finally {
      await cleanup.run();
    }
  });

  it("stays what it is on anything else", () => {
    const other = { recvWindow: "large" };
    openWindow(other as unknown as Stream);
    assert.deepEqual(other, { recvWindow: "large" });
  });
});
