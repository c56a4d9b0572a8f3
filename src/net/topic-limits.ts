/** Limits of one holder towards one connection. They bound memory and CPU; they are no part of the protocol. */

export interface TopicLimits {
  /** Topics that one connection may have open. A client in 20 groups with old epochs and inboxes has about 200. */
  readonly topicsPerConnection: number;
  /** Requests of one connection under way; above it we stop reading, so a faster client just waits. */
  readonly requestsUnderWay: number;
  /** Bytes of those requests. */
  readonly bytesUnderWay: number;
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
  forgedPerConnection: 16,
  readsUnderWay: 16,
  pageEnvelopes: 256,
  pageBytes: 262_144,
  silentAfterMs: 30_000,
};

/** Signature checks between two turns of the event loop: in JavaScript one costs about a millisecond. */
export const CHECKS_PER_TURN = 8;
/** Topic streams that one connection may have open: one, and one more while a client replaces it. */
export const TOPIC_STREAMS_PER_CONNECTION = 2;
