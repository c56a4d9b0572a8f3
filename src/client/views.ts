/** Records as screens see them. */

import { ROLE, type Role } from "../wire/entry.ts";
import type { GroupId } from "../wire/ids.ts";
import { toHex } from "../wire/text-forms.ts";
import type { GroupName, MemberView, MessageView } from "./api.ts";
import type { Network, PeerStatus, RelayStatus } from "./ports/network.ts";
import type { ConversationLine } from "./ports/profile.ts";
import type { RelayView } from "./relay-api.ts";

/** ISO 8601 UTC. */
export const isoTime = (ms: number): string => new Date(Math.min(ms, 8.64e15)).toISOString();

export const groupName = (group: { readonly group: GroupId; readonly name: string }): GroupName => ({
  id: toHex(group.group),
  name: group.name,
});

/** A line of a conversation. */
export function messageView(line: ConversationLine): MessageView {
  const { id, account, name, sentAtMs, kind, text, depth, state } = line;
  const view = { id, from: { account, name }, sentAt: isoTime(sentAtMs), kind, text, depth };
  if (state === "received") return view;
  return line.delivery ? { ...view, state, delivery: line.delivery } : { ...view, state };
}

/** How far a message has come that was sent just now. */
export function sentState(state: ConversationLine["state"]): "queued" | "on-relay" | "delivered" {
  switch (state) {
    case "received":
      return "on-relay";
    case "unsent":
      return "queued";
    default:
      return state;
  }
}

export function relayView({ address, state, sinceMs, reason }: RelayStatus): RelayView {
  const view = { address, state, since: isoTime(sinceMs) };
  return reason === undefined ? view : { ...view, reason };
}

/** Those who are connected and up to date: who was removed is read from for a while, and is nobody to count on. */
export function presentPeers({ peers, behind }: Pick<Network, "peers" | "behind">): readonly PeerStatus[] {
  const past = behind?.();
  return past ? peers().filter(({ peerId }) => !past.has(peerId)) : peers();
}

const ROLE_NAMES: Readonly<Record<Role, MemberView["role"]>> = { 0: "member", 1: "admin", 2: "owner" };

export const roleName = (role: Role): MemberView["role"] => ROLE_NAMES[role];
export const roleOf = (name: "member" | "admin"): Role => ROLE[name];
