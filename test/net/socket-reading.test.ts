import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Connection } from "@libp2p/interface";
import { afterEach, describe, it } from "mocha";
import { readInRoom } from "../../src/net/socket-reading.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { chunkClientNode, sourceAt } from "./chunk-parties.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

/** More than the room holds. */
const MANY_BYTES = 1_000_000;

describe("what sockets bring", () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  /** Both ends of a connection; the second was accepted. */
  async function pair(): Promise<readonly [Socket, Socket]> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const dialled = connect((server.address() as { readonly port: number }).port, "127.0.0.1");
    const [accepted] = (await once(server, "connection")) as [Socket];
    cleanup.add({
      stop: async () => {
        dialled.destroy();
        accepted.destroy();
        server.close();
      },
    });
    return [dialled, accepted];
  }

  /** All that comes until the end. */
  function heard(socket: Socket): Promise<Buffer> {
    const pieces: Buffer[] = [];
    socket.on("data", () => assert.fail("what the room took went on to others"));
    assert(readInRoom(socket, (bytes) => pieces.push(Buffer.from(bytes))));
    return once(socket, "end").then(() => Buffer.concat(pieces));
  }

  it("comes into one room, and is each socket's own all the same: dialled or accepted, paused or not", async () => {
    const pairs = await Promise.all([pair(), pair(), pair()]);
    const all = pairs.flatMap(([dialled, accepted]) => [
      [dialled, accepted],
      [accepted, dialled],
    ]) as [Socket, Socket][];
    const sent = all.map((_, i) => Buffer.alloc(MANY_BYTES, i + 1));
    const came = all.map(([to]) => heard(to));
    for (const [i, [to, from]] of all.entries()) {
      if (i % 2 === 0) to.pause();
      from.end(sent[i] ?? assert.fail());
    }
    await came[1];
    for (const [to] of all) to.resume();
    assert.deepEqual(await Promise.all(came), sent);
  });

  it("comes so on our connections: Node and libp2p still have the fields that are used", async () => {
    const relay = cleanup.add(await startRelay());
    const accepting = new Promise<Connection>((resolve) => {
      relay.node.libp2p.addEventListener("connection:open", ({ detail }) => resolve(detail), { once: true });
    });
    const { holder } = await sourceAt(await chunkClientNode(cleanup), relay.address, { verifier: nobleVerifier });
    for (const connection of [holder.connection, await accepting]) {
      const { socket } = (connection as unknown as { readonly maConn: { readonly socket: object } }).maConn;
      const fields = new Map(Object.getOwnPropertySymbols(socket).map((each) => [each.description, each]));
      const take = (socket as Record<symbol, unknown>)[fields.get("kBufferCb") ?? Symbol()];
      assert.equal(typeof take, "function");
    }
  });

  it("comes as it did on anything else", () => {
    const other = { _handle: {} };
    assert.equal(
      readInRoom(other, () => undefined),
      false,
    );
    assert.deepEqual(other, { _handle: {} });
  });
});
