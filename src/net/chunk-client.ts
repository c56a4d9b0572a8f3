/**
 * One file at one holder, from our side: proves the topic, then asks, fetches and hands in, many at a time.
 *
 * 1. Every request is answered once: with `undefined` when the stream ends first or the holder is silent for too long.
 * 2. A chunk whose hash is not the one that was asked for ends the stream: its holder lies.
 */
import { randomBytes } from "node:crypto";
import type { Connection } from "@libp2p/interface";
import type { ChunkTopic } from "../client/ports/chunks.ts";
import { checkOpenProof } from "../verify/open-proof.ts";
import { topicName } from "../verify/topic-name.ts";
import type { Verifier } from "../verify/verifier.ts";
import { type ChunkAnswer, type ChunkRequest, decodeChunkAnswer, encodeChunkRequest } from "../wire/chunk-frames.ts";
import { type ChunkId, Signature } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import { chunkHead } from "./chunk-frame.ts";
import { CHUNK_PROTOCOL } from "./chunk-service.ts";
import type { FrameRooms } from "./frame-rooms.ts";
import { FrameStream } from "./frame-stream.ts";

/** Ms for which a holder may be silent while we wait for it. */
const SILENT_MS = 30_000;

/** Whom we talk to, and as whom. */
export interface ChunkHolder {
  readonly connection: Connection;
  /** A member has to prove itself; a relay is named the topic at once. */
  readonly kind: "relay" | "member";
  readonly accessToken: string;
  /** PeerId of this process, multihash bytes. */
  readonly ownPeerId: Uint8Array;
  readonly verifier: Verifier;
  /** What chunks come in. */
  readonly rooms?: FrameRooms;
}

type Keyed = Extract<ChunkAnswer, { readonly id: number }>;
type Asking = Extract<ChunkRequest, { readonly id: number }>;
/** A request but for its id. */
type Question = Asking extends infer A ? (A extends Asking ? Omit<A, "id"> : never) : never;

export interface ChunkClient {
  /** Which of these the holder has; undefined: the stream is over. */
  readonly have: (ids: readonly ChunkId[]) => Promise<readonly boolean[] | undefined>;
  /** `lied`: what came has another hash. A chunk is the caller's until it gives it back to the rooms of the holder. */
  readonly get: (id: ChunkId) => Promise<Uint8Array | "lacking" | "lied" | undefined>;
  readonly put: (chunk: Uint8Array) => Promise<"stored" | Extract<ChunkAnswer, { kind: "refused" }> | undefined>;
  readonly release: () => Promise<void>;
  readonly isOver: () => boolean;
  readonly close: () => Promise<void>;
}

/** Opens a stream and proves the topic; undefined when the holder does not speak this, refuses, or is no member of the file. */
export async function openChunks(holder: ChunkHolder, topic: ChunkTopic): Promise<ChunkClient | undefined> {
  const { connection } = holder;
  const signal = AbortSignal.timeout(SILENT_MS);
  const stream = await connection.newStream(CHUNK_PROTOCOL, { signal, runOnLimitedConnection: true });
  const waiting = new Map<number, (answer: Keyed | undefined) => void>();
  let over = false;
  let nextId = 1;
  let isGreeted = false;
  let begin: (isOpen: boolean) => void = () => undefined;
  const begun = new Promise<boolean>((resolve) => {
    begin = resolve;
  });
  const greeting = greetingOf(holder, topic);
  let timer = setTimeout(() => frames.abort("no answer in time"), SILENT_MS);
  const rearm = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => waiting.size > 0 && frames.abort("no answer in time"), SILENT_MS);
    timer.unref();
  };
  const frames: FrameStream = new FrameStream(stream, {
    ...(holder.rooms ? { rooms: holder.rooms } : {}),
    frame: (bytes) => {
      const answer = decodeChunkAnswer(bytes);
      if (answer === undefined) return frames.abort("bytes that are no answer");
      if (answer.kind === "challenge" || answer.kind === "opened" || waiting.has(answer.id)) rearm(); // the rest is no progress
      if (answer.kind === "challenge") {
        // A proof is longer than what asks for it, so each further one would be memory that its holder makes us use.
        if (isGreeted) return frames.abort("a second challenge");
        isGreeted = true;
        return frames.send(encodeChunkRequest(greeting.say(answer.nonce)));
      }
      if (answer.kind === "opened") return begin(greeting.isProved(answer.proof));
      if (answer.kind === "refused" && answer.id === 0) return begin(false);
      waiting.get(answer.id)?.(answer);
      waiting.delete(answer.id);
    },
    closed: () => {
      over = true;
      clearTimeout(timer);
      begin(false);
      for (const settle of waiting.values()) settle(undefined);
      waiting.clear();
    },
  });
  if (!(await begun)) {
    await frames.close();
    return undefined;
  }
  const ask = (question: Question): Promise<Keyed | undefined> =>
    new Promise((resolve) => {
      if (over) return resolve(undefined);
      const id = nextId++;
      if (waiting.size === 0) rearm();
      waiting.set(id, resolve);
      if (question.kind !== "put") return frames.send(encodeChunkRequest({ ...question, id } as Asking));
      const { chunk } = question as Extract<Question, { readonly kind: "put" }>;
      frames.sendPrefixed(chunkHead({ kind: "put", id, chunkBytes: chunk.length }));
      frames.sendPrefixed(chunk);
    });
  return clientOn(holder, { ask, frames, isOver: () => over });
}

interface Asker {
  readonly ask: (question: Question) => Promise<Keyed | undefined>;
  readonly frames: FrameStream;
  readonly isOver: () => boolean;
}

function clientOn({ verifier }: ChunkHolder, { ask, frames, isOver }: Asker): ChunkClient {
  return {
    have: async (ids) => {
      const answer = await ask({ kind: "have", chunks: [...ids] });
      if (answer?.kind !== "has") return undefined;
      return ids.map((_, i) => ((answer.bits[i >> 3] ?? 0) & (1 << (i & 7))) !== 0);
    },
    get: async (id) => {
      const answer = await ask({ kind: "get", chunk: id });
      if (answer?.kind === "lacking") return "lacking";
      if (answer?.kind !== "chunk") return undefined;
      if (toHex(verifier.sha256(answer.chunk)) === toHex(id)) return answer.chunk;
      frames.abort("a chunk of another hash");
      return "lied";
    },
    put: async (chunk) => {
      const answer = await ask({ kind: "put", chunk });
      if (answer?.kind === "done") return "stored";
      return answer?.kind === "refused" ? answer : undefined;
    },
    release: async () => void (await ask({ kind: "release" })),
    isOver,
    close: () => frames.close(),
  };
}

/** How we open the topic there, and how the holder shows that it knows it. */
function greetingOf({ kind, accessToken, ownPeerId, verifier, connection }: ChunkHolder, { topic, prove }: ChunkTopic) {
  const nonce = new Uint8Array(randomBytes(32));
  const holderPeerId = connection.remotePeer.toMultihash().bytes;
  return {
    say: (holderNonce: Uint8Array): ChunkRequest => {
      const signature = Signature.from(prove(holderNonce, holderPeerId, ownPeerId));
      if (kind === "relay") return { kind: "open", access: accessToken, topic, signature };
      const name = topicName(verifier.sha256, topic, { holder: holderNonce, client: nonce });
      return { kind: "meet", nonce, name, signature };
    },
    isProved: (proof: Uint8Array): boolean => {
      if (kind === "relay") return true;
      const claim = { topic, nonce, holderPeerId: ownPeerId, openerPeerId: holderPeerId, inbox: false };
      return proof.length === 64 && checkOpenProof(verifier, claim, proof) === "valid";
    },
  };
}
