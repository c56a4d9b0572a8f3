/** What the shell does after a commit. All of it can be derived again from the profile at the next start. */
import type { AccountKey, DeviceKey, GroupId, LogId, Sequence, Signature, Topic } from "../wire/ids.ts";
import type { DirectoryRecord } from "../wire/prekey-frames.ts";
import type { Draft, Line } from "./step.ts";

/** Something that people and scripts are told. */
export type ProtocolEvent =
  | { readonly kind: "message"; readonly group: GroupId; readonly line: Line }
  | {
      readonly kind: "member";
      readonly group: GroupId;
      readonly change: "created" | "added" | "joined" | "rekeyed" | "linked" | "unlinked";
      readonly by: AccountKey;
      readonly member?: AccountKey;
      readonly memberName?: string;
    }
  | { readonly kind: "joined"; readonly group: GroupId }
  | { readonly kind: "line-state"; readonly group: string; readonly id: string; readonly state: Line["state"] }
  | {
      readonly kind: "warning";
      readonly code: WarningCode;
      readonly group?: GroupId;
      readonly device?: DeviceKey;
      /** Whom it is about. */
      readonly account?: AccountKey;
    };

/** Closed list of warnings. */
export type WarningCode =
  | "forged"
  | "malformed"
  | "fork"
  | "restored-state"
  | "too-far-ahead"
  | "refused"
  | "undeliverable"
  | "verified-name-other-key"
  | "verified-new-device"
  | "waiting-room-full";

export type Effect =
  /** Read this topic; `seed` proves it to holders. */
  | { readonly kind: "subscribe"; readonly topic: Topic; readonly seed: Uint8Array; readonly inbox: boolean }
  | { readonly kind: "unsubscribe"; readonly topic: Topic }
  /** The holder of that log may erase what it has of this topic, an inbox of ours, up to and with this number. */
  | { readonly kind: "trim"; readonly log: LogId; readonly topic: Topic; readonly upTo: Sequence }
  /** Something new lies in the outbox. */
  | { readonly kind: "flush" }
  /**
   * Addresses that others told us are followed only up to a small number. `adder`: whoever put us into a group unasked;
   * the group is read there too. `peer`: mail goes there, nothing else.
   */
  | { readonly kind: "use-relays"; readonly relays: readonly string[]; readonly toldBy: "us" | "adder" | "peer" }
  | { readonly kind: "take-prekeys"; readonly account: AccountKey }
  | { readonly kind: "publish-prekeys"; readonly record: DirectoryRecord; readonly signature: Signature }
  /** Bring a `tick` at this time (ms). */
  | { readonly kind: "wake"; readonly atMs: number }
  | { readonly kind: "event"; readonly event: ProtocolEvent };

/** A draft as all state machines of this folder use it. */
export type Work = Draft<Effect>;

/** Queues an event for after the commit. */
export function announce(work: Work, event: ProtocolEvent): void {
  work.effects.push({ kind: "event", event });
}
