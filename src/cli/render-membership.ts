/** Links, settings and what became of a change, as people read them. */
import type { ClientMethods } from "../client/api.ts";
import type { InviteView, Sent } from "../client/group-api.ts";
import { clock, groupOf, nameOf, SHORT_ID } from "./render.ts";

/** The end of a sentence about a change. */
export function renderSent({ state, devices = 0 }: Sent): string {
  switch (state) {
    case "on-relay":
      return ".";
    case "with-members":
      return `; ${devices === 1 ? "1 device of another member has" : `${devices} devices of other members have`} it and will pass it on.`;
    case "queued":
      return "; the others hear of it as soon as a relay, or one of them, can be reached.";
  }
}

export function renderInvites(invites: readonly InviteView[]): string {
  if (invites.length === 0) return "No links. Make one with hermes group invite G.";
  return invites.map(renderTerms).join("\n");
}

function renderTerms({ id, role, uses, left, expires, by, state }: InviteView): string {
  const terms = [`for ${role}s`, `${left} of ${uses} left`, `until ${clock(expires)}`, `by ${nameOf(by)}`, state];
  return `${id.slice(0, SHORT_ID)}  ${terms.join(", ")}`;
}

export function renderSettings({ group, settings, state, ...sent }: ClientMethods["group-settings"][1]): string {
  const { password, inviters, rekey } = settings;
  return [
    state === undefined
      ? `Settings of ${groupOf(group)}`
      : `Changed the settings of ${groupOf(group)}${renderSent({ ...sent, state })}`,
    `Links can be made by      ${INVITERS[inviters]}`,
    `Links ask for a password  ${password ? "yes" : "no"}`,
    `The key is renewed        after ${rekey.days === 1 ? "1 day" : `${rekey.days} days`} or ${rekey.messages} messages`,
  ].join("\n");
}

const INVITERS = { member: "everybody", admin: "admins and the owner", owner: "the owner" } as const;

/** What `account delete` did, and what it could not do. */
export function renderDeleted({ groups, sent, withdrawn }: ClientMethods["account-leave"][1]): string {
  const lines = groups.map(({ group, handedTo }) =>
    handedTo === undefined
      ? `  left ${groupOf(group)}`
      : `  left ${groupOf(group)}, which is ${nameOf(handedTo)}'s now`,
  );
  return [
    "This account's profile is gone from this machine.",
    ...lines,
    ...(sent ? [] : ["No relay could be reached for all of it, so others may still see you as a member."]),
    ...(withdrawn ? [] : ["The relays could not be told, so they keep your public keys until those expire."]),
  ].join("\n");
}
