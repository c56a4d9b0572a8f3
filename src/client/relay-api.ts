/**
 * What one may ask about relays, other members who are reached, and what waits for them (see api.ts).
 */
import type { GroupName } from "./api.ts";
import type { GroupRelayView, Sent } from "./group-api.ts";
import type { MemberReach } from "./member-reach.ts";

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

/** Method name -> [parameters, result]. */
export interface RelayMethods {
  /** Our account's relays, after those in `add` (addresses) came and those in `remove` (addresses or PeerIds) went; at least one is left
   * and at most 8. Mail for us comes there; groups keep theirs. `former`: left, and read until then. */
  relays: [
    { add?: readonly string[]; remove?: readonly string[]; waitMs?: number },
    { relays: readonly GroupRelayView[]; former: readonly { address: string; until: string }[] } & Sent,
  ];
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
}
