/**
 * `/hermes/chunks/1.0.0` for whoever holds chunks: relays, and members for each other.
 *
 * 1. A stream on which nothing comes for IDLE_MS, or whose reader takes nothing for STALLED_MS, is ended; a connection has at
 *    most STREAMS_PER_CONNECTION.
 * 2. Memory is bounded: WORKS_MAX chunks at the disk, a few in each stream.
 *
 * @see PROTOCOL.md § Chunks
 */
import type { Verifier } from "../verify/verifier.ts";
import { type ChunkEvent, ChunkSession, type ChunkSessionContext } from "./chunk-session.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { createFrameRooms } from "./frame-rooms.ts";
import { FrameStream } from "./frame-stream.ts";
import type { NetNode } from "./node.ts";
import { paceByKey, type Rate } from "./pace.ts";
import { remoteHost } from "./remote-host.ts";
import type { OwnTopic } from "./topic-meeting.ts";
import { gate } from "./turn-gate.ts";

/** Protocol id of the chunk stream. */
export const CHUNK_PROTOCOL = "/hermes/chunks/1.0.0";
/** Files that one client moves with one holder at once: three up and three down, and two that it has just left. */
const STREAMS_PER_CONNECTION = 8;
/** Chunks that are read or written at once over all streams: enough for a disk, 8 MiB of memory. */
const WORKS_MAX = 32;
/** Ms without a frame after which a stream is ended. */
const IDLE_MS = 60_000;
/** Ms for which half a MiB may wait for a reader: 4 KiB a second are enough. */
const STALLED_MS = 120_000;
const UNLIMITED: Rate = { perSecond: Number.MAX_SAFE_INTEGER, burst: Number.MAX_SAFE_INTEGER };

export interface ChunkServiceOptions {
  readonly store: ChunkStore;
  readonly verifier: Verifier;
  /** Undefined: everybody may use this holder. */
  readonly admit?: ((accessToken: string) => boolean) | undefined;
  /** The holder is a member, and serves these alone. */
  readonly own?: () => Iterable<OwnTopic>;
  /** Bytes that one IP address may hand in; default: any. */
  readonly addressRate?: Rate;
  /** Resolves when a chunk may be read or written; default: at once. */
  readonly calm?: () => Promise<void>;
  readonly onEvent?: (event: ChunkEvent) => void;
}

export interface ChunkService {
  /** Answers the protocol on `node`; may be called before the node starts. */
  readonly serve: (node: NetNode) => Promise<void>;
  /** Ends all streams and turns newcomers away. */
  readonly close: () => Promise<void>;
}

export function createChunkService(options: ChunkServiceOptions): ChunkService {
  const { calm } = options;
  const works = gate(WORKS_MAX);
  const context: ChunkSessionContext = {
    store: options.store,
    verifier: options.verifier,
    admit: options.admit,
    own: options.own,
    pace: paceByKey(options.addressRate ?? UNLIMITED),
    works: calm ? (work) => works(() => calm().then(work)) : works,
    rooms: createFrameRooms(),
    onEvent: options.onEvent ?? (() => undefined),
  };
  const streams = new Map<FrameStream, ChunkSession>();
  let closing = false;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const [stream, { stalledAtMs = nowMs }] of streams) {
      if (stream.heardAtMs < nowMs - IDLE_MS) stream.abort("idle for too long");
      else if (stalledAtMs < nowMs - STALLED_MS) stream.abort("nothing was taken for too long");
    }
  }, IDLE_MS / 4);
  timer.unref();
  return {
    serve: (node) =>
      node.libp2p.handle(
        CHUNK_PROTOCOL,
        (stream, connection) => {
          if (closing) return stream.abort(new Error("closing"));
          const frames = new FrameStream(stream, {
            frame: (bytes) => session.frame(bytes),
            writable: () => session.writable(),
            held: () => session.heldBytes,
            closed: () => streams.delete(frames),
            rooms: context.rooms,
          });
          const session = new ChunkSession(
            context,
            {
              holderPeerId: node.peerIdBytes,
              openerPeerId: connection.remotePeer.toMultihash().bytes,
              address: remoteHost(connection),
            },
            frames,
          );
          streams.set(frames, session);
        },
        { maxInboundStreams: STREAMS_PER_CONNECTION, runOnLimitedConnection: true },
      ),
    close: async () => {
      closing = true;
      clearInterval(timer);
      await Promise.all([...streams.keys()].map((stream) => stream.close()));
    },
  };
}
