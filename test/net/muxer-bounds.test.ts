import assert from "node:assert/strict";
import type { StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";
import { afterEach, describe, it } from "mocha";
import { Uint8ArrayList } from "uint8arraylist";
import { boundedMuxer } from "../../src/net/muxer-bounds.ts";
import { nobleVerifier } from "../../src/verify/noble-verifier.ts";
import { chunkClientNode, sourceAt } from "./chunk-parties.ts";
import { Cleanup, startRelay } from "./test-relay.ts";

const [DATA, PING] = [0, 2];
const WINDOW_BYTES = 2_097_152;

/** A frame's first bytes. */
function header(kind: number, length: number): Uint8Array {
  const bytes = new Uint8Array(12);
  bytes[1] = kind;
  new DataView(bytes.buffer).setUint32(4, 1);
  new DataView(bytes.buffer).setUint32(8, length);
  return bytes;
}

/** A muxer that keeps what comes as the beginning of a frame. */
function fakeMuxer() {
  const aborted: string[] = [];
  const made = {
    decoder: { buffer: new Uint8ArrayList() },
    streams: [{ readBuffer: new Uint8ArrayList(), writeBuffer: new Uint8ArrayList() }],
    maConn: { writableNeedsDrain: false, abort: ({ message }: Error) => aborted.push(message) },
    onData: (data: Uint8Array) => made.decoder.buffer.append(data),
    send: (_: { readonly byteLength: number }) => true,
  };
  const factory = { protocol: "", createStreamMuxer: () => made as unknown as StreamMuxer } as StreamMuxerFactory;
  boundedMuxer(() => factory, WINDOW_BYTES)().createStreamMuxer({} as never);
  return { ...made, made, aborted };
}

describe("what a peer can make a connection hold", () => {
  const cleanup = new Cleanup();
  afterEach(() => cleanup.run());

  /** A client's connection to a relay, with libp2p's own fields. */
  async function connected() {
    const relay = cleanup.add(await startRelay());
    const { holder } = await sourceAt(await chunkClientNode(cleanup), relay.address, { verifier: nobleVerifier });
    return holder.connection as unknown as typeof holder.connection & {
      readonly muxer: { readonly maConn: { readonly send: (data: Uint8Array) => boolean } };
    };
  }

  it("is bounded on our connections: libp2p still has the fields that are used", async () => {
    const { muxer } = await connected();
    assert(Object.hasOwn(muxer, "onData") && Object.hasOwn(muxer, "send"));
  });

  it("is no frame that is longer than any window: the connection ends before its bytes come", async () => {
    const connection = await connected();
    const ended = new Promise((resolve) => connection.addEventListener("close", resolve));
    connection.muxer.maConn.send(header(DATA, 0xffff_ffff));
    await ended;
  });

  it("is a frame as long as a window", () => {
    const { made } = fakeMuxer();
    made.onData(header(DATA, WINDOW_BYTES));
    assert.throws(() => fakeMuxer().made.onData(header(DATA, WINDOW_BYTES + 1)));
    fakeMuxer().made.onData(header(PING, 0xffff_ffff)); // a number, no length
  });

  it("is 4,096 answers that it does not read, and any number that it does", () => {
    const { made, aborted } = fakeMuxer();
    for (let i = 0; i < 10_000; i++) made.send(header(PING, i));
    made.maConn.writableNeedsDrain = true;
    for (let i = 0; i < 4_096; i++) made.send(header(PING, i));
    made.send(new Uint8Array(65_548)); // data waits by other rules
    assert.deepEqual(aborted, []);
    made.send(header(PING, 1));
    assert.deepEqual(aborted, ["answers that are not read"]);
  });

  it("lies in few pieces, also what a paused stream is sent", () => {
    const { made } = fakeMuxer();
    const [stream] = made.streams;
    for (let i = 0; i < 5_000; i++) {
      stream?.readBuffer.append(new Uint8Array(1));
      made.onData(new Uint8Array(1));
    }
    assert([...(stream?.readBuffer ?? [])].length <= 33);
    assert([...made.decoder.buffer].length <= 33);
  });
});
