/**
 * What screens and second commands may ask of a client: plain JSON in, plain JSON out, so that the same
 * call works in the process that owns the profile and over its local socket. Result shapes are those of the
 * command line's `--json` (README, PROTOCOL.md § Command line).
 *
 * Groups and members are named by id, by an id prefix (at least 4 hex digits), or by a name where it is unique.
 * Every method rejects with a `Fault`.
 */

import type { ClientEvent } from "./event-api.ts";
import type { FileMethods, FileView } from "./file-api.ts";
import type { GroupMethods, RefusedJoin, Sent } from "./group-api.ts";
import type { RelayMethods } from "./relay-api.ts";

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
  /** For our own messages only. `unsent`: nobody took it as long as others could have read it, so it does not leave any more. */
  readonly state?: "queued" | "on-relay" | "delivered" | "unsent";
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

/** Method name -> [parameters, result]. */
export interface ClientMethods extends GroupMethods, FileMethods, RelayMethods {
  /** `contact` is a link that `group-add` takes. */
  whoami: [
    Record<never, never>,
    { account: string; fingerprint: string; device: string; name: string; contact: string },
  ];
  /** What others see from now on: 1 to 128 bytes of UTF-8 on one line. Every group is told. Waits up
   * to `waitMs` (default 10,000) for the relay. */
  "name-change": [{ name: string; waitMs?: number }, { name: string } & Sent];
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
   * `window`: any text that names the screen on which it was typed, see `listen`. `reason`: why a relay that is connected does not
   * take it yet, as a sentence. */
  send: [
    { group: string; text: string; waitMs?: number; window?: string },
    { message: { id: string }; state: "queued" | "on-relay" | "delivered"; reason?: string },
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
  /** Waits until everything stored for us is fetched and everything of ours, prekeys too, is on a relay, at most
   * `waitMs` (default 10,000; less where nobody is there). Does not wait for `undelivered`: letters in the outbox for an inbox
   * that no relay knows. `missing`, where there are any: messages that others cite and that nobody who is reached has; while two
   * people cite one of them, and for a day at most, it is not complete. A profile without a relay is in step with the members who are
   * connected: `unreached` are then the groups of which nobody is, and without any `outbox` is kept for them and for a relay.
   * `refused`: groups that do not let this profile in. */
  sync: [
    { waitMs?: number },
    {
      complete: boolean;
      received: number;
      outbox: number;
      undelivered: number;
      missing?: number;
      unreached?: readonly GroupName[];
      refused?: readonly RefusedJoin[];
    },
  ];
}

export type ClientMethod = keyof ClientMethods;

/**
 * One call, repeated when the profile's owner exits in the middle. Under one `id` a message or file is sent once. What changes a
 * group is not looked up by it: it may be answered as done already, and `group-create` makes two groups.
 */
export interface ClientCall<M extends ClientMethod = ClientMethod> {
  readonly id: string;
  readonly method: M;
  readonly params: ClientMethods[M][0];
}

/** A running client; what a screen holds. */
export interface Client {
  readonly call: <M extends ClientMethod>(
    call: ClientCall<M>,
    options?: ClientCallOptions,
  ) => Promise<ClientMethods[M][1]>;
  /** Finishes commits under way and closes; effects not yet performed are repeated at the next start. */
  readonly close: () => Promise<void>;
}

/** What goes with a call; all may be left out. */
export interface ClientCallOptions {
  readonly emit?: ((event: ClientEvent) => void) | undefined;
  readonly signal?: CancelSignal | undefined;
  /**
   * `listen` asks now and then whether all that it has emitted was shown: true as soon as it was, false when it never will be.
   * Only then is it marked as read, and nothing more is emitted before. Left out: it is shown at once.
   */
  readonly taken?: ((place: number | undefined) => Promise<boolean>) | undefined;
  /** The last `place` that was taken of the `listen` that this one goes on with, whoever has read something meanwhile. */
  readonly from?: number | undefined;
}

/** The part of AbortSignal that the client uses; the core has no ambient AbortSignal. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: "abort", listener: () => void) => void;
  readonly removeEventListener: (type: "abort", listener: () => void) => void;
}

/** What `createAccount` (src/client/account-setup.ts) answers once: 24 words that nobody else has. */
export interface NewAccount {
  readonly account: string;
  readonly fingerprint: string;
  readonly recoveryWords: string;
}
