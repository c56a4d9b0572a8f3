import assert from "node:assert/strict";
import type { ConnectionEncrypter } from "@libp2p/interface";
import * as fc from "fast-check";
import { describe, it } from "mocha";
import { Uint8ArrayList } from "uint8arraylist";
import { noisePackets, quickPackets } from "../../src/net/noise-packets.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { chunkClientNode, sourceAt } from "./chunk-parties.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

const framed = (packet: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(packet.length >> 8, packet.length & 0xff), packet]);

describe("packets of an encrypted connection", () => {
  it("are found wherever a socket cuts them, whole and in order; empty ones are left out", () => {
    const packet = fc.uint8Array({ maxLength: 600, size: "max" });
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 12, size: "max" }),
        fc.array(fc.nat(300), { minLength: 1 }),
        (packets, cuts) => {
          const bytes = Buffer.concat(packets.map(framed));
          const found: Uint8Array[] = [];
          const decoder = noisePackets();
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const end = at + 1 + (cuts[i % cuts.length] ?? 0);
            const piece = new Uint8Array(bytes.subarray(at, end));
            for (const each of decoder.decode(i % 2 ? piece : new Uint8ArrayList(piece))) found.push(each.slice());
            at = end;
          }
          assert.deepEqual(
            found,
            packets.filter(({ length }) => length > 0),
          );
        },
      ),
    );
  });

  it("of several connections do not mix, however long they are and wherever they are cut", () => {
    const lengths = [65_535, 1, 40_000, 0, 16_384, 65_535, 300];
    const connections = [1, 2, 3].map((byte) => {
      const packets = lengths.map((length, i) => Buffer.alloc(length, byte * 16 + i));
      return { packets, bytes: Buffer.concat(packets.map(framed)), decoder: noisePackets(), found: [] as Buffer[] };
    });
    for (let at = 0; at < (connections[0]?.bytes.length ?? 0); at += 20_001)
      for (const { bytes, decoder, found } of connections)
        for (const each of decoder.decode(bytes.subarray(at, at + 20_001))) found.push(Buffer.from(each));
    for (const { packets, found } of connections)
      assert.deepEqual(
        found,
        packets.filter(({ length }) => length > 0),
      );
  });

  it("begin with what came right behind the handshake", async () => {
    const packet = Uint8Array.of(1, 2, 3);
    const decoder = {
      buffer: new Uint8ArrayList(framed(packet).subarray(0, 3)),
      decode: (_: Uint8Array): Iterable<Uint8Array> => [],
    };
    const fake = { handshake: { decrypt: () => packet }, decoder, decrypt: () => packet };
    const secureInbound = async () => ({ connection: fake, remotePeer: undefined });
    await quickPackets(() => ({ secureInbound }) as unknown as ConnectionEncrypter)({}).secureInbound({} as never);
    assert.deepEqual([...fake.decoder.decode(framed(packet).subarray(3))], [packet]);
  });

  it("are found so on our connections: libp2p still has the fields that are replaced", async () => {
    const cleanup = new Cleanup();
    try {
      const relay = await startRelay();
      cleanup.add(relay);
      const { holder } = await sourceAt(await chunkClientNode(cleanup), relay.address, { verifier: nobleVerifier });
      const { muxer } = holder.connection as unknown as { muxer: { maConn: { decoder: object; decrypt: object } } };
      assert.deepEqual(Object.keys(muxer.maConn.decoder), ["heldBytes", "decode"]);
      assert(Object.hasOwn(muxer.maConn, "decrypt"));
    } finally {
      await cleanup.run();
    }
  });
});
