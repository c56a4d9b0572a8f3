/** The opener's side of a topic stream, frame by frame and without manners: for what an honest client never does. */
import type { Connection, Stream } from "@libp2p/interface";
import { multiaddr } from "@multiformats/multiaddr";
import { FrameStream } from "../../src/net/frame-stream.ts";
import { createClientNode, type NetNode } from "../../src/net/node.ts";
import { TOPIC_PROTOCOL } from "../../src/net/topic-service.ts";
import { LogId, type Sequence, type Signature } from "../../src/wire/ids.ts";
import {
  type ClientFrame,
  decodeHolderFrame,
  encodeClientFrame,
  type HolderFrame,
} from "../../src/wire/topic-frames.ts";
import type { TopicKey } from "./topic-keys.ts";

type Of<K extends HolderFrame["kind"]> = Extract<HolderFrame, { readonly kind: K }>;

export interface RawOpener {
  readonly node: NetNode;
  readonly connection: Connection;
  readonly stream: Stream;
  readonly frames: FrameStream;
  readonly send: (frame: ClientFrame) => void;
  /** Waits for the next frame of this kind; those of other kinds before it are dropped. */
  readonly next: <K extends HolderFrame["kind"]>(kind: K) => Promise<Of<K>>;
  /** Resolves when the stream is over. */
  readonly closed: Promise<void>;
  readonly holderPeerId: Uint8Array;
  readonly stop: () => Promise<void>;
}

export async function rawOpener(address: string): Promise<RawOpener> {
  const node = await createClientNode();
  await node.start();
  const connection = await node.libp2p.dial(multiaddr(address));
  const stream = await connection.newStream(TOPIC_PROTOCOL);
  const arrived: HolderFrame[] = [];
  let wake: () => void = () => undefined;
  let over: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => {
    over = resolve;
  });
  const frames = new FrameStream(stream, {
    frame: (bytes) => {
      const frame = decodeHolderFrame(bytes);
      if (frame !== undefined) arrived.push(frame);
      wake();
    },
    closed: () => over(),
  });
  return {
    node,
    connection,
    stream,
    frames,
    closed,
    holderPeerId: connection.remotePeer.toMultihash().bytes,
    send: (frame) => frames.send(encodeClientFrame(frame)),
    next: async <K extends HolderFrame["kind"]>(kind: K): Promise<Of<K>> => {
      for (;;) {
        const frame = arrived.shift();
        if (frame?.kind === kind) return frame as Of<K>;
        if (frame === undefined) await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    stop: () => node.stop(),
  };
}

/** Opens `key`'s topic on a fresh stream and reads from the beginning; resolves when the holder agrees. */
export async function openAndRead(opener: RawOpener, key: TopicKey): Promise<void> {
  const { nonce } = await opener.next("challenge");
  const { topic } = key;
  const signature = key.subscription().prove(nonce, opener.holderPeerId, opener.node.peerIdBytes) as Signature;
  opener.send({
    kind: "open",
    id: 1,
    access: "",
    resume: new Uint8Array(),
    proofs: [{ topic, inbox: false, signature }],
  });
  await opener.next("opened");
  const log = LogId.from(new Uint8Array(16).fill(1));
  opener.send({ kind: "subscribe", id: 2, cursors: [{ topic, log, after: 0 as Sequence }] });
  await opener.next("done");
}
