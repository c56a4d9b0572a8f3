/**
 * What screens and second commands may ask of a client: plain JSON in, plain JSON out, so that the same
 * call works in the process that owns the profile and over its local socket. Result shapes are those of the
 * command line's `--json` (README, PROTOCOL.md § Command line).
 *
 * Groups and members are named by id, by an id prefix (at least 4 hex digits), or by a name where it is unique.
 * Every method rejects with a `Fault`.
 */

import type { FileEvent, FileMethods, FileView } from "./file-api.ts";
import type { GroupMethods, GroupRelayView, Sent } from "./group-api.ts";
import type { MemberReach } from "./member-reach.ts";

/** `{"id","name"}` of a group; ids are lower-case hex. */
export interface GroupName {
  readonly id: string;
  readonly name: string;
}

/** On how many of the other members' devices a message of ours is known to be; `of` counts those that were in the group then. */
export interface DeliveryView {
  readonly devices: number;
  readonly of: number;
}

export interface MessageView {
  readonly id: string;
  readonly from: { readonly account: string; readonly name: string };
  /** ISO 8601 UTC. */
  readonly sentAt: string;
  readonly kind: "text" | "file" | "system";
  readonly text: string;
  /** Lines are ordered by this, then by `sentAt`, then by `id`. */
  readonly depth: number;
  /** For our own messages only. */
  readonly state?: "queued" | "on-relay" | "delivered";
  /** For our own messages, as soon as one device said so; `state` is `delivered` from then on. */
  readonly delivery?: DeliveryView;
  /** For kind `file`; `text` is its name then. */
  readonly file?: FileView;
}

export interface MemberView {
  readonly account: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member";
  readonly devices: number;
  readonly verified: boolean;
}

/**
 * What happened to a group. Of `role`, `linked`, `removed`, `added` and `joined`: to `member`; of `role` also `role`; of
 * `renamed`, `settings`, `overruled` and `named` (`by` has another name): `detail` says what. `overruled`: a change by `by` counts no more, since somebody
 * who ranked higher, or came first by the group's rules, contradicted it at the same time.
 */
export type MemberChange =
  | "created"
  | "added"
  | "joined"
  | "rekeyed"
  | "linked"
  | "unlinked"
  | "removed"
  | "left"
  | "role"
  | "renamed"
  | "named"
  | "settings"
  | "overruled";

/** Somebody to be compared with: lower-case hex, and 12 groups of 5 digits. */
export interface IdentityView {
  readonly account: string;
  readonly name: string;
  readonly fingerprint: string;
}

/** A device of our own account. `groups`: of those that this device knows it is in so many. */
export interface DeviceView {
  readonly device: string;
  /** ISO 8601 UTC. */
  readonly since: string;
  /** The one that answers. */
  readonly current: boolean;
  readonly unlinked: boolean;
  readonly groups: number;
}

/** Another member to whom this process is connected; its PeerId is a throwaway. `circuit`: through a relay. */
export interface PeerView {
  readonly peerId: string;
  readonly path: "direct" | "circuit";
  readonly state: "connected" | "gone";
}

export interface RelayView {
  readonly address: string;
  readonly state: "connecting" | "connected" | "unreachable" | "refused";
  /** ISO 8601 UTC. */
  readonly since: string;
  readonly reason?: string;
}

/** What a relay contradicted itself in: `skipped`: what it acknowledged under that number never came; `renumbered`: another envelope
 * came under it; `went-back`: the number came again, or its log is shorter than it was. */
export interface RelayEvidence {
  readonly relay: string;
  readonly fault: "skipped" | "renumbered" | "went-back";
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly sequence: number;
  readonly group?: GroupName;
  /** The whole of it, signed, with the envelopes: lower-case hex. */
  readonly statement: string;
}

/** `genuine`: the device of a member says so, and the envelopes were made by members; `messages`, `entries`: which. `unknown`: we
 * have no keys of that group, or none any more. Of a `forged` one that cannot be read nothing else is known. */
export interface StatementCheck extends Partial<Omit<RelayEvidence, "statement">> {
  readonly verdict: "genuine" | "unknown" | "forged";
  readonly by?: { readonly account: string; readonly name: string };
  readonly messages: readonly {
    readonly id: string;
    readonly from: { readonly account: string; readonly name: string };
  }[];
  readonly entries: number;
}

/** A relay and what it is there for. `own`: our account's, which has our mail; `formerly`: groups that have left it, and use it
 * for a week more. One that serves nothing was named by somebody we write to. */
export interface RelayUse extends RelayView {
  readonly own: boolean;
  /** So often it contradicted itself; left out where it never did. */
  readonly contradictions?: number;
  readonly serves: readonly GroupName[];
  readonly formerly: readonly GroupName[];
}

/** How others could connect to this process: multiaddrs at which it listens, PeerIds of relays that pass connections on to it,
 * IP addresses at which our relays see it, and those of this machine. */
export interface ReachView {
  readonly listening: readonly string[];
  readonly circuits: readonly string[];
  readonly observed: readonly string[];
  readonly own: readonly string[];
  /** Whether members are looked for on the LAN. */
  readonly discovers?: boolean;
}

/** What happens while one listens. */
export type ClientEvent =
  /** The beginning of `follow`. Seen again, another process has taken the profile over: what happened in between was not told. */
  | { readonly event: "following" }
  | { readonly event: "message"; readonly group: GroupName; readonly message: MessageView }
  | {
      readonly event: "member";
      readonly group: GroupName;
      readonly change: MemberChange;
      readonly by: { readonly account: string; readonly name: string };
      readonly member?: { readonly account: string; readonly name: string };
      readonly role?: "owner" | "admin" | "member";
      readonly detail?: string;
    }
  | { readonly event: "status"; readonly relay: RelayView }
  /** Another member is reached without a relay's store, or no more. */
  | { readonly event: "peer"; readonly peer: PeerView }
  /** A message is shown no more; a warning says why. */
  /** The list of groups has changed: one came, or one is left. For `follow` only, as is `read`. */
  | { readonly event: "groups" }
  /** What was new in the group is so no more: somebody has seen it, at this screen or another. */
  | { readonly event: "read"; readonly group: GroupName }
  | { readonly event: "withdrawn"; readonly group: GroupName; readonly message: { readonly id: string } }
  | {
      readonly event: "sent";
      readonly group: GroupName;
      readonly message: { readonly id: string };
      readonly state: "on-relay" | "delivered";
      readonly delivery?: DeliveryView;
    }
  | FileEvent
  | {
      readonly event: "warning";
      readonly code: string;
      readonly message: string;
      readonly group?: GroupName;
      /** Whom it is about. */
      readonly member?: { readonly account: string; readonly name: string };
      /** The relay that it is about. */
      readonly relay?: string;
    };

/** Method name -> [parameters, result]. */
export interface ClientMethods extends GroupMethods, FileMethods {
  /** `contact` is a link that `group-add` takes. */
  whoami: [
    Record<never, never>,
    { account: string; fingerprint: string; device: string; name: string; contact: string },
  ];
  /** What others see from now on: 1 to 128 bytes of UTF-8 on one line. Every group is told. Waits up
   * to `waitMs` (default 10,000) for the relay. */
  "name-change": [{ name: string; waitMs?: number }, { name: string } & Sent];
  /** Our account's relays, after those in `add` (addresses) came and those in `remove` (addresses or PeerIds) went; at least one is left
   * and at most 8. Mail for us comes there; groups keep theirs. `former`: left, and read until then. */
  relays: [
    { add?: readonly string[]; remove?: readonly string[]; waitMs?: number },
    { relays: readonly GroupRelayView[]; former: readonly { address: string; until: string }[] } & Sent,
  ];
  /** Both fingerprints, and `code`: the 120 digits that stand on both screens (PROTOCOL.md § Verification). `compare`:
   * digits from the other screen, or told; other ones are `usage/not-allowed`. `mark` sets the mark or takes it away. */
  verify: [
    { group: string; member: string; mark?: "verified" | "unverified"; compare?: string },
    { group: GroupName; me: IdentityView; member: IdentityView & { verified: boolean }; code: string },
  ];
  /** Devices of our account, of this and others. */
  devices: [Record<never, never>, { devices: readonly DeviceView[] }];
  /** Unlinks another device of the account (id, or at least 4 digits of it) from every group in which this one is too. `refused`:
   * groups that this device could not change. Waits up to `waitMs` (default 10,000) for the relay. */
  "device-unlink": [
    { device: string; waitMs?: number },
    { device: string; unlinked: readonly GroupName[]; refused: readonly GroupName[] } & Sent,
  ];
  /** Groups of the account in which this device is not yet, after waiting up to `waitMs` (default 0) for it. `alone`: nobody
   * else was in it, so only another device of the account can let this one in. */
  linking: [{ waitMs?: number }, { groups: readonly { group: GroupName; state: "pending" | "alone" }[] }];
  /** Waits up to `waitMs` (default 10,000; 0 does not wait) for the relay. Longer than 60,000 bytes of UTF-8 is `usage/too-long`.
   * `window`: any text that names the screen on which it was typed, see `listen`. */
  send: [
    { group: string; text: string; waitMs?: number; window?: string },
    { message: { id: string }; state: "queued" | "on-relay" | "delivered" },
  ];
  /** Oldest first; marks the group as read, unless only part of it or a `peek` was asked for. `limit` default 50. Of `before`, `after`
   * and `around` (ids of messages; in the midst of half of `limit` on each side) one at most, and only `before` with `search`.
   * `firstUnread`: id of the oldest message that is new, for a `peek`. */
  history: [
    {
      group: string;
      limit?: number;
      before?: string;
      after?: string;
      around?: string;
      search?: string;
      peek?: boolean;
    },
    { messages: readonly MessageView[]; firstUnread?: string },
  ];
  /** Nothing in the group is new any more. */
  "mark-read": [{ group: string }, Record<never, never>];
  /** Texts of a screen's own: drafts, preferences. In the encrypted profile, of this device only. */
  notes: [Record<never, never>, { notes: readonly { name: string; text: string }[] }];
  /** `name`: 1 to 100 characters; at most 60,000 bytes of `text`, and an empty one is forgotten. */
  "note-save": [{ name: string; text: string }, Record<never, never>];
  /** Streams {@link ClientEvent}s until cancelled, for a screen that keeps its own view: `following` and the state of each relay and
   * peer, then everything that happens, our own messages too. Nothing is marked as read. The first one, or the first `listen`,
   * also gets the `member` and `warning` events since the program started. */
  follow: [Record<never, never>, Record<never, never>];
  /** Streams {@link ClientEvent}s (of one group, or of all) until cancelled; then answers `{}`. The state of each relay
   * and the messages that arrived since the last `history` or `listen` come first. The first listener also gets the
   * `member` and `warning` events since the program started. With `window` also our own messages
   * that were sent with another `window` or none; without it none of ours, so that a bot does not answer itself. */
  listen: [{ group?: string; window?: string }, Record<never, never>];
  /** `members`: devices of others that have told where they are. */
  status: [
    Record<never, never>,
    {
      relays: readonly RelayUse[];
      peers: readonly (Omit<PeerView, "state"> & { since: string })[];
      members: readonly MemberReach[];
      outbox: number;
      primitives: string;
    },
  ];
  /** How things are once they have settled, at most `waitMs` (default 8,000) from now. `introduced`: a relay has our
   * prekeys; `caughtUp`: everything that was stored for us is here; `outbox`: what waits to be sent;
   * `undelivered`: how many of these are letters for an inbox that no relay knows. `located`: so many devices of others, `of`
   * all there are in our groups, have told where they are. */
  examine: [
    { waitMs?: number },
    {
      relays: readonly RelayUse[];
      peers: readonly Omit<PeerView, "state">[];
      located: { devices: number; of: number };
      reach: ReachView;
      introduced: boolean;
      caughtUp: boolean;
      outbox: number;
      undelivered: number;
      primitives: string;
    },
  ];
  /** What shows that relays did not tell the truth, the first 16 times. */
  evidence: [Record<never, never>, { statements: readonly RelayEvidence[] }];
  /** Whether statements, of this profile or others, are genuine. */
  "evidence-check": [{ statements: readonly string[] }, { checks: readonly StatementCheck[] }];
  /** Waits until everything stored for us is fetched and everything of ours, prekeys too, is on a relay, at most
   * `waitMs` (default 10,000; less where nobody is there). Does not wait for `undelivered`: letters in the outbox for an inbox
   * that no relay knows. `missing`, where there are any: messages that others cite and that nobody who is reached has; while two
   * people cite one of them, and for a day at most, it is not complete. A profile without a relay is in step with the members who are
   * connected: `unreached` are then the groups of which nobody is, and without any `outbox` is kept for them and for a relay. */
  sync: [
    { waitMs?: number },
    {
      complete: boolean;
      received: number;
      outbox: number;
      undelivered: number;
      missing?: number;
      unreached?: readonly GroupName[];
    },
  ];
}

export type ClientMethod = keyof ClientMethods;

/** One call. `id` makes it safe to repeat when the profile's owner exits in the middle. */
export interface ClientCall<M extends ClientMethod = ClientMethod> {
  readonly id: string;
  readonly method: M;
  readonly params: ClientMethods[M][0];
}

/** A running client; what a screen holds. */
export interface Client {
  readonly call: <M extends ClientMethod>(
    call: ClientCall<M>,
    options?: { readonly emit?: (event: ClientEvent) => void; readonly signal?: CancelSignal },
  ) => Promise<ClientMethods[M][1]>;
  /** Finishes commits under way and closes; effects not yet performed are repeated at the next start. */
  readonly close: () => Promise<void>;
}

/** The part of AbortSignal that the client uses; the core has no ambient AbortSignal. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", listener: () => void) => void;
}

/** What `createAccount` (src/client/account-setup.ts) answers once: 24 words that nobody else has. */
export interface NewAccount {
  readonly account: string;
  readonly fingerprint: string;
  readonly recoveryWords: string;
}
