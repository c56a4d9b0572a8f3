/**
 * What the client needs of a profile: its records, its lines, and one transaction for both. `src/store` implements it.
 * Nothing in this folder knows Node, so a browser can implement it too.
 */
import type { LineState as AnyLineState, Line, LineChange } from "../../protocol/step.ts";

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
  /** Only lines that {@link ProfileStore.unread} counts, the newest or the oldest of them, or those that arrived last; stands alone. */
  readonly unread?: "newest" | "oldest" | "latest" | undefined;
  /** With `unread: "newest"`: those too that arrived after this one (see {@link ProfileStore.arrivals}), read or not. */
  readonly since?: number | undefined;
}

/** The encrypted profile database. All methods reject with a storage fault. */
export interface ProfileStore {
  /** The values of those keys that exist. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Uint8Array>>;
  /**
   * Up to `limit` records whose key begins with `prefix` and is greater than `after`, in key order. `isCount`: only the keys
   * matter, the values may be left out (empty).
   */
  readonly scan: (
    prefix: string,
    options: { readonly after?: string; readonly limit: number; readonly isCount?: boolean },
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
  /** What has arrived up to the last of those lines (ids, hex), or all of it, is unread no more; unknown ids change nothing. */
  readonly markRead: (group: string, shown?: readonly string[]) => Promise<void>;
  /** How many lines of all groups had arrived with the last of those (ids, hex), or by now; unknown ids count for none. */
  readonly arrivals: (group?: string, shown?: readonly string[]) => Promise<number>;
  /** Closes the database; nothing may be called afterwards. */
  readonly close: () => Promise<void>;
}
