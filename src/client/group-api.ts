/** The part of the client's methods that is about groups and who is in them; see api.ts. */
import type { GroupName, MemberView, MessageView } from "./api.ts";
import type { RelayView } from "./relay-api.ts";

/** A person as others call them; `account` is lower-case hex. */
export interface PersonName {
  readonly account: string;
  readonly name: string;
}

/** A group in which this profile is not, or not yet. `refused`: the link does not let it in, see `group-join`. */
export type AbsentState = "pending" | "refused" | "removed" | "left" | "unlinked";

/** Why the admins of a group do not let this profile in, as `group-join` says it: the code of its fault, and its sentence. */
export interface RefusalView {
  readonly code: string;
  readonly message: string;
}

/** A group that was asked and has refused. Its name is known only where this profile was in it. */
export interface RefusedJoin extends RefusalView {
  readonly group: GroupName;
}

/** A row of `group-list`. `last`: the newest line, its text cut to 200 characters. */
export interface ListedGroup extends GroupName {
  readonly members: number;
  readonly unread: number;
  /** Only of those in which this profile is not. */
  readonly state?: AbsentState;
  /** This profile was in it once and asks to be let in again. */
  readonly asked?: true;
  /** What was answered to its asking. */
  readonly refusal?: RefusalView;
  readonly last?: MessageView;
}

/** An invite as its entry states it; its link is nowhere but where it was sent. */
export interface InviteView {
  readonly id: string;
  readonly role: "member" | "admin";
  readonly uses: number;
  /** How many more it lets in. */
  readonly left: number;
  /** ISO 8601 UTC. */
  readonly expires: string;
  readonly by: PersonName;
  readonly state: "open" | "expired" | "revoked" | "used-up";
}

/** Settings of a group. */
export interface SettingsView {
  readonly name: string;
  /** Whether links ask for a room password. */
  readonly password: boolean;
  /** Lowest role that may make invites. */
  readonly inviters: "member" | "admin" | "owner";
  /** The key is renewed after so many days or messages, whichever comes first. */
  readonly rekey: { readonly days: number; readonly messages: number };
}

/** A relay of a group, and how the connection to it is: ISO 8601 UTC. Without `state`: this process connects to no relay. */
export interface GroupRelayView {
  readonly address: string;
  readonly state?: RelayView["state"];
  readonly since?: string;
  readonly reason?: string;
}

/** How far a change has come: written; saved by devices of other members, while no relay is there; or stored by a relay with
 * everything that belongs to it. */
export type ChangeState = "queued" | "with-members" | "on-relay";

/** What became of a change. `devices`: of other members, that have all of it; only of `with-members`. */
export interface Sent {
  readonly state: ChangeState;
  readonly devices?: number;
}

/** Method name -> [parameters, result]. */
export interface GroupMethods {
  /** `password`: a room password, for which links to the group ask from the start. */
  "group-create": [{ name: string; password?: string }, { group: GroupName }];
  /** One row for each group. Of `pending` and `refused` ones nothing but the id is known. `last` only with `lines`. */
  "group-list": [{ lines?: boolean }, { groups: readonly ListedGroup[] }];
  /** `absent`: this profile is not in the group any more, by whom and since when (ISO 8601). */
  "group-info": [
    { group: string },
    {
      group: GroupName;
      members: readonly MemberView[];
      epoch: { id: string; number: number };
      absent?: { state: "removed" | "left" | "unlinked"; by: PersonName; since: string };
    },
  ];
  /** Takes a member out, with all devices, and gives the group a fresh key. Needs a higher rank than the member's:
   * `usage/not-allowed` says which. This and the calls below wait up to `waitMs` (default 10,000) for the relay. */
  "group-remove": [{ group: string; member: string; waitMs?: number }, { group: GroupName; member: PersonName } & Sent];
  /** Role `owner` hands the group over: one becomes an admin oneself. */
  "group-role": [
    { group: string; member: string; role: "member" | "admin" | "owner"; waitMs?: number },
    { group: GroupName; member: PersonName & { role: string } } & Sent,
  ];
  /** An owner who is not alone names in `handOver` who takes the group over; else `usage/not-allowed`. */
  "group-leave": [{ group: string; handOver?: string; waitMs?: number }, { group: GroupName } & Sent];
  /** A group that one has asked to join, named by its id, is waited for no more. `usage/not-found`: none such is waited for. */
  "group-cancel": [{ group: string }, { group: GroupName }];
  /** A fresh key for everybody. */
  "group-rekey": [
    { group: string; waitMs?: number },
    { group: GroupName; epoch: { id: string; number: number } } & Sent,
  ];
  "group-rename": [{ group: string; name: string; waitMs?: number }, { group: GroupName } & Sent];
  /** Changes what is given, and answers what holds then. `password`: `null` for none; either closes all open links. */
  "group-settings": [
    {
      group: string;
      inviters?: "member" | "admin" | "owner";
      rekeyDays?: number;
      rekeyMessages?: number;
      password?: string | null;
      waitMs?: number;
    },
    /** `state`: absent when nothing was changed. */
    { group: GroupName; settings: SettingsView } & Partial<Sent>,
  ];
  /** The group's relays, after those in `add` (addresses) came and those in `remove` (addresses or PeerIds) went; at least one is
   * left, and at most 8. `former`: relays that it has left and that are used until then, for those who were away. */
  "group-relays": [
    { group: string; add?: readonly string[]; remove?: readonly string[]; waitMs?: number },
    {
      group: GroupName;
      relays: readonly GroupRelayView[];
      former: readonly { address: string; until: string }[];
    } & Sent,
  ];
  /** Links that were made and are not forgotten: open ones, and those that ended less than a week ago. */
  "group-invites": [{ group: string }, { group: GroupName; invites: readonly InviteView[] }];
  /** `invite`: its id, or the beginning of it. */
  "group-revoke": [
    { group: string; invite: string; waitMs?: number },
    { group: GroupName; invite: { id: string } } & Sent,
  ];
  /** Leaves all groups, takes the account's prekeys and mail off the relays, and says what could not be done. The profile's
   * files are left to the caller. An owner who is not alone: `usage/not-allowed`, unless `handOverAll`: then the member
   * of highest rank, and among those the one who came first, has the group. */
  "account-leave": [
    { handOverAll?: boolean; waitMs?: number },
    {
      groups: readonly { group: GroupName; handedTo?: PersonName }[];
      /** All of it is stored by a relay. */
      sent: boolean;
      /** No relay of ours has prekeys of this device any more. */
      withdrawn: boolean;
    },
  ];
  /** `uses` 1 to 10,000 (default 1,000); `expiresInMs` default 7 days. `expires` is ISO 8601. */
  "group-invite": [
    { group: string; uses?: number; expiresInMs?: number; role?: "member" | "admin" },
    { link: string; expires: string; uses: number },
  ];
  /** Waits up to `waitMs` (default 10,000) for the welcome; `pending` goes on by itself. `password`: of the room. A link that asks for
   * one, and a wrong one, is `usage/wrong-passphrase`; a link that is over `usage/expired`; who has to wait after five wrong
   * ones, or was removed before, `usage/not-allowed`. */
  "group-join": [
    { link: string; password?: string; waitMs?: number },
    { group: GroupName; state: "joined" | "pending" },
  ];
  /** `account`: a contact link, or an account id (then looked up at our relays). */
  "group-add": [
    { group: string; account: string; role?: "member" | "admin"; waitMs?: number },
    { group: GroupName; member: { account: string; name: string; role: string } },
  ];
}
