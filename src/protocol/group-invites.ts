/**
 * Invites of a group, as its log entries leave them.
 * @see PROTOCOL.md § Membership log
 */
import type { Role } from "../wire/entry.ts";
import type { AccountKey, EntryHash } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { GroupView, GrowingView } from "./group-view.ts";
import type { LogEntry } from "./log-state.ts";

/** An invite that counts. */
export interface InviteView {
  readonly entry: EntryHash;
  /** Who made it. */
  readonly account: AccountKey;
  readonly rendezvousSeed: Uint8Array;
  readonly proofKey: Uint8Array;
  readonly role: Role;
  readonly uses: number;
  readonly used: number;
  readonly expiresAt: number;
  readonly isRevoked: boolean;
}

/** An invite as its entry states it. */
export function inviteOf(
  account: AccountKey,
  entry: EntryHash,
  action: Extract<LogEntry["action"], { kind: "invite" }>,
): InviteView {
  const { rendezvousSeed, proofKey, role, uses, expiresAt } = action;
  const stated = { entry, account, rendezvousSeed, proofKey, role: role as Role, uses, expiresAt };
  return { ...stated, used: 0, isRevoked: false };
}

/** Marks an invite, if it counts. */
export function revoke(view: GrowingView, invite: EntryHash): void {
  const known = view.invites.get(toHex(invite));
  if (known) view.invites.set(toHex(invite), { ...known, isRevoked: true });
}

/** Counts what an add used up. */
export function countUses(view: GrowingView, { action }: LogEntry): void {
  if (action.kind !== "add") return;
  for (const { invite } of action.members) {
    const known = invite && view.invites.get(toHex(invite));
    if (invite && known) view.invites.set(toHex(invite), { ...known, used: known.used + 1 });
  }
}

/** An invite that still lets people in, as far as the log can tell: it knows no time. */
export function isOpen(view: GroupView, invite: InviteView): boolean {
  return !invite.isRevoked && invite.used < invite.uses && view.members.has(toHex(invite.account));
}
