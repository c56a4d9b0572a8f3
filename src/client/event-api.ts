/**
 * What a client tells while one listens (see api.ts).
 */
import type { MemberChange } from "../protocol/effects.ts";
import type { DeliveryView, GroupName, MessageView } from "./api.ts";
import type { FileEvent } from "./file-api.ts";
import type { PeerView, RelayView } from "./relay-api.ts";

/** What happens while one listens. */
export type ClientEvent =
  /** The beginning of `follow`. Seen again, another process has taken the profile over: what happened in between was not told. */
  | { readonly event: "following" }
  /**
   * `late`: it stands before a message that this `listen` told already (its `depth` is smaller). After a long absence messages
   * are held back until those before them are here, for as long as more of them come; a message that cites one which is
   * not here waits for that, for 3 s at most.
   */
  | { readonly event: "message"; readonly group: GroupName; readonly message: MessageView; readonly late?: true }
  /**
   * What happened to a group. Of `role`, `linked`, `removed`, `added` and `joined`: to `member`; of `role` also `role`; of
   * `renamed`, `settings`, `overruled` and `named` (`by` has another name): `detail` says what. `overruled`: a change by `by`
   * counts no more, since somebody who ranked higher, or came first by the group's rules, contradicted it at the same time.
   */
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
  /** The list of groups has changed: one came, or one is left. For `follow` only, as is `read`. */
  | { readonly event: "groups" }
  /** What was new in the group is so no more: somebody has seen it, at this screen or another. */
  | { readonly event: "read"; readonly group: GroupName }
  /** A message is shown no more; a warning says why. */
  | { readonly event: "withdrawn"; readonly group: GroupName; readonly message: { readonly id: string } }
  | {
      readonly event: "sent";
      readonly group: GroupName;
      readonly message: { readonly id: string };
      readonly state: "on-relay" | "delivered" | "unsent";
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
