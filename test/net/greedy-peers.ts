/** Those who make a relay hold what they can: each way fills one connection, and reads or ends nothing. */
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { nodeVerifier } from "../../relay-node/node-verifier.ts";
import { CHUNK_PROTOCOL } from "../../src/net/chunk-service.ts";
import { withLength } from "../../src/net/frame-stream.ts";
import { createClientNode, type NetNode } from "../../src/net/node.ts";
import { PREKEY_PROTOCOL } from "../../src/net/prekey-service.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { envelopeId } from "../../src/verify/envelope-check.ts";
import { FRAME_MAX_BYTES } from "../../src/wire/limits.ts";
import { encodeClientFrame } from "../../src/wire/topic-frames.ts";
import { openAndRead, type RawOpener, rawOpener } from "./raw-opener.ts";
import { topicKey } from "./topic-keys.ts";

/** Connections that one node may have, less than a client's own bound. */
const PER_NODE = 100;
const MIB = 1_048_576;

/** A node that dials `address` anew each time. */
export interface Greedy {
  readonly connect: () => Promise<Connection>;
  readonly stop: () => Promise<void>;
}

export function greedy(address: string): Greedy {
  const nodes: NetNode[] = [];
  let made = 0;
  return {
    connect: async () => {
      if (made++ % PER_NODE === 0) {
        const node = await createClientNode();
        await node.start();
        nodes.push(node);
      }
      const node = nodes.at(-1);
      if (!node) throw new Error("no node");
      return node.libp2p.dial(multiaddr(address), { force: true });
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
    },
  };
}

/** Data frame of yamux on a stream that nobody has opened, as long as a window ever is; libp2p's own frames do not fill what is missing. */
function halfMuxerFrame(connection: Connection): void {
  const header = new Uint8Array(12);
  new DataView(header.buffer).setUint32(4, 99_999);
  new DataView(header.buffer).setUint32(8, 2 * MIB);
  const { muxer } = connection as unknown as { muxer: { maConn: { send: (bytes: Uint8Array) => void } } };
  muxer.maConn.send(header);
  muxer.maConn.send(new Uint8Array(2 * MIB - 65_536));
}

/** Those of so many streams that the relay opens. */
async function streams(connection: Connection, protocol: string, count: number): Promise<readonly Stream[]> {
  const opened = Array.from({ length: count }, () => connection.newStream(protocol, { maxOutboundStreams: count }));
  return (await Promise.allSettled(opened)).flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

const halfFrame = withLength(new Uint8Array(FRAME_MAX_BYTES)).subarray(0, FRAME_MAX_BYTES - 1);

/** What one connection can do; what the relay answers by ending it is no fault. */
export const WAYS: Readonly<Record<string, (connection: Connection) => Promise<void>>> = {
  "half a frame of the muxer": async (connection) => halfMuxerFrame(connection),
  "half frames on all streams": async (connection) => {
    const all = [
      ...(await streams(connection, TOPIC_PROTOCOL, 2)),
      ...(await streams(connection, CHUNK_PROTOCOL, 8)),
      ...(await streams(connection, PREKEY_PROTOCOL, 32)),
    ];
    for (const stream of all) stream.send(halfFrame);
  },
};

/** Pings without end, of which it reads no echo; resolves when the relay has enough of it. */
export async function pingWithoutReading(connection: Connection): Promise<void> {
  const [stream] = await streams(connection, "/ipfs/ping/1.0.0", 1);
  const ended = new Promise((resolve) => stream?.addEventListener("close", resolve));
  stream?.pause();
  stream?.send(new Uint8Array(MIB));
  await ended;
}

const group = topicKey(77);
const envelopes = Array.from({ length: 4 }, (_, n) => group.envelope(new Uint8Array(60_000).fill(n)));
const ids = envelopes.map((each) => envelopeId(nodeVerifier.sha256, each));

/** Asks so many times for 240 kB that it has stored there, and reads no answer. */
export async function askWithoutReading(address: string, times: number): Promise<RawOpener> {
  const opener = await rawOpener(address);
  await openAndRead(opener, group);
  opener.send({ kind: "append", id: 3, envelopes });
  await opener.next("appended");
  opener.frames.pause();
  const get = withLength(encodeClientFrame({ kind: "get", id: 9, topic: group.topic, ids }));
  for (let n = 0; n < times; n++) opener.frames.sendPrefixed(get);
  return opener;
}
