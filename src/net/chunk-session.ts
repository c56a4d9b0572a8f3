/**
 * One stream of the chunk service, from the challenge to its end. Says nothing before the topic is proved.
 *
 * 1. A chunk is stored only under the hash of what came.
 * 2. At most UNDER_WAY_MAX requests are worked on; a faster client waits, as does one that reads its chunks too slowly or
 *    asks more than RATE. One that is refused its topic is let go: each try costs a signature check.
 */
import { randomBytes } from "node:crypto";
import { checkOpenProof } from "../verify/open-proof.ts";
import { topicName } from "../verify/topic-name.ts";
import type { Verifier } from "../verify/verifier.ts";
import { type ChunkAnswer, type ChunkRequest, decodeChunkRequest, encodeChunkAnswer } from "../wire/chunk-frames.ts";
import { ChunkId, type Topic } from "../wire/ids.ts";
import { CHUNK_MAX_BYTES } from "../wire/limits.ts";
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL, type Refusal } from "../wire/topic-frames.ts";
import { chunkHead } from "./chunk-frame.ts";
import type { ChunkStore } from "./chunk-store.ts";
import type { FrameRooms } from "./frame-rooms.ts";
import type { FrameStream } from "./frame-stream.ts";
import { type PaceByKey, pace, type Rate } from "./pace.ts";
import type { OwnTopic } from "./topic-meeting.ts";
import type { Gate } from "./turn-gate.ts";

/** Requests of one stream that are worked on, 2 MiB: more than whoever uploads has under way, so that it is not stopped each time. */
const UNDER_WAY_MAX = 8;
/** Requests of one stream a second, and what it may save up: far above what moves chunks. */
const RATE: Rate = { perSecond: 2_000, burst: 20_000 };
/** Chunks in a `have` that count as one request more. */
const CHUNKS_PER_UNIT = 16;
/** Bytes that a chunk counts beside its own towards its address's rate: what the smallest one costs a disk. */
const CHUNK_PACE_BYTES = 4_096;
/** Ms after which a client may try again what a full holder refused. */
const QUOTA_RETRY_MS = 600_000;
/** The same while the disk cannot write. */
const UNAVAILABLE_RETRY_MS = 30_000;

/** What all sessions of a service share. */
export interface ChunkSessionContext {
  readonly store: ChunkStore;
  readonly verifier: Verifier;
  readonly admit: ((accessToken: string) => boolean) | undefined;
  /** A member's own files; undefined at a relay. */
  readonly own: (() => Iterable<OwnTopic>) | undefined;
  /** Bytes that one IP address hands in. */
  readonly pace: PaceByKey;
  /** Disk work under way over all sessions. */
  readonly works: Gate;
  /** What chunks come in; given back when they are stored. */
  readonly rooms: FrameRooms;
  readonly onEvent: (event: ChunkEvent) => void;
}

/** What happens at a holder, for its counts. */
export type ChunkEvent = { readonly kind: "chunk-stored" | "chunk-sent"; readonly bytes: number };

/** Who is at both ends. */
export interface ChunkEnds {
  readonly holderPeerId: Uint8Array;
  readonly openerPeerId: Uint8Array;
  readonly address: string | undefined;
}

/** Answers frames of `frames`. */
export class ChunkSession {
  readonly #context: ChunkSessionContext;
  readonly #ends: ChunkEnds;
  readonly #frames: FrameStream;
  readonly #nonce = new Uint8Array(randomBytes(32));
  readonly #pace = pace(RATE);
  #topic: Topic | undefined;
  #underWay = 0;
  #isResting = false;
  #stalledAtMs: number | undefined;

  constructor(context: ChunkSessionContext, ends: ChunkEnds, frames: FrameStream) {
    this.#context = context;
    this.#ends = ends;
    this.#frames = frames;
    this.#say({ kind: "challenge", nonce: this.#nonce });
  }

  /** One frame; its bytes are ours. */
  frame(bytes: Uint8Array): void {
    const request = decodeChunkRequest(bytes);
    if (request === undefined) return void this.#frames.abort("bytes that are no request");
    if (request.kind === "open" || request.kind === "meet") return void this.#begin(request);
    const topic = this.#topic;
    if (topic === undefined) return void this.#frames.abort("a request before the topic was open");
    const work = this.#workOf(topic, request);
    this.#underWay++;
    this.#pause(this.#pace.spend(request.kind === "have" ? 1 + request.chunks.length / CHUNKS_PER_UNIT : 1));
    this.#rest();
    this.#context
      .works(work)
      .then((answer) => this.#say(answer))
      .catch(() => this.#frames.abort("a request that could not be answered"))
      .finally(() => {
        if (request.kind === "put") this.#context.rooms.give(request.chunk);
        this.#underWay--;
        this.#rest();
      });
  }

  /** The peer has taken enough to go on. */
  writable(): void {
    this.#rest();
  }

  /** Bytes of chunks that it works on, at most: counted by held-bytes.ts. */
  get heldBytes(): number {
    return this.#underWay * CHUNK_MAX_BYTES;
  }

  /** Since when the peer has not taken what waits for it (`performance.now()` clock); undefined: it takes. */
  get stalledAtMs(): number | undefined {
    return this.#stalledAtMs;
  }

  /** Reads no more for so long. */
  #pause(restMs: number): void {
    if (restMs === 0) return;
    this.#isResting = true;
    setTimeout(() => {
      this.#isResting = false;
      this.#rest();
    }, restMs).unref();
  }

  #rest(): void {
    const isWritable = this.#frames.isWritable();
    this.#stalledAtMs = isWritable ? undefined : (this.#stalledAtMs ?? performance.now());
    const isBusy = this.#isResting || this.#underWay >= UNDER_WAY_MAX || !isWritable;
    if (isBusy && !this.#frames.isPaused) this.#frames.pause();
    else if (!isBusy && this.#frames.isPaused) this.#frames.resume();
  }

  #say(answer: ChunkAnswer): void {
    if (answer.kind !== "chunk") return void this.#frames.send(encodeChunkAnswer(answer));
    this.#frames.sendPrefixed(chunkHead({ ...answer, chunkBytes: answer.chunk.length }));
    this.#frames.sendPrefixed(answer.chunk);
  }

  #refuse(reason: Refusal): void {
    this.#say({ kind: "refused", id: 0, reason, retryAfterMs: 0 });
    void this.#frames.close();
  }

  #begin(request: Extract<ChunkRequest, { readonly kind: "open" | "meet" }>): void {
    if (this.#topic !== undefined) return void this.#frames.abort("a topic was open already");
    if (request.kind === "open") this.#open(request);
    else this.#meet(request);
  }

  #open({ access, topic, signature }: Extract<ChunkRequest, { readonly kind: "open" }>): void {
    const { own, admit, verifier } = this.#context;
    if (own) return void this.#refuse(REFUSAL.unknownTopic); // a member names no topic that was not proved
    if (admit && !admit(access)) return void this.#refuse(REFUSAL.token);
    const claim = { ...this.#ends, topic, nonce: this.#nonce, inbox: false };
    if (checkOpenProof(verifier, claim, signature) !== "valid") return void this.#refuse(REFUSAL.forged);
    this.#topic = topic;
    this.#say({ kind: "opened", proof: new Uint8Array() });
  }

  #meet({ nonce, name, signature }: Extract<ChunkRequest, { readonly kind: "meet" }>): void {
    const { own, verifier } = this.#context;
    const { holderPeerId, openerPeerId } = this.#ends;
    const nonces = { holder: this.#nonce, client: nonce };
    for (const { topic, prove } of own?.() ?? []) {
      if (toHex(topicName(verifier.sha256, topic, nonces)) !== toHex(name)) continue;
      const claim = { topic, nonce: this.#nonce, holderPeerId, openerPeerId, inbox: false };
      if (checkOpenProof(verifier, claim, signature) !== "valid") break;
      this.#topic = topic;
      return void this.#say({ kind: "opened", proof: prove(nonce, openerPeerId, holderPeerId) });
    }
    this.#refuse(REFUSAL.unknownTopic);
  }

  #workOf(
    topic: Topic,
    request: Exclude<ChunkRequest, { readonly kind: "open" | "meet" }>,
  ): () => Promise<ChunkAnswer> {
    const { store, own } = this.#context;
    const { id } = request;
    switch (request.kind) {
      case "have":
        return async () => ({ kind: "has", id, bits: packed(await store.has(topic, request.chunks)) });
      case "get":
        return () => this.#read(topic, id, request.chunk);
      case "put":
        if (own) return async () => ({ kind: "refused", id, reason: REFUSAL.unknownTopic, retryAfterMs: 0 });
        return () => this.#put(topic, id, request.chunk);
      case "release":
        return async () => {
          if (!own) await store.release(topic);
          return { kind: "done", id };
        };
      default:
        return request satisfies never;
    }
  }

  async #read(topic: Topic, id: number, chunkId: ChunkId): Promise<ChunkAnswer> {
    const chunk = await this.#context.store.read(topic, chunkId);
    if (chunk === undefined) return { kind: "lacking", id };
    this.#context.onEvent({ kind: "chunk-sent", bytes: chunk.length });
    return { kind: "chunk", id, chunk };
  }

  async #put(topic: Topic, id: number, chunk: Uint8Array): Promise<ChunkAnswer> {
    const { store, verifier, pace, onEvent } = this.#context;
    const retryAfterMs = pace.take(this.#ends.address, chunk.length + CHUNK_PACE_BYTES);
    if (retryAfterMs > 0) return { kind: "refused", id, reason: REFUSAL.busy, retryAfterMs };
    const outcome = await store.put(topic, ChunkId.from(verifier.sha256(chunk)), chunk);
    if (outcome === "quota") return { kind: "refused", id, reason: REFUSAL.quota, retryAfterMs: QUOTA_RETRY_MS };
    if (outcome === "unavailable")
      return { kind: "refused", id, reason: REFUSAL.unavailable, retryAfterMs: UNAVAILABLE_RETRY_MS };
    onEvent({ kind: "chunk-stored", bytes: chunk.length });
    return { kind: "done", id };
  }
}

/** One bit for each, lowest first. */
function packed(flags: readonly boolean[]): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8));
  for (const [i, each] of flags.entries()) if (each) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  return bits;
}
