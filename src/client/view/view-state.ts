/**
 * What a screen shows, as plain immutable values: the same object until something of it changed. Made by
 * view-model.ts; knows no browser and no terminal.
 */
import type { ClientMethods, MessageView } from "../api.ts";
import type { AbsentState, PersonName } from "../group-api.ts";
import type { PeerView, RelayView } from "../relay-api.ts";
import type { Failure } from "./screen-methods.ts";

/** Everything. */
export interface ViewState {
  /** `shut-out`: this browser has no key of the process (any more): the link that the terminal shows brings one. */
  readonly phase: "connecting" | "shut-out" | "new" | "locked" | "open";
  /** Whether the process behind the screen answers. */
  readonly server: "live" | "lost";
  /** Where the profile is, or will be. */
  readonly directory: string;
  /** For a new profile. */
  readonly defaultRelays: readonly string[];
  /** An invite with which the program was started. */
  readonly invite?: string;
  readonly me?: ClientMethods["whoami"][1];
  readonly relays: readonly RelayView[];
  readonly peers: readonly ConnectedPeer[];
  /** Envelopes that wait to be sent. */
  readonly outbox: number;
  readonly groupsLoaded: boolean;
  /** Newest activity first. */
  readonly groups: readonly GroupRow[];
  /** Of the groups that were opened, by id. */
  readonly conversations: Readonly<Record<string, Conversation>>;
  /** Newest first. */
  readonly warnings: readonly WarningRow[];
  readonly preferences: Preferences;
}

/** `since`: ISO 8601 UTC. */
export type ConnectedPeer = Omit<PeerView, "state"> & { readonly since: string };

/** One line of the list of groups. */
export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly members: number;
  readonly unread: number;
  readonly state?: AbsentState;
  /** Why its admins do not let us in, in a sentence. */
  readonly refusal?: string;
  readonly last?: LastLine;
  /** What was typed and not sent; "" for nothing. */
  readonly draft: string;
}

/** The newest line of a group; `text` is cut. */
export interface LastLine {
  readonly id: string;
  readonly text: string;
  /** Name of its author. */
  readonly from: string;
  readonly own: boolean;
  readonly sentAt: string;
  readonly kind: MessageView["kind"];
}

/** A window of one group's conversation. */
export interface Conversation {
  /** Oldest first; ids are unique and stay. */
  readonly rows: readonly Row[];
  /** What a virtual list calls the number of its first row: falls by as many as were put in front. */
  readonly firstIndex: number;
  /** The window begins with the oldest line, ends with the newest. */
  readonly atStart: boolean;
  readonly atEnd: boolean;
  readonly loading: "none" | "first" | "older" | "newer";
  /** Why the last loading did not work. */
  readonly failed?: Failure;
  /** The row in front of what is new. */
  readonly unreadRowId?: string;
  readonly info?: ClientMethods["group-info"][1];
}

/** One row of a conversation. */
export type Row =
  /** `day`: local, as yyyy-mm-dd. */
  | { readonly kind: "day"; readonly id: string; readonly day: string }
  | { readonly kind: "unread"; readonly id: string; readonly count: number }
  | { readonly kind: "system"; readonly id: string; readonly line: MessageView }
  | MessageRow;

/** Somebody's message; `first` and `last` of what one person wrote within a few minutes. */
export interface MessageRow {
  readonly kind: "message";
  readonly id: string;
  readonly line: MessageView;
  readonly own: boolean;
  readonly first: boolean;
  readonly last: boolean;
  /** The process has not taken it yet, or has refused it. */
  readonly sending?: "sending" | "failed";
  readonly failure?: Failure;
}

/** A warning until somebody has read it. */
export interface WarningRow {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly group?: { readonly id: string; readonly name: string };
  readonly member?: PersonName;
  /** Address of the relay that it is about. */
  readonly relay?: string;
}

/** What people chose for themselves; kept in the profile. */
export interface Preferences {
  readonly theme: "light" | "dark" | "system";
  readonly textSize: "small" | "normal" | "large" | "largest";
  readonly skinTone: string;
  readonly recentEmoji: readonly string[];
  readonly enterSends: boolean;
}
