/**
 * Frames over one libp2p stream, both ways, with bounded memory.
 *
 * 1. All frames sent within one tick leave in one write (one yamux frame, one noise packet, one system call).
 * 2. `isWritable` turns false when WRITE_HIGH_BYTES wait, or anything while memory is tight (held-bytes.ts); `writable` is called
 *    once when it is true again.
 * 3. After `pause` no frame is handed on until `resume`, and the peer runs out of window.
 * 4. `closed` is called exactly once, whoever ended the stream; nothing is called after it.
 * 5. Whoever sends a frame more slowly than PROGRESS_BYTES_A_SECOND counts as silent: a byte now and then holds up nobody.
 * 6. No handler's exception reaches libp2p: it ends this stream only.
 *
 * Traps avoided: `stream.onDrain()` resolves at once for ever after its first time, so the `drain` event is used;
 * resuming re-enters the listener, so bytes are only stored meanwhile.
 */
import type { Stream } from "@libp2p/interface";
import * as lp from "it-length-prefixed";
import { Uint8ArrayList } from "uint8arraylist";
import { moved } from "./bulk-garbage.ts";
import { type FrameDecoder, frameDecoder } from "./frame-decoder.ts";
import { type FrameRooms, ROOM_FROM_BYTES } from "./frame-rooms.ts";
import { type HeldBytes, takeOver } from "./held-bytes.ts";
import { type LinkTimes, timesOf } from "./link-times.ts";
import { openWindow } from "./stream-window.ts";

/** Unsent bytes of one stream above which its writer has to wait: about 15 full envelopes, small beside a connection's cost when thousands stall. */
export const WRITE_HIGH_BYTES = 1_048_576;
/** Unsent bytes below which the writer goes on: half, so that it is not woken for every packet. */
const WRITE_LOW_BYTES = WRITE_HIGH_BYTES / 2;

/** Least bytes of an unfinished frame in a second: the slowest mobile network brings ten times as many. */
const PROGRESS_BYTES_A_SECOND = 512;

/** How long a peer may take to let a closing stream drain (ms): a second is many round trips, and shutdown waits for it. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What the owner of a stream is told. */
export interface FrameHandlers {
  /** One whole frame; the bytes are only valid during the call. */
  readonly frame: (bytes: Uint8Array) => void;
  /** The peer has taken enough that sending may go on. Only after `isWritable` answered false. */
  readonly writable?: () => void;
  /** Streams of one link are alive together: what comes or leaves on one of them counts for all. Left out: it is alone. */
  readonly link?: object;
  /** Bytes of frames that were handed on and are still kept, and of what else is kept for this stream: counted by held-bytes.ts. */
  readonly held?: () => number;
  /** Where large frames are put; those belong to whoever handles them, who gives them back. */
  readonly rooms?: FrameRooms;
  /** The stream is over. `reason` is for logs: no addresses, no contents. */
  readonly closed: (reason: string) => void;
}

/** The frame behind its varint length. */
export function withLength(frame: Uint8Array): Uint8Array {
  return lp.encode.single(frame).subarray();
}

/** One stream of frames. Handlers are called from the next tick on. */
export class FrameStream {
  readonly #stream: Stream;
  readonly #handlers: FrameHandlers;
  readonly #decoder: FrameDecoder;
  readonly #budget: HeldBytes | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #flushing = false;
  #starved = false;
  #paused = false;
  #resuming = false;
  #ended = false;
  readonly #times: LinkTimes;
  /** When the frame that is not whole yet began to come (ms). */
  #partSinceMs = 0;

  /** Takes over `stream`. */
  constructor(stream: Stream, handlers: FrameHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    this.#times = timesOf(handlers.link ?? this);
    this.#decoder = frameDecoder(handlers.rooms);
    this.#budget = takeOver(stream, () => this.#decoder.waitingBytes() + (handlers.held?.() ?? 0));
    if (handlers.rooms) openWindow(stream);
    stream.addEventListener("message", (event) => this.#received(event.data));
    stream.addEventListener("drain", () => setImmediate(() => this.#wakeWriter()));
    stream.addEventListener("remoteCloseWrite", () => {
      this.#end("the other side has closed the stream");
      stream.close().catch(() => undefined);
    });
    stream.addEventListener("close", (event) => this.#end(event.error?.message ?? "the stream has closed"));
  }

  /** When bytes last came from the peer, on any stream of the link (`performance.now()` clock, ms); now, while we do not listen. */
  get heardAtMs(): number {
    return this.#paused ? performance.now() : this.#times.heardAtMs;
  }

  /** When bytes last left for the peer, on any stream of the link (same clock, ms). */
  get sentAtMs(): number {
    return this.#times.sentAtMs;
  }

  /** Queues one encoded frame. After the end it does nothing. */
  send(frame: Uint8Array): void {
    this.sendPrefixed(withLength(frame));
  }

  /** Queues frames that {@link withLength} has prefixed already: the same bytes for many streams. */
  sendPrefixed(frames: Uint8Array): void {
    if (this.#ended) return;
    this.#queue.push(frames);
    this.#queuedBytes += frames.byteLength;
    if (frames.byteLength >= ROOM_FROM_BYTES) moved(frames.byteLength);
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  /** False when too much waits to be sent; `writable` is then called when that has changed. */
  isWritable(): boolean {
    if (this.unsentBytes < (this.isTight ? 1 : WRITE_HIGH_BYTES)) return true;
    this.#starved = true;
    return false;
  }

  /** Memory is tight: nothing large is to be begun. */
  get isTight(): boolean {
    return this.#budget?.isTight() ?? false;
  }

  /** What was sent and has not left. */
  get unsentBytes(): number {
    return this.#queuedBytes + this.#stream.writeBufferLength;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Hands on no more frames, and lets the peer run out of window. */
  pause(): void {
    this.#paused = true;
    if (!this.#ended && this.#stream.readStatus === "readable") this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#times.heardAtMs = this.#partSinceMs = performance.now();
    this.#handOn();
    if (this.#ended || this.#paused || this.#stream.readStatus !== "paused") return;
    this.#resuming = true;
    try {
      this.#stream.resume(); // tells the peer of its new window, and throws when the connection has just gone
    } catch {
      this.abort("the connection has gone");
    }
    this.#resuming = false;
    this.#handOn();
  }

  /** Sends what is queued and ends the stream. */
  async close(): Promise<void> {
    this.#flush();
    this.#end("closed by us");
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    } catch {
      this.#stream.abort(new Error("closed by us"));
    }
  }

  /** Ends the stream at once. */
  abort(reason: string): void {
    this.#end(reason);
    this.#stream.abort(new Error(reason));
  }

  #received(data: Uint8Array | Uint8ArrayList): void {
    if (this.#ended) return;
    const nowMs = performance.now();
    if (this.#decoder.waitingBytes() === 0) this.#partSinceMs = nowMs;
    this.#decoder.push(data);
    const dueBytes = ((nowMs - this.#partSinceMs) / 1_000) * PROGRESS_BYTES_A_SECOND;
    if (this.#decoder.waitingBytes() >= dueBytes) this.#times.heardAtMs = nowMs;
    if (!this.#resuming) this.#handOn();
  }

  #handOn(): void {
    while (!this.#ended && !this.#paused) {
      const frame = this.#decoder.next();
      if (frame === undefined) return;
      this.#times.heardAtMs = this.#partSinceMs = performance.now();
      if (frame.length >= ROOM_FROM_BYTES) moved(frame.length);
      if (frame === "malformed") this.abort("bytes that are no frame");
      else this.#guarded(() => this.#handlers.frame(frame));
    }
  }

  #flush(): void {
    this.#flushing = false;
    if (this.#ended || this.#queue.length === 0) return;
    const bytes = joined(this.#queue, this.#queuedBytes);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#times.sentAtMs = performance.now();
    try {
      this.#stream.send(bytes);
    } catch {
      this.abort("the stream takes no more data");
    }
    this.#budget?.moved(bytes.byteLength);
    this.#wakeWriter();
  }

  #wakeWriter(): void {
    if (this.#ended || !this.#starved || this.unsentBytes > (this.isTight ? 0 : WRITE_LOW_BYTES)) return;
    this.#starved = false;
    this.#guarded(() => this.#handlers.writable?.());
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#handlers.closed(reason);
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.abort(`fault while handling a frame: ${error instanceof Error ? error.name : "unknown"}`);
    }
  }
}

/** Bytes from which on frames are not copied together: writes are cut into packets of 64 KiB in any case. */
const LIST_FROM_BYTES = 131_072;

function joined(parts: readonly Uint8Array[], totalBytes: number): Uint8Array | Uint8ArrayList {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  if (totalBytes >= LIST_FROM_BYTES) return new Uint8ArrayList(...parts);
  const out = new Uint8Array(totalBytes);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}
