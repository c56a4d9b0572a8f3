/**
 * `/hermes/topic/1.0.0` for whoever holds logs: relays, and members for each other.
 *
 * 1. A connection from which nothing came for `silentAfterMs` is cut: half-open links do not pile up.
 * 2. `close` ends every session; the log belongs to whoever gave it and is not closed here.
 *
 * It does not know what a relay is, nor how the log stores.
 * @see PROTOCOL.md § Topic protocol
 */
import "./node-shims.ts";
import { randomBytes } from "node:crypto";
import type { Connection, Stream } from "@libp2p/interface";
import type { Verifier } from "../verify/verifier.ts";
import { FrameStream } from "./frame-stream.ts";
import { idSets } from "./id-sets.ts";
import type { NetNode } from "./node.ts";
import { paceByKey } from "./pace.ts";
import { relayBetween, remoteHost } from "./remote-host.ts";
import type { HoldingMember, SessionContext } from "./session-context.ts";
import type { TopicServiceEvent } from "./topic-events.ts";
import { type TopicFanout, topicFanout } from "./topic-fanout.ts";
import { TOPIC_LIMITS, TOPIC_STREAMS_PER_CONNECTION, type TopicLimits } from "./topic-limits.ts";
import type { TopicLog } from "./topic-log.ts";
import { TopicSession } from "./topic-session.ts";
import { gate } from "./turn-gate.ts";

/** Protocol id of the topic stream. */
export const TOPIC_PROTOCOL = "/hermes/topic/1.0.0";
/** Looks for silent connections per `silentAfterMs`. */
const SILENCE_CHECKS = 4;

/** What a topic service is made of. */
export interface TopicServiceOptions {
  readonly log: TopicLog;
  readonly verifier: Verifier;
  /** Those given replace {@link TOPIC_LIMITS}. */
  readonly limits?: Partial<TopicLimits>;
  /** Says whether an access token is good. Undefined: everybody may use this holder. */
  readonly admit?: (accessToken: string) => boolean;
  /** The holder is a member: see {@link HoldingMember}. */
  readonly member?: HoldingMember;
  /** Whose a connection is, for the rate per address; default: its IP address, loopback not counted. */
  readonly addressOf?: (connection: Connection) => string | undefined;
  /** Called often and synchronously: count, do not work. */
  readonly onEvent?: (event: TopicServiceEvent) => void;
}

/** A running topic service. */
export interface TopicService {
  /** Answers the protocol on `node`; may be called before the node starts, so that no early client is turned away. */
  readonly serve: (node: NetNode) => Promise<void>;
  /** Tells that the log has got an envelope otherwise than through this service. */
  readonly stored: TopicFanout["stored"];
  readonly say: TopicFanout["say"];
  readonly readers: TopicFanout["readers"];
  /** Sessions open now, and topics that somebody reads now. */
  readonly counts: () => { readonly sessions: number; readonly topics: number };
  /** Ends all sessions and turns newcomers away; stop the node right afterwards. */
  readonly close: () => Promise<void>;
}

interface OpenSession {
  readonly stream: FrameStream;
  readonly connection: Connection;
}

/** A topic service over `options.log`. It serves nobody before {@link TopicService.serve}. */
export function createTopicService(options: TopicServiceOptions): TopicService {
  const limits = { ...TOPIC_LIMITS, ...options.limits };
  const onEvent = options.onEvent ?? (() => undefined);
  const context: ServiceContext = {
    log: options.log,
    verifier: options.verifier,
    admit: options.admit,
    member: options.member,
    limits,
    ids: idSets(options.log),
    reads: gate(limits.readsUnderWay),
    addressPace: paceByKey(limits.addressRate),
    topicPace: paceByKey(limits.topicRate),
    livePace: paceByKey(limits.liveRate),
    addressOf: options.addressOf ?? remoteHost,
    fanout: topicFanout((tick) => onEvent({ kind: "fanned-out", ...tick })),
    onPage: (envelopes, bytes) => onEvent({ kind: "page-sent", envelopes, bytes }),
    onEvent,
  };
  const sessions = new Set<OpenSession>();
  let closing = false;
  const checkMs = limits.silentAfterMs / SILENCE_CHECKS;
  let checkedAtMs = performance.now();
  const silenceTimer = setInterval(() => {
    const sinceMs = performance.now() - checkedAtMs;
    checkedAtMs += sinceMs;
    // having stood still ourselves, we have not read yet what came meanwhile
    if (sinceMs < 2 * checkMs) cutSilent(sessions, limits.silentAfterMs);
  }, checkMs);
  silenceTimer.unref();

  return {
    serve: async (node) => {
      await node.libp2p.handle(
        TOPIC_PROTOCOL,
        (stream, connection) => {
          if (closing) stream.abort(new Error("closing"));
          else accept(context, sessions, { node, stream, connection });
        },
        {
          maxInboundStreams: TOPIC_STREAMS_PER_CONNECTION,
          runOnLimitedConnection: true,
        },
      );
    },
    stored: (topic, item) => context.fanout.stored(topic, item),
    say: (topic, body) => context.fanout.say(topic, body),
    readers: (topic) => context.fanout.readers(topic),
    counts: () => ({ sessions: sessions.size, topics: context.fanout.topics() }),
    close: async () => {
      clearInterval(silenceTimer);
      closing = true;
      await Promise.all([...sessions].map(({ stream }) => stream.close()));
    },
  };
}

interface ServiceContext extends SessionContext {
  readonly addressOf: (connection: Connection) => string | undefined;
}

interface Arrival {
  readonly node: NetNode;
  readonly stream: Stream;
  readonly connection: Connection;
}

function accept(context: ServiceContext, sessions: Set<OpenSession>, { node, stream, connection }: Arrival): void {
  const frames = new FrameStream(stream, {
    link: connection,
    frame: (bytes) => session.frame(bytes),
    writable: () => session.writable(),
    held: () => session.heldBytes,
    closed: (reason) => {
      session.end();
      sessions.delete(open);
      context.onEvent({ kind: "session-closed", reason });
    },
  });
  const identity = {
    holderPeerId: node.peerIdBytes,
    openerPeerId: connection.remotePeer.toMultihash().bytes,
    nonce: new Uint8Array(randomBytes(32)),
    address: context.addressOf(connection),
    through: relayBetween(connection),
  };
  const session = new TopicSession(context, identity, frames);
  const open: OpenSession = { stream: frames, connection };
  sessions.add(open);
  context.onEvent({ kind: "session-opened" });
}

function cutSilent(sessions: ReadonlySet<OpenSession>, silentAfterMs: number): void {
  const deadline = performance.now() - silentAfterMs;
  for (const { stream, connection } of sessions) {
    if (stream.heardAtMs < deadline) connection.abort(new Error("silent for too long"));
  }
}
