/**
 * `/hermes/topic/1.0.0`: one long-lived stream per connection; each frame is length-prefixed (varint,
 * it-length-prefixed). The holder speaks first (`challenge`). Requests carry an id that the answer repeats.
 *
 * Envelopes travel as opaque byte strings: the holder verifies them once and forwards the same bytes.
 * @see PROTOCOL.md § Topic protocol
 */
import { bool, bytes, list, raw, refine, struct, text, u8, u32, union } from "./codec.ts";
import { decode, encode, type Infer } from "./encoding.ts";
import { EnvelopeId, LogId, Sequence, Signature, Topic } from "./ids.ts";
import {
  COMPARE_LEAF_IDS,
  COMPARE_RANGES_MAX,
  ENVELOPE_MAX_BYTES,
  FRAME_ENVELOPES_MAX,
  KEPT_IDS_MAX,
  LIVE_FRAME_MAX_BYTES,
  OPEN_TOPICS_MAX,
} from "./limits.ts";

/** Why a request or one of its items was refused. */
export const REFUSAL = {
  /** Malformed envelope or frame, or an envelope of a kind that its topic does not take. */
  malformed: 1,
  /** The topic's signature or the proof does not verify. */
  forged: 2,
  /** The topic was not opened on this connection, or an inbox is not registered here. */
  unknownTopic: 3,
  /** The quota of the topic, the connection or the holder is used up. */
  quota: 4,
  /** Too many requests under way; the same request later succeeds. */
  busy: 5,
  /** The store cannot write now (disk full, closing). */
  unavailable: 6,
  /** Larger than the limit. */
  tooLarge: 7,
  /** The holder wants an access token. */
  token: 8,
  /** Too many topics, subscriptions or requests on this connection. */
  limit: 9,
} as const;
export type Refusal = (typeof REFUSAL)[keyof typeof REFUSAL];

/** One byte of {@link REFUSAL}. */
export const refusal = refine(u8, (value) => value >= 1 && value <= 9, "refusal");
const envelopeBytes = bytes(ENVELOPE_MAX_BYTES, 1);
/** A LiveBody (live.ts), which holders do not look into. */
const liveBody = bytes(LIVE_FRAME_MAX_BYTES, 1);
/** 32 random bytes chosen by the holder for this stream; proofs sign it. */
export const ChallengeNonce = raw(32);
/** At most 64 bytes; lets a client reopen its topics within 24 h without proving again. Opaque to the client. */
export const ResumeToken = bytes(64);

const topicProof = struct({ topic: Topic, inbox: bool, signature: Signature });
/** A topic by a name that only those who know it can recognise, and the proof of its key. */
const hiddenProof = struct({ name: raw(32), signature: Signature });
export type HiddenProof = Infer<typeof hiddenProof>;
const topicCursor = struct({ topic: Topic, log: LogId, after: Sequence });

/** Result of one appended envelope. */
export const AppendResult = union({
  /** Durable, under this number; `duplicate` when it was already there. */
  stored: [1, struct({ sequence: Sequence, duplicate: bool })],
  refused: [2, struct({ reason: refusal })],
});
export type AppendResult = Infer<typeof AppendResult>;

/** Bytes of a range's fingerprint: SHA-256 over its ids in order, cut. */
export const FINGERPRINT_BYTES = 16;
/** A range of ids by the lower-case hexadecimal digits that they begin with, and its fingerprint at whoever asks. */
const rangeQuestion = struct({
  prefix: refine(text(64), (digits) => /^[0-9a-f]*$/.test(digits), "prefix"),
  fingerprint: raw(FINGERPRINT_BYTES),
});
export type RangeQuestion = Infer<typeof rangeQuestion>;
/** What a holder has in a range. */
export const RangeAnswer = union({
  same: [1, struct({})],
  /** All ids of the range. */
  ids: [2, struct({ ids: list(EnvelopeId, COMPARE_LEAF_IDS) })],
  /** Fingerprints of its 16 parts, by the next digit. */
  split: [3, struct({ children: raw(16 * FINGERPRINT_BYTES) })],
});
export type RangeAnswer = Infer<typeof RangeAnswer>;

/** Frames from the reader and writer to the holder. */
export const ClientFrame = union({
  open: [1, struct({ id: u32, access: text(256), resume: ResumeToken, proofs: list(topicProof, OPEN_TOPICS_MAX) })],
  append: [2, struct({ id: u32, envelopes: list(envelopeBytes, FRAME_ENVELOPES_MAX, 1) })],
  subscribe: [3, struct({ id: u32, cursors: list(topicCursor, OPEN_TOPICS_MAX, 1) })],
  unsubscribe: [4, struct({ id: u32, topics: list(Topic, OPEN_TOPICS_MAX, 1) })],
  trim: [5, struct({ id: u32, topic: Topic, upTo: Sequence })],
  ping: [6, struct({ id: u32 })],
  /** Which of these ranges of the topic's ids differ; the topic is open. Ranges neither overlap nor repeat. */
  compare: [7, struct({ id: u32, topic: Topic, ranges: list(rangeQuestion, COMPARE_RANGES_MAX, 1) })],
  get: [8, struct({ id: u32, topic: Topic, ids: list(EnvelopeId, FRAME_ENVELOPES_MAX, 1) })],
  /** Between members: opens those of these topics that the holder reads, too. `nonce` is for the holder's own proofs. */
  meet: [9, struct({ id: u32, nonce: ChallengeNonce, proofs: list(hiddenProof, OPEN_TOPICS_MAX) })],
  /** For whoever else reads this topic now, a group's that is open here; not stored, and not answered. */
  live: [10, struct({ id: u32, topic: Topic, body: liveBody })],
});
export type ClientFrame = Infer<typeof ClientFrame>;

const numbered = struct({ sequence: Sequence, envelope: envelopeBytes });

/** Frames from the holder. */
export const HolderFrame = union({
  challenge: [1, struct({ log: LogId, nonce: ChallengeNonce })],
  opened: [2, struct({ id: u32, refused: list(Topic, OPEN_TOPICS_MAX), resume: ResumeToken })],
  appended: [3, struct({ id: u32, results: list(AppendResult, FRAME_ENVELOPES_MAX) })],
  /** `subscribed` is answered at once; deliveries follow. */
  done: [4, struct({ id: u32 })],
  /** Stored or live envelopes of one topic in order. `after`: the number before the first one (no gap if it equals our cursor). */
  deliver: [5, struct({ topic: Topic, after: Sequence, items: list(numbered, FRAME_ENVELOPES_MAX, 1) })],
  /** Everything stored up to here has been delivered. */
  caughtUp: [6, struct({ topic: Topic, sequence: Sequence })],
  /** Envelopes up to this number are gone (retention): there is a hole that this holder cannot fill. */
  truncated: [7, struct({ topic: Topic, before: Sequence })],
  pong: [8, struct({ id: u32 })],
  /** In the order of the ranges. `head`: the topic's last number when they were compared. */
  compared: [10, struct({ id: u32, head: Sequence, answers: list(RangeAnswer, COMPARE_RANGES_MAX) })],
  /** Those of the envelopes that are here and fit a frame; ask again for the others. */
  got: [11, struct({ id: u32, envelopes: list(envelopeBytes, FRAME_ENVELOPES_MAX) })],
  refused: [9, struct({ id: u32, reason: refusal, retryAfterMs: u32, detail: text(256) })],
  /** The topics of a `meet` that are open now, by the same names, each with the holder's proof. */
  met: [12, struct({ id: u32, proofs: list(hiddenProof, OPEN_TOPICS_MAX) })],
  live: [13, struct({ topic: Topic, body: liveBody })],
  /** A member keeps these now, which it got from the other end: it sends them back by name only. */
  kept: [15, struct({ topic: Topic, ids: list(EnvelopeId, KEPT_IDS_MAX, 1) })],
  /** The newest of a topic of which much is missing, ahead of its flow, in which they come once more. */
  newest: [14, struct({ topic: Topic, envelopes: list(envelopeBytes, FRAME_ENVELOPES_MAX, 1) })],
});
export type HolderFrame = Infer<typeof HolderFrame>;

export const encodeClientFrame = (frame: ClientFrame): Uint8Array => encode(ClientFrame, frame);
export const decodeClientFrame = (encoded: Uint8Array): ClientFrame | undefined => decode(ClientFrame, encoded);
export const encodeHolderFrame = (frame: HolderFrame): Uint8Array => encode(HolderFrame, frame);
export const decodeHolderFrame = (encoded: Uint8Array): HolderFrame | undefined => decode(HolderFrame, encoded);
