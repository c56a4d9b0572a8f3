/** What the parts of one topic session share: with the service, with its stream, with each other. */
import type { Verifier } from "../verify/verifier.ts";
import type { Topic } from "../wire/ids.ts";
import type { ClientFrame, HolderFrame, Refusal } from "../wire/topic-frames.ts";
import type { IdSets } from "./id-sets.ts";
import type { Mailbox } from "./mailbox.ts";
import type { PaceByKey } from "./pace.ts";
import type { CatchUpSource } from "./topic-catch-up.ts";
import type { TopicServiceEvent } from "./topic-events.ts";
import type { TopicFanout } from "./topic-fanout.ts";
import type { OwnTopic } from "./topic-meeting.ts";

/** A holder that is a member itself: it serves its own topics to those who prove theirs, and stores nothing for others. */
export interface HoldingMember {
  /** The topics that it reads, without inboxes. */
  readonly topics: () => Iterable<OwnTopic>;
  /** A reader of that topic said this in passing. */
  readonly said: (topic: Topic, body: Uint8Array) => void;
  /** What it takes in from others. */
  readonly mailbox: Mailbox;
  /** Somebody has proved these, or has mail for us, and has been answered. */
  readonly met: (openerPeerId: Uint8Array, topics: readonly Topic[]) => void;
}

/** What all sessions of a service share. */
export interface SessionContext extends CatchUpSource {
  readonly verifier: Verifier;
  readonly fanout: TopicFanout;
  readonly ids: IdSets;
  /** Shared by all connections of the service. */
  readonly addressPace: PaceByKey;
  readonly topicPace: PaceByKey;
  readonly livePace: PaceByKey;
  /** `undefined`: everybody may use this holder. */
  readonly admit: ((accessToken: string) => boolean) | undefined;
  /** `undefined`: a relay. */
  readonly member: HoldingMember | undefined;
  readonly onEvent: (event: TopicServiceEvent) => void;
}

/** Who is at the two ends, as the connection authenticated them (multihash bytes), and the nonce of this stream. */
export interface SessionIdentity {
  readonly holderPeerId: Uint8Array;
  readonly openerPeerId: Uint8Array;
  /** 32 random bytes. */
  readonly nonce: Uint8Array;
  /** The opener's IP address as remote-host.ts names it. */
  readonly address: string | undefined;
  /** PeerId of the relay through which the opener is reached; left out: directly. */
  readonly through?: string | undefined;
}

/** One request of a kind. */
export type Request<K extends ClientFrame["kind"]> = ClientFrame & { readonly kind: K };

/** How a part of a session answers. */
export interface Answering {
  readonly send: (frame: HolderFrame) => void;
  readonly refuse: (refusal: {
    readonly id: number;
    readonly reason: Refusal;
    readonly detail: string;
    readonly retryAfterMs?: number;
  }) => void;
  /** So many proofs or envelopes did not verify: too many end the stream. */
  readonly countForged: (count: number) => void;
}
