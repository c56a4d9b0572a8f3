/**
 * `/hermes/prekeys/1.0.0` over a directory: one request and one answer per stream.
 *
 * 1. A published record's slot signature is checked before the directory sees it.
 * 2. A connection and an IP address may ask so much a time; connecting anew brings an address nothing.
 * 3. An account's one-time prekeys are handed out so fast and no faster, whoever asks; beyond that the bundles alone
 *    are, as when there are none left. So nobody can use up somebody's stock in one go.
 * 4. An IP address publishes so many bytes and no more: made-up accounts would fill a directory within a minute.
 * 5. A stream that asks nothing in time is ended.
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
import { toHex } from "../wire/text-forms.ts";
import { REFUSAL, type Refusal } from "../wire/topic-frames.ts";
import { FrameStream } from "./frame-stream.ts";
import type { NetNode } from "./node.ts";
import { type Pace, type PaceByKey, pace, paceByKey, type Rate } from "./pace.ts";
import type { PrekeyDirectory } from "./prekey-directory.ts";
import { remoteHost } from "./remote-host.ts";

/** Protocol id of the prekey directory. */
export const PREKEY_PROTOCOL = "/hermes/prekeys/1.0.0";
/** Requests of a connection: adding 100 accounts to a group at once, and some more. */
const CONNECTION_RATE: Rate = { perSecond: 2, burst: 160 };
/** Requests of an IP address: a company is behind one. */
const ADDRESS_RATE: Rate = { perSecond: 20, burst: 4_000 };
/** Takes of one account that get one-time prekeys: a day's strangers at once, then one in ten seconds. */
const ACCOUNT_RATE: Rate = { perSecond: 0.1, burst: 90 };
/** Bytes that an IP address publishes: a thousand devices with all their keys at once, then one in eight seconds. */
const PUBLISHED_RATE: Rate = { perSecond: 16_384, burst: 134_217_728 };
/** Time for the request to arrive (ms). */
const REQUEST_TIMEOUT_MS = 10_000;
/** Prekey streams of one connection at once. */
const STREAMS_PER_CONNECTION = 64;

/** What a prekey service is made of. */
export interface PrekeyServiceOptions {
  readonly directory: PrekeyDirectory;
  readonly verifier: Verifier;
  /** As in TopicServiceOptions. */
  readonly addressOf?: (connection: Connection) => string | undefined;
  /** For tests; default as said above. */
  readonly rates?: Partial<PrekeyRates>;
  /** For metrics: each request and how it was answered. Called synchronously. */
  readonly onEvent?: (event: PrekeyServiceEvent) => void;
}

/** How fast a connection, an IP address and the takers of an account may go. */
export interface PrekeyRates {
  readonly connection: Rate;
  readonly address: Rate;
  readonly account: Rate;
  /** Bytes of publications, of an IP address. */
  readonly published: Rate;
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
  const rates = {
    ...{ connection: CONNECTION_RATE, address: ADDRESS_RATE, account: ACCOUNT_RATE, published: PUBLISHED_RATE },
    ...options.rates,
  };
  const desk: Desk = {
    ...options,
    rate: rates.connection,
    connections: new WeakMap(),
    addresses: paceByKey(rates.address),
    accounts: paceByKey(rates.account),
    published: paceByKey(rates.published),
    addressOf: options.addressOf ?? remoteHost,
  };
  return {
    serve: async (node) => {
      await node.libp2p.handle(PREKEY_PROTOCOL, (stream, connection) => accept(desk, stream, connection), {
        maxInboundStreams: STREAMS_PER_CONNECTION,
        runOnLimitedConnection: true,
      });
    },
  };
}

interface Desk extends PrekeyServiceOptions {
  readonly rate: Rate;
  readonly connections: WeakMap<Connection, Pace>;
  readonly addresses: PaceByKey;
  readonly accounts: PaceByKey;
  readonly published: PaceByKey;
  readonly addressOf: (connection: Connection) => string | undefined;
}

function accept(desk: Desk, stream: Stream, connection: Connection): void {
  const timer = setTimeout(() => frames.abort("no request came"), REQUEST_TIMEOUT_MS);
  const frames = new FrameStream(stream, {
    frame: (bytes) => {
      clearTimeout(timer);
      frames.pause(); // one request per stream
      const request = decodePrekeyRequest(bytes);
      const publishedBytes = request?.kind === "publish" ? bytes.length : 0;
      answerTo(desk, request, mayAsk(desk, connection, publishedBytes))
        .then((answer) => {
          desk.onEvent?.({ request: request?.kind ?? "malformed", answer: answer.kind });
          frames.send(encodePrekeyAnswer(answer));
          return frames.close();
        })
        .catch(() => frames.abort("the directory gave an answer that cannot be sent"));
    },
    closed: () => clearTimeout(timer),
  });
}

function mayAsk(desk: Desk, connection: Connection, publishedBytes: number): boolean {
  const { rate, connections, addresses, published } = desk;
  const own = connections.get(connection) ?? pace(rate);
  connections.set(connection, own);
  const address = desk.addressOf(connection);
  if (own.take(1) > 0 || addresses.take(address, 1) > 0) return false;
  return publishedBytes === 0 || published.take(address, publishedBytes) === 0;
}

async function answerTo(
  { directory, verifier, accounts }: Desk,
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
      case "take": {
        const hasRoom = accounts.take(toHex(request.directoryKey), 1) === 0;
        const answer = hasRoom ? directory.take : directory.peek;
        return { kind: "taken", devices: await answer(request.directoryKey) };
      }
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
