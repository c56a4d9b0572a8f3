/**
 * `/hermes/prekeys/1.0.0` over a directory: one request and one answer per stream.
 *
 * 1. A published record's slot signature is checked before the directory sees it.
 * 2. A connection has a bounded budget of requests, since each `take` uses up a one-time prekey of somebody.
 * 3. A stream that asks nothing in time is ended.
 *
 * @see PROTOCOL.md § Prekey directory
 */
import "./node-shims.ts";
import type { Connection, Stream } from "@libp2p/interface";
import { checkDirectoryRecord } from "../verify/directory-record.ts";
import type { Verifier } from "../verify/verifier.ts";
import {
  decodePrekeyRequest,
  encodePrekeyAnswer,
  type PrekeyAnswer,
  type PrekeyRequest,
} from "../wire/prekey-frames.ts";
import { REFUSAL, type Refusal } from "../wire/topic-frames.ts";
import { FrameStream } from "./frame-stream.ts";
import type { NetNode } from "./node.ts";
import type { PrekeyDirectory } from "./prekey-directory.ts";

/** Protocol id of the prekey directory. */
export const PREKEY_PROTOCOL = "/hermes/prekeys/1.0.0";
/** Requests that a connection may make at once: adding 100 accounts to a group, and some more. */
const BUDGET_REQUESTS = 160;
/** Requests that a connection gets back each second. */
const BUDGET_PER_SECOND = 2;
/** Time for the request to arrive (ms). */
const REQUEST_TIMEOUT_MS = 10_000;
/** Prekey streams of one connection at once. */
const STREAMS_PER_CONNECTION = 64;

/** What a prekey service is made of. */
export interface PrekeyServiceOptions {
  readonly directory: PrekeyDirectory;
  readonly verifier: Verifier;
  /** For metrics: each request and how it was answered. Called synchronously. */
  readonly onEvent?: (event: PrekeyServiceEvent) => void;
}

/** One answered request. */
export interface PrekeyServiceEvent {
  readonly request: PrekeyRequest["kind"] | "malformed";
  readonly answer: PrekeyAnswer["kind"];
}

export interface PrekeyService {
  /** Answers the protocol on `node`; may be called before the node starts. */
  readonly serve: (node: NetNode) => Promise<void>;
}

/** A prekey service over `options.directory`. */
export function createPrekeyService(options: PrekeyServiceOptions): PrekeyService {
  const budgets = new WeakMap<Connection, Budget>();
  return {
    serve: async (node) => {
      await node.libp2p.handle(PREKEY_PROTOCOL, (stream, connection) => accept(options, budgets, stream, connection), {
        maxInboundStreams: STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      });
    },
  };
}

interface Budget {
  left: number;
  atMs: number;
}

type Budgets = WeakMap<Connection, Budget>;

function accept(options: PrekeyServiceOptions, budgets: Budgets, stream: Stream, connection: Connection): void {
  const timer = setTimeout(() => frames.abort("no request came"), REQUEST_TIMEOUT_MS);
  const frames = new FrameStream(stream, connection, {
    frame: (bytes) => {
      clearTimeout(timer);
      frames.pause(); // one request per stream
      const request = decodePrekeyRequest(bytes);
      const allowed = spend(budgets, connection);
      answerTo(options, request, allowed)
        .then((answer) => {
          options.onEvent?.({ request: request?.kind ?? "malformed", answer: answer.kind });
          frames.send(encodePrekeyAnswer(answer));
          return frames.close();
        })
        .catch(() => frames.abort("the directory gave an answer that cannot be sent"));
    },
    closed: () => clearTimeout(timer),
  });
}

function spend(budgets: Budgets, connection: Connection): boolean {
  const nowMs = Date.now();
  const before = budgets.get(connection) ?? { left: BUDGET_REQUESTS, atMs: nowMs };
  const regained = ((nowMs - before.atMs) / 1_000) * BUDGET_PER_SECOND;
  const left = Math.min(BUDGET_REQUESTS, before.left + regained);
  budgets.set(connection, { left: Math.max(0, left - 1), atMs: nowMs });
  return left >= 1;
}

async function answerTo(
  { directory, verifier }: PrekeyServiceOptions,
  request: PrekeyRequest | undefined,
  allowed: boolean,
): Promise<PrekeyAnswer> {
  if (request === undefined) return refused(REFUSAL.malformed);
  if (!allowed) return refused(REFUSAL.limit);
  try {
    switch (request.kind) {
      case "publish":
        if (checkDirectoryRecord(verifier, request.record, request.signature) !== "valid")
          return refused(REFUSAL.forged);
        return published(await directory.publish(request.record));
      case "take":
        return { kind: "taken", devices: await directory.take(request.directoryKey) };
      case "count":
        return { kind: "counted", left: await directory.count(request.directoryKey, request.slot) };
    }
  } catch {
    return refused(REFUSAL.unavailable);
  }
}

function published(outcome: Awaited<ReturnType<PrekeyDirectory["publish"]>>): PrekeyAnswer {
  switch (outcome.kind) {
    case "published":
      return { kind: "published", left: outcome.left };
    case "stale":
      return refused(REFUSAL.forged); // an old state of the slot, replayed
    case "full":
      return refused(REFUSAL.quota);
    case "unavailable":
      return refused(REFUSAL.unavailable);
  }
}

function refused(reason: Refusal): PrekeyAnswer {
  return { kind: "refused", reason };
}
