/** Limits of one holder towards one connection. They bound memory and CPU; they are no part of the protocol. */

import type { Rate } from "./pace.ts";

export interface TopicLimits {
  /** Topics that one connection may have open. A client in 20 groups with old epochs and inboxes has about 200. */
  readonly topicsPerConnection: number;
  /** Requests of one connection under way; above it we stop reading, so a faster client just waits. */
  readonly requestsUnderWay: number;
  /** Bytes of those requests. */
  readonly bytesUnderWay: number;
  /** Requests, proofs, cursors and envelopes of one connection; above it we stop reading, so a faster client just waits. */
  readonly connectionRate: Rate;
  /** Bytes that one IP address appends; above it appends are answered `busy` with the time to wait. */
  readonly addressRate: Rate;
  /** Bytes, with an overhead each, that are appended to one topic; above it they are answered `busy`. */
  readonly topicRate: Rate;
  /** Live frames of one topic; more are dropped. A group of any size makes about 20 a minute, and others for those who come back. */
  readonly liveRate: Rate;
  /** Proofs and envelopes that do not verify, after which the connection is cut: an honest client has none. */
  readonly forgedPerConnection: number;
  /** Reads of stored envelopes under way over all connections; each holds one page. */
  readonly readsUnderWay: number;
  /** Envelopes in one page of stored ones. */
  readonly pageEnvelopes: number;
  /** Bytes in one page: pages of all connections together stay small beside the connections. */
  readonly pageBytes: number;
  /** A connection from which nothing came for so long is dead (ms): six heartbeats of a client. */
  readonly silentAfterMs: number;
}

export const TOPIC_LIMITS: TopicLimits = {
  topicsPerConnection: 4_096,
  requestsUnderWay: 64,
  bytesUnderWay: 4_194_304,
  connectionRate: { perSecond: 5_000, burst: 50_000 },
  addressRate: { perSecond: 33_554_432, burst: 536_870_912 },
  topicRate: { perSecond: 8_388_608, burst: 134_217_728 },
  liveRate: { perSecond: 2, burst: 120 },
  forgedPerConnection: 16,
  readsUnderWay: 16,
  pageEnvelopes: 256,
  pageBytes: 262_144,
  silentAfterMs: 30_000,
};

/** Bytes that an envelope counts beside its own, so that tiny ones are not free. */
export const ENVELOPE_PACE_BYTES = 160;
/** Ids of a set that count as one thing when the set is compared: hashing them takes as long as a small request. */
export const IDS_PER_UNIT = 256;
/** Signature checks between two turns of the event loop: in JavaScript one costs about a millisecond. */
export const CHECKS_PER_TURN = 8;
/** Topic streams that one connection may have open: one, and one more while a client replaces it. */
export const TOPIC_STREAMS_PER_CONNECTION = 2;
