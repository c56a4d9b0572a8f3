/**
 * What the client needs of a network: topics at relays and members, mail, prekeys. `src/net` implements it.
 */
import type { DirectoryKey, LogId, Sequence, SlotKey, Topic } from "../../wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../../wire/prekey-frames.ts";
import type { AppendResult } from "../../wire/topic-frames.ts";
import type { ChunkNetwork } from "./chunks.ts";

/** A topic we read, with what the network needs to open and resume it. */
export interface TopicSubscription {
  readonly topic: Topic;
  /** True for our own inbox: the holder then lets anyone deposit there. */
  readonly inbox: boolean;
  /** Others bring us mail for it directly: letters to our inbox, join requests to a rendezvous. */
  readonly takesMail?: boolean;
  /** Whether others write elsewhere by now, so that little comes here, and late; left out: they do not. */
  readonly isSuperseded?: () => boolean;
  /** Signature by the topic's key that proves us to one holder on one connection (PROTOCOL.md § Open proof). */
  readonly prove: (nonce: Uint8Array, holderPeerId: Uint8Array, openerPeerId: Uint8Array) => Uint8Array;
  /** The same encoded envelope with a signature of ours by the topic's key: a holder may have broken the one that it came with. */
  readonly signAnew?: (envelope: Uint8Array) => Uint8Array;
  /** Last number of this topic that we committed from that holder's log, 0 for none. */
  readonly cursor: (log: LogId) => Promise<Sequence>;
}

/** Stored or live envelopes of one topic, in the holder's order. */
export interface Delivery {
  readonly log: LogId;
  readonly topic: Topic;
  readonly items: readonly { readonly sequence: Sequence; readonly envelope: Uint8Array }[];
  /** The newest of a topic that is far behind: they come again in their order, and no cursor counts them now. */
  readonly isAhead?: boolean;
}

/** State of one relay as shown to people. */
export interface RelayStatus {
  readonly address: string;
  readonly state: "connecting" | "connected" | "unreachable" | "refused";
  /** Since when (ms), and for `unreachable` and `refused` why, as a sentence. */
  readonly sinceMs: number;
  readonly reason?: string | undefined;
}

/** Another member to whom we are connected, by the throwaway PeerId of its process. */
export interface PeerStatus {
  readonly peerId: string;
  /** `circuit`: through a relay. */
  readonly path: "direct" | "circuit";
}

/** How others could connect to this process. */
export interface Reach {
  /** The throwaway PeerId of this process. */
  readonly peerId?: string;
  /** Multiaddrs at which it listens. */
  readonly listening: readonly string[];
  /** PeerIds of relays that pass connections on to it. */
  readonly circuits: readonly string[];
  /** Full multiaddrs of those ways. */
  readonly throughRelays?: readonly string[];
  /** IP addresses at which our relays see it. */
  readonly observed: readonly string[];
  /** IP addresses of this machine, without loopback. */
  readonly own: readonly string[];
  /** Whether members are looked for on the LAN. */
  readonly discovers?: boolean;
}

/**
 * A relay contradicted itself about its log: `skipped`: what it acknowledged under this number never came; `renumbered`:
 * another envelope came under it; `went-back`: a number came again, or its log is shorter than it was.
 */
export interface RelayFault {
  readonly kind: "skipped" | "renumbered" | "went-back";
  readonly topic: Topic;
  readonly sequence: Sequence;
  /** Encoded: the one that it acknowledged, then the one that came. */
  readonly envelopes: readonly Uint8Array[];
}

/** What the network tells the client. */
export interface NetworkEvents {
  /** Resolves when the delivery is committed; the network reads no more of that stream meanwhile (back-pressure). */
  readonly delivered: (delivery: Delivery) => Promise<void>;
  /** Everything that the holder had stored for this topic has been delivered. */
  readonly caughtUp: (topic: Topic, log: LogId) => void;
  /** Somebody who reads that topic said this in passing (a live frame); it comes once, and is stored nowhere. */
  readonly said?: (topic: Topic, body: Uint8Array) => void;
  readonly relayChanged: (status: RelayStatus) => void;
  /** The relay at this address (as its status names it) does not tell the truth about that log of its. */
  readonly relayFailed?: (relay: string, log: LogId, fault: RelayFault) => void;
  /** Somebody is connected who takes mail for this topic: what waits for them can be appended. */
  readonly mailTaken?: (topic: Topic) => void;
  /** Somebody has turned out to be a member of a group of ours, or is here no more. */
  readonly peerChanged?: (peer: PeerStatus, state: "connected" | "gone") => void;
}

/** What became of one append at the best of all holders that answered. `retryAfterMs`: a holder asks for that pause. */
export type AppendOutcome = (AppendResult & { readonly retryAfterMs?: number }) | { readonly kind: "unreachable" };

/**
 * Who told us of a relay's address: we (our account, a link that we followed), somebody who added us to a group unasked,
 * or anybody we write to. The last kind is given mail for inboxes and asked for prekeys; it is told nothing that we read.
 */
export type ToldBy = "us" | "adder" | "peer";

/** The network as the client sees it. Desired state is declared; reconnecting and resuming happen below. */
export interface Network {
  readonly start: (events: NetworkEvents) => Promise<void>;
  /** Adds relays (multiaddrs as text) to those kept connected. A bad address is `usage/bad-argument`. */
  readonly useRelays: (addresses: readonly string[], toldBy: ToldBy) => void;
  /** Lets these addresses go; a relay of which no address is left is connected to no more. Others are passed over. */
  readonly dropRelays: (addresses: readonly string[]) => void;
  /** Reads this topic on every connection to a relay that no mere peer told us, now and after each reconnect, until {@link unsubscribe}. */
  readonly subscribe: (subscription: TopicSubscription) => void;
  readonly unsubscribe: (topic: Topic) => void;
  /**
   * People that we look for may be at these addresses (multiaddrs as text); others than /ip…/tcp/… are passed over. One
   * PeerId among them, alone or at the end of a circuit, says that all of them lead to that process.
   */
  readonly useAddresses?: (addresses: readonly string[]) => void;
  /** What people who are connected to us and know our account get when they ask for its prekeys. */
  readonly offerPrekeys?: (record: DirectoryRecord) => void;
  /** Appends encoded envelopes to every connected relay, a peer's only deposits, and mail to whoever takes it, if connected; per envelope the best outcome. Safe to repeat. */
  readonly append: (envelopes: readonly Uint8Array[]) => Promise<readonly AppendOutcome[]>;
  /** Says this to whoever reads the topic at this moment, through relays and members. Best effort, and nobody answers. */
  readonly say: (topic: Topic, body: Uint8Array) => void;
  /** Fetches what others keep of these topics and we do not, and delivers it; answers how many were asked. Left out where nothing is kept. */
  readonly fill?: ((topics: readonly Topic[]) => Promise<number>) | undefined;
  /**
   * How many connected members, of those at whom `among` is read, have saved all of these encoded envelopes of a topic, as
   * they show when asked for them; left out where nobody is met.
   */
  readonly heldBy?:
    | ((written: { readonly topic: Topic; readonly envelopes: readonly Uint8Array[] }, among: Topic) => Promise<number>)
    | undefined;
  /** At how many connected members this topic is read now; left out where nobody is met. */
  readonly readAt?: (topic: Topic) => number;
  /** Lets the holder of that log erase what it has of this inbox of ours, up to and with this number. Best effort. */
  readonly trim: (log: LogId, topic: Topic, upTo: Sequence) => void;
  /** Publishes to the directory of every connected relay that no mere peer told us; answers how many one-time prekeys the fullest one holds. */
  readonly publishPrekeys: (
    record: DirectoryRecord,
    signature: Uint8Array,
  ) => Promise<{ readonly left: number } | "unreachable" | "refused">;
  /** From the connected relays, else from a device of the account that is reached directly; `undefined` when neither answered. */
  readonly takePrekeys: (directoryKey: DirectoryKey) => Promise<readonly TakenPrekeys[] | undefined>;
  readonly countPrekeys: (directoryKey: DirectoryKey, slot: SlotKey) => Promise<number | undefined>;
  /** Files' chunks; left out by a network that moves none. */
  readonly chunks?: ChunkNetwork | undefined;
  readonly relays: () => readonly RelayStatus[];
  readonly peers: () => readonly PeerStatus[];
  /**
   * Those of them, by their PeerId, who share nothing with us but topics of past epochs: they are behind, or were removed.
   * Left out: nobody.
   */
  readonly behind?: () => ReadonlySet<string>;
  readonly reach: () => Reach;
  readonly stop: () => Promise<void>;
}
