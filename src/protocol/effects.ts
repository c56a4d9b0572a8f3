/** What the shell does after a commit, or with it (`keep`). All else can be derived again from the profile at the next start. */
import type { Role } from "../wire/entry.ts";
import type {
  AccountKey,
  DeviceKey,
  EpochId,
  GroupId,
  LogId,
  MessageId,
  Sequence,
  Signature,
  TimeMs,
  Topic,
} from "../wire/ids.ts";
import type { JoinRefusal } from "../wire/join-request.ts";
import type { DirectoryRecord } from "../wire/prekey-frames.ts";
import type { Draft, Line, LineChange } from "./step.ts";

/** What happened to a group. */
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

/** Something that people and scripts are told. */
export type ProtocolEvent =
  | { readonly kind: "message"; readonly group: GroupId; readonly line: Line }
  | {
      readonly kind: "member";
      readonly group: GroupId;
      readonly change: MemberChange;
      readonly by: AccountKey;
      readonly member?: AccountKey;
      readonly memberName?: string;
      /** The rank that `member` has now. */
      readonly role?: Role;
      /** The new name, what was set, or what counts no more. */
      readonly detail?: string;
    }
  | { readonly kind: "joined"; readonly group: GroupId }
  /** How far a file is, or who has it, has changed. */
  | { readonly kind: "file"; readonly group: GroupId; readonly file: MessageId }
  /** Somebody misses chunks of it that nobody who is reached has. */
  | { readonly kind: "file-wanted"; readonly group: GroupId; readonly file: MessageId }
  /** A message that stands at `depth` cites one that is not here, which was noticed first at the time `at`. */
  | {
      readonly kind: "missing";
      readonly group: GroupId;
      readonly missing: MessageId;
      readonly depth: number;
      readonly at: TimeMs;
    }
  /** One that was missing is here, or counts no more. */
  | { readonly kind: "found"; readonly group: GroupId; readonly found: MessageId }
  /** Somebody says that they have messages of the group that are not here. */
  | { readonly kind: "behind"; readonly group: GroupId }
  /** An admin does not let us in; how many tries at the room password are left. */
  | { readonly kind: "join-refused"; readonly group: GroupId; readonly reason: JoinRefusal; readonly triesLeft: number }
  /** We are out of the group by an entry of this account, which may be our own. */
  | { readonly kind: "removed"; readonly group: GroupId; readonly by: AccountKey }
  | ({ readonly kind: "line-state" } & LineChange)
  | {
      readonly kind: "warning";
      readonly code: WarningCode;
      readonly group?: GroupId;
      readonly device?: DeviceKey;
      /** Whom it is about. */
      readonly account?: AccountKey;
      /** The relay that it is about, by the address that its status has. */
      readonly relay?: string;
    };

/** Closed list of warnings. */
export type WarningCode =
  | "forged"
  | "malformed"
  | "password-guessed"
  | "removed-asks"
  | "fork"
  | "restored-state"
  | "too-far-ahead"
  | "given-up"
  | "refused"
  | "undeliverable"
  | "own-new-device"
  | "own-unlinked"
  | "verified-name-other-key"
  | "verified-new-device"
  | "waiting-room-full"
  | "unasked-groups-full"
  | "relay-untrue"
  | "false-chunks"
  | "withdrawn";

export type Effect =
  /** Read this topic; `seed` proves it to holders. */
  | {
      readonly kind: "subscribe";
      readonly topic: Topic;
      readonly seed: Uint8Array;
      readonly inbox: boolean;
      /** Others bring us mail for it directly. */
      readonly takesMail?: boolean;
    }
  | { readonly kind: "unsubscribe"; readonly topic: Topic }
  /** Whether others write in a newer epoch than that of this topic, which is read on for what is late. */
  | { readonly kind: "superseded"; readonly topic: Topic; readonly isSuperseded: boolean }
  /** The holder of that log may erase what it has of this topic, an inbox of ours, up to and with this number. */
  | { readonly kind: "trim"; readonly log: LogId; readonly topic: Topic; readonly upTo: Sequence }
  /** Something new lies in the outbox. */
  | { readonly kind: "flush" }
  /** An envelope of a group's topic, encoded, to be kept for its other members; part of the commit. */
  | { readonly kind: "keep"; readonly envelope: Uint8Array }
  /**
   * Addresses that others told us are followed only up to a small number. `adder`: whoever put us into a group unasked;
   * the group is read there too. `peer`: mail goes there, nothing else. With `group` these are all of that group's, and
   * those named for it before are let go.
   */
  | {
      readonly kind: "use-relays";
      readonly relays: readonly string[];
      readonly toldBy: "us" | "adder" | "peer";
      readonly group?: GroupId;
    }
  | { readonly kind: "take-prekeys"; readonly account: AccountKey }
  /** Members of our groups may be there. */
  | { readonly kind: "use-addresses"; readonly addresses: readonly string[] }
  /** For people who are connected to us: no one-time prekeys are in it. */
  | { readonly kind: "offer-prekeys"; readonly record: DirectoryRecord }
  | { readonly kind: "publish-prekeys"; readonly record: DirectoryRecord; readonly signature: Signature }
  /** For whoever reads this topic now; nothing comes of it if nobody does. */
  | { readonly kind: "say"; readonly topic: Topic; readonly body: Uint8Array }
  /** Bring a `tick` at this time (ms). `report`: only for what is to be said of that epoch, as there may be thousands of these. */
  | { readonly kind: "wake"; readonly atMs: number; readonly report?: EpochId | undefined }
  /** Some work is too long for one step: bring `continue`, behind what waits already. */
  | { readonly kind: "continue" }
  | { readonly kind: "event"; readonly event: ProtocolEvent };

/** A draft as all state machines of this folder use it. */
export type Work = Draft<Effect>;

/** Queues an event for after the commit. */
export function announce(work: Work, event: ProtocolEvent): void {
  work.effects.push({ kind: "event", event });
}
