/**
 * Workaround, in this one place: whoever has connected, without having shown anything, can make @libp2p/yamux 8 use memory without
 * bound (no upstream issues yet). It waits for the whole of a frame and looks only then whether the stream's window has room for
 * it, up to 4 GiB; it answers pings and new streams of a peer that reads nothing, each answer being some 200 bytes that wait; and
 * what a paused stream is sent one byte at a time is an object a byte.
 *
 * 1. A frame that is longer than a window ever is ends the connection.
 * 2. So do {@link ANSWERS_MAX} frames without data that wait behind a full socket.
 * 3. What waits lies in few pieces.
 * 4. With a budget (held-bytes.ts) what comes and each new stream counts towards it.
 *
 * libp2p offers none of these: they are found through private fields. Where they are not there nothing is bounded and nothing
 * else changes.
 */
import type { Stream, StreamMuxer, StreamMuxerFactory } from "@libp2p/interface";
import type { Uint8ArrayList } from "uint8arraylist";
import { type HeldBytes, watchUnread } from "./held-bytes.ts";
import { joinPieces } from "./joined-pieces.ts";

/** Bytes before a frame's data, and all that a frame without data has. */
const HEADER_BYTES = 12;
/** yamux's own number of a frame with data. */
const DATA = 0;
/** Frames without data that may wait for a peer that does not read, 1 MB; one that does is far below, as the socket takes 100,000. */
const ANSWERS_MAX = 4_096;

interface Muxing {
  onData: (data: Uint8Array | Uint8ArrayList) => void;
  send: (data: { readonly byteLength: number }) => boolean;
  readonly decoder: { readonly buffer: Uint8ArrayList };
  readonly streams: readonly { readonly readBuffer: Uint8ArrayList; readonly writeBuffer: Uint8ArrayList }[];
  readonly maConn: {
    readonly writableNeedsDrain: boolean;
    readonly writeBuffer?: Uint8ArrayList;
    readonly abort: (error: Error) => void;
  };
  onRemoteStream?: (stream: Stream) => void;
  createStream?: (...given: unknown[]) => Promise<Stream>;
}

/** The same muxer, bounded. `windowBytes`: the largest window of a stream. `budget`: what its connections count towards. */
export function boundedMuxer(
  make: () => StreamMuxerFactory,
  windowBytes: number,
  budget?: HeldBytes,
): () => StreamMuxerFactory {
  return () => {
    const factory = make();
    const { createStreamMuxer } = factory;
    factory.createStreamMuxer = (connection) => {
      const muxer = bounded(createStreamMuxer.call(factory, connection), windowBytes);
      if (budget) countTowards(budget, muxer as unknown as Partial<Muxing>);
      return muxer;
    };
    return factory;
  };
}

function bounded(muxer: StreamMuxer, windowBytes: number): StreamMuxer {
  const own = muxer as unknown as Partial<Muxing>;
  const isKnown = own.onData && own.send && own.decoder?.buffer && own.streams;
  if (!isKnown || typeof own.maConn?.writableNeedsDrain !== "boolean") return muxer;
  boundArrivals(own as Muxing, windowBytes);
  boundAnswers(own as Muxing);
  return muxer;
}

/** What it throws ends the connection. */
function boundArrivals(muxer: Muxing, windowBytes: number): void {
  const take = muxer.onData.bind(muxer);
  muxer.onData = (data) => {
    take(data);
    const { buffer } = muxer.decoder; // the beginning of a frame, or nothing
    if (buffer.byteLength >= HEADER_BYTES && buffer.get(1) === DATA && lengthIn(buffer) > windowBytes)
      throw new Error("a frame longer than any window");
    joinPieces(buffer);
    for (const { readBuffer, writeBuffer } of muxer.streams) {
      joinPieces(readBuffer);
      joinPieces(writeBuffer); // answers to what comes bit by bit
    }
  };
}

const lengthIn = (header: Uint8ArrayList): number => header.getUint32(8);

function boundAnswers(muxer: Muxing): void {
  const send = muxer.send.bind(muxer);
  let waiting = 0;
  muxer.send = (data) => {
    if (!muxer.maConn.writableNeedsDrain) waiting = 0;
    else if (data.byteLength === HEADER_BYTES && ++waiting > ANSWERS_MAX)
      muxer.maConn.abort(new Error("answers that are not read"));
    if (waiting > 0 && muxer.maConn.writeBuffer) joinPieces(muxer.maConn.writeBuffer);
    return send(data);
  };
}

function countTowards(budget: HeldBytes, muxer: Partial<Muxing>): void {
  const { onData, onRemoteStream, createStream } = muxer;
  if (!onData || !onRemoteStream || !createStream) return;
  muxer.onData = (data) => {
    onData.call(muxer, data);
    budget.moved(data.byteLength);
  };
  muxer.onRemoteStream = (stream) => {
    watchUnread(budget, stream);
    onRemoteStream.call(muxer, stream);
  };
  muxer.createStream = async (...given) => {
    const stream = await createStream.apply(muxer, given);
    watchUnread(budget, stream);
    return stream;
  };
}
