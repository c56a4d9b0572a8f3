/**
 * What the client needs from the outside: a profile store, a network, a clock, randomness. `src/store` and
 * `src/net` implement these; a screen's `main` composes them. Nothing here knows Node, so a browser can too.
 */
import type { LineState as AnyLineState, Line, LineChange } from "../protocol/step.ts";
import type { ChunkId, DirectoryKey, EnvelopeId, LogId, Sequence, SlotKey, Topic } from "../wire/ids.ts";
import type { DirectoryRecord, TakenPrekeys } from "../wire/prekey-frames.ts";
import type { AppendResult } from "../wire/topic-frames.ts";

/** One line of a conversation as stored and shown: just what a step writes. */
export type ConversationLine = Line;

/** How far one of our messages has come; a `withdrawn` line is kept, but no query finds it or counts it. */
export type LineState = AnyLineState;

/** What one commit writes: all of it or nothing. */
export interface ProfileChanges {
  /** Record key -> new value, or `null` to erase it. */
  readonly records: ReadonlyMap<string, Uint8Array | null>;
  /** New lines; a line whose (group, id) exists is left as it is. */
  readonly lines: readonly ConversationLine[];
  /** Lines that were sealed again under another id. */
  readonly removedLines: readonly { readonly group: string; readonly id: string }[];
  readonly lineStates: readonly LineChange[];
  /** Encoded envelopes of our groups' topics, to be served to other members; undefined: none. A store may pass them over. */
  readonly kept?: readonly Uint8Array[] | undefined;
}

/** A page of a conversation. */
export interface HistoryQuery {
  /** Group id, lower-case hex. */
  readonly group: string;
  /** 1 to 10,000 lines. */
  readonly limit: number;
  /** Only lines before the one with this id (hex). */
  readonly before?: string | undefined;
  /** Only lines after the one with this id (hex): the oldest of them. Stands alone. */
  readonly after?: string | undefined;
  /** Full-text search: all of these words. */
  readonly search?: string | undefined;
  /** Only lines that {@link ProfileStore.unread} counts, the newest or the oldest of them; stands alone. */
  readonly unread?: "newest" | "oldest" | undefined;
}

/** The encrypted profile database. All methods reject with a storage fault. */
export interface ProfileStore {
  /** The values of those keys that exist. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;
  /** Up to `limit` records whose key begins with `prefix` and is greater than `after`, in key order. */
  readonly scan: (
    prefix: string,
    options: { readonly after?: string; readonly limit: number },
  ) => Promise<readonly (readonly [string, Uint8Array])[]>;
  /** One transaction, durable when it resolves. */
  readonly commit: (changes: ProfileChanges) => Promise<void>;
  /** The newest `limit` lines that match, or the oldest where that is asked for; oldest first. An unknown `before` or `after` is `usage/not-found`. */
  readonly history: (query: HistoryQuery) => Promise<readonly ConversationLine[]>;
  /** One line by id. */
  readonly line: (group: string, id: string) => Promise<ConversationLine | undefined>;
  /** Depth of a line, which may be withdrawn. */
  readonly lineDepth: (group: string, id: string) => Promise<number | undefined>;
  /** Lines that arrived after the last {@link markRead} and are not our own (`received`, not system). */
  readonly unread: (group: string) => Promise<number>;
  readonly markRead: (group: string) => Promise<void>;
  /** Closes the database; nothing may be called afterwards. */
  readonly close: () => Promise<void>;
}

/** A topic we read, with what the network needs to open and resume it. */
export interface TopicSubscription {
  readonly topic: Topic;
  /** True for our own inbox: the holder then lets anyone deposit there. */
  readonly inbox: boolean;
  /** Others bring us mail for it directly: letters to our inbox, join requests to a rendezvous. */
  readonly takesMail?: boolean;
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
  readonly reach: () => Reach;
  readonly stop: () => Promise<void>;
}

/** The topic under which the chunks of one file lie; whoever has the file's key can prove it. */
export interface ChunkTopic {
  readonly topic: Topic;
  readonly prove: TopicSubscription["prove"];
}

/** What this device has of one file. */
export interface ChunkHoldings extends ChunkTopic {
  /** Which of these we have, in their order; at most CHUNK_LIST_MAX. */
  readonly has: (ids: readonly ChunkId[]) => Promise<readonly boolean[]>;
  /** The ciphertext; undefined when it is here no more, as when the source file has changed. */
  readonly read: (id: ChunkId) => Promise<Uint8Array | undefined>;
  /** Another member has taken this one from us. */
  readonly served?: (id: ChunkId) => void;
}

/** What became of a fetch; `lacking`: none of so many `asked` has the rest. */
export type FetchOutcome =
  | { readonly kind: "complete" | "cancelled" }
  | { readonly kind: "lacking"; readonly asked: number };

/** What became of an upload; `refused`: a sentence with the cause. */
export type UploadOutcome =
  | { readonly kind: "stored" | "unreachable" | "cancelled" }
  | { readonly kind: "refused"; readonly reason: string; readonly retryAfterMs?: number };

/** The part of AbortSignal that the core knows. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", listener: () => void) => void;
  readonly removeEventListener: (type: "abort", listener: () => void) => void;
}

/** Who gave us chunks. `peerId`: of a member's process. */
export type ChunkGiver =
  | { readonly kind: "relay"; readonly address: string }
  | { readonly kind: "member"; readonly peerId: string };

/** Chunks of files at relays and at other members. Every chunk that comes out of here has the hash that names it. */
export interface ChunkNetwork {
  /** Serves what we have to members who prove the topic, until the answer is called. */
  readonly serve: (holdings: ChunkHoldings) => () => void;
  /**
   * Fetches chunks, at most CHUNK_LIST_MAX, from everybody who is reached and has them. `arrived` resolves when the chunk
   * is saved; until then its bytes are valid, and a source is read no further. `blamed`: a source that lied, and is asked no more.
   */
  readonly fetch: (
    topic: ChunkTopic,
    wanted: readonly ChunkId[],
    options: {
      readonly arrived: (id: ChunkId, ciphertext: Uint8Array) => Promise<void>;
      readonly blamed?: (giver: ChunkGiver) => void;
      readonly signal: StopSignal;
    },
  ) => Promise<FetchOutcome>;
  /** Puts these chunks, at most CHUNK_LIST_MAX, on every connected relay that no mere peer told us. `stored`: one relay has it on its disk. */
  readonly upload: (
    holdings: ChunkHoldings,
    ids: readonly ChunkId[],
    options: { readonly stored: (id: ChunkId) => void; readonly signal: StopSignal },
  ) => Promise<UploadOutcome>;
  /** Lets relays delete everything under this topic. Best effort. */
  readonly release: (topic: ChunkTopic) => void;
  /** Calls `wake` whenever somebody new may have chunks of this topic, until the answer is called. */
  readonly watch: (topic: Topic, wake: () => void) => () => void;
}

/** What is to be sent: a file that can be read anywhere, or a stream that is read once. */
export type FileSource =
  | { readonly kind: "file"; readonly name: string; readonly sizeBytes: number; readonly modifiedMs: number }
  /** `directory`: comes as a tar archive. `stream`: a local socket that gives bytes until it ends. */
  | { readonly kind: "directory" | "stream"; readonly name: string };

/** A picture's small likeness: `image` has at most FILE_PREVIEW_MAX_BYTES. */
export interface PicturePreview {
  readonly width: number;
  readonly height: number;
  readonly format: "jpeg" | "webp";
  readonly image: Uint8Array;
}

/** The disk as files need it. Paths are absolute. Methods reject with a storage or usage fault. */
export interface PartStore {
  /** What lies there. Nothing, or something that cannot be sent, is `usage/not-found` or `usage/bad-argument`. */
  readonly look: (path: string) => Promise<FileSource>;
  /** Up to `length` bytes, fewer at the end; undefined when there is no such file. `into`: at least so long, where they are put. */
  readonly read: (path: string, offset: number, length: number, into?: Uint8Array) => Promise<Uint8Array | undefined>;
  /** A directory as an archive, or a stream, in pieces of any size. */
  readonly stream: (path: string) => AsyncIterable<Uint8Array>;
  /** Makes an empty file in the profile for sealed chunks of something that can be read only once; its path. `id`: hex. */
  readonly spoolPath: (id: string) => Promise<string>;
  /** Paths of all files that {@link spoolPath} has made and that are there. */
  readonly spools: () => Promise<readonly string[]>;
  /** Makes an empty temporary file, hidden, in the directory where the download will be; `storage/full` when so many bytes do not fit. */
  readonly createPart: (target: PartTarget) => Promise<string>;
  readonly write: (path: string, offset: number, bytes: Uint8Array) => Promise<void>;
  /** What was written lies on the disk when this resolves. */
  readonly sync: (path: string) => Promise<void>;
  /** Cuts the part to its size, syncs it and gives it a second name, another one where that is taken; answers the path. The part is the
   * caller's to remove; done again before that, it answers the same path. (Where a file has one name only, the part is gone.) */
  readonly finish: (part: string, target: PartTarget) => Promise<string>;
  /** Nothing there is fine. */
  readonly remove: (path: string) => Promise<void>;
  /** Undefined: not a picture, too large, or broken. */
  readonly preview: (path: string) => Promise<PicturePreview | undefined>;
}

/** Where a download goes. `name` is cleaned already; `isExact`: fails with `usage/not-allowed` where something is, instead of taking another name. */
export interface PartTarget {
  readonly directory: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly isExact: boolean;
}

/** Time as an input. */
export interface Clock {
  readonly nowMs: () => number;
  /** Calls `wake` once after `delayMs`; the answer cancels. */
  readonly after: (delayMs: number, wake: () => void) => () => void;
}

/** `length` bytes from the operating system's generator. */
export type RandomBytes = (length: number) => Uint8Array;

/** Id of an encoded envelope, for those who keep books by it. */
export type EnvelopeIdOf = (encoded: Uint8Array) => EnvelopeId;
