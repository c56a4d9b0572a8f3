/**
 * Results as people read them. Pure: JSON in, text out.
 *
 * What others wrote cannot move the cursor, change colours or turn the writing direction of what stands around it.
 */
import type { ClientMethods, GroupName, MemberView, MessageView } from "../client/api.ts";
import type { ClientEvent } from "../client/event-api.ts";
import type { FileView } from "../client/file-api.ts";
import type { ListedGroup } from "../client/group-api.ts";
import type { MemberReach } from "../client/member-reach.ts";
import type { RelayUse, RelayView } from "../client/relay-api.ts";
import { renderBytes } from "./amounts.ts";
import { renderWords } from "./render-recovery.ts";
import type { CreatedProfile } from "./session.ts";

/** Control characters but tab and newline, and those that change the writing direction. */
const UNPRINTABLE = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;
/** Hex digits of an id that are enough to name it, with room to spare. */
export const SHORT_ID = 12;

/** Somebody else's text, safe to show at a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, "\ufffd");
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/[\t\n]/g, " ");
}

/** A name, or the beginning of the id where there is none. */
export function nameOf({ account, name }: { readonly account: string; readonly name: string }): string {
  return printableLine(name) || account.slice(0, SHORT_ID);
}

export function groupOf({ id, name }: GroupName): string {
  return printableLine(name) || id.slice(0, SHORT_ID);
}

/** What `init` shows once. */
export function renderCreated({ account, fingerprint, name, recovery }: CreatedProfile): string {
  return [
    `Made a profile for ${printableLine(name)}.`,
    "",
    `Account      ${account}`,
    `Fingerprint  ${fingerprint}`,
    "",
    "Recovery words. They are your account: whoever has them can be you, and without them and this profile nobody",
    "can bring your account back. Write them on paper and keep it where you keep a passport.",
    "",
    renderWords(recovery),
  ].join("\n");
}

export function renderWhoami(me: ClientMethods["whoami"][1]): string {
  return [
    `Name         ${printableLine(me.name)}`,
    `Account      ${me.account}`,
    `Fingerprint  ${me.fingerprint}`,
    `Device       ${me.device}`,
    `Contact      ${me.contact}`,
  ].join("\n");
}

export function renderGroups(groups: ClientMethods["group-list"][1]["groups"]): string {
  if (groups.length === 0) return "No groups yet. Make one with hermes group create NAME, or join one with a link.";
  return groups
    .map((group) => {
      if (group.state !== undefined) return renderAbsent(group, ABSENT[group.state]);
      const { id, members, unread } = group;
      const people = members === 1 ? "1 person" : `${members} people`;
      return `${id.slice(0, SHORT_ID)}  ${groupOf(group)} (${people}${unread > 0 ? `, ${unread} unread` : ""})`;
    })
    .join("\n");
}

/** Before we are let in we know no name of it. */
function renderAbsent({ id, name, asked, refusal }: ListedGroup, why: string): string {
  const again = asked ? `, and ${ABSENT.pending} again` : "";
  const answer = refusal ? `: ${refusal.message}` : "";
  return [`${id.slice(0, SHORT_ID)} `, printableLine(name), `(${why}${again})${answer}`]
    .filter((part) => part !== "")
    .join(" ");
}

const ABSENT = {
  pending: "asked to be let in",
  refused: "not let in",
  removed: "you were removed",
  left: "you left",
  unlinked: "another device of yours unlinked this one",
} as const;

export function renderInfo({ group, members, epoch, absent }: ClientMethods["group-info"][1]): string {
  const people = members.map((member) => `  ${renderMember(member)}`);
  const out = absent && whyOut(absent);
  const gone = out === undefined ? [] : [`${out} on ${clock(absent?.since ?? "")}.`];
  const key = epoch.id === "" ? [] : [`Epoch ${epoch.number}  ${epoch.id}`]; // none: we are out, or the next is being made
  return [`${groupOf(group)}  ${group.id}`, ...gone, ...key, "Members", ...people].join("\n");
}

function whyOut({ state, by }: NonNullable<ClientMethods["group-info"][1]["absent"]>): string {
  switch (state) {
    case "left":
      return "You left it";
    case "unlinked":
      return "Another device of yours unlinked this one";
    case "removed":
      return `You were removed from it by ${nameOf(by)}`;
  }
}

function renderMember(member: MemberView): string {
  const devices = member.devices === 1 ? "1 device" : `${member.devices} devices`;
  const verified = member.verified ? ", verified" : "";
  return `${member.account.slice(0, SHORT_ID)}  ${nameOf(member)} (${member.role}, ${devices}${verified})`;
}

export function renderInvite({ link, expires, uses }: ClientMethods["group-invite"][1]): string {
  const people = uses === 1 ? "one person" : `up to ${uses} people`;
  return `${link}\n\nGood for ${people} until ${clock(expires)}. Whoever has it, and the room password if there is one, can join:\nsend it over something you trust.`;
}

export function renderJoin({ group, state }: ClientMethods["group-join"][1]): string {
  if (state === "joined") return `You are in ${groupOf(group)}.`;
  return "Asked to be let in. An admin has to be online for that; it goes on by itself whenever Hermes runs here.";
}

/** Where a message of ours is, as people say it; `reason`: why a relay that is reached does not take it. */
export function renderState(state: NonNullable<MessageView["state"]>, reason?: string): string {
  switch (state) {
    case "queued":
      return reason === undefined
        ? "queued: it leaves as soon as a relay or a member is reached"
        : `queued: it leaves as soon as a relay takes it (${printableLine(reason)})`;
    case "on-relay":
      return "on the relay";
    case "delivered":
      return "delivered";
    case "unsent":
      return "not sent: nobody was there who took it while others could still read it";
  }
}

/** One message on one line, or more when it has more. */
export function renderMessage({ from, sentAt, kind, text, state, file }: MessageView): string {
  const waiting = state === "queued" ? " (queued)" : state === "unsent" ? " (not sent)" : "";
  const body = file ? renderAttachment(file) : printable(text).replaceAll("\n", "\n    ");
  if (kind === "system") return `${clock(sentAt)}  * ${body}`;
  return `${clock(sentAt)}  ${nameOf(from)}: ${body}${waiting}`;
}

/** The same of one that comes just now; `late`: it stands before something that was shown already. */
export function renderArrival(message: MessageView, late: true | undefined): string {
  return late ? `${renderMessage(message)} (late)` : renderMessage(message);
}

/** Digits of a file's id that are shown: enough to name one among many. */
export const FILE_ID_SHOWN = 8;

/** The file inside a conversation. */
function renderAttachment(file: FileView): string {
  const hint = file.state === "offered" ? `; hermes get-file fetches ${file.id.slice(0, FILE_ID_SHOWN)}` : "";
  return `[file] ${printableLine(file.name)} (${renderBytes(file.sizeBytes)}${hint})`;
}

/** An event of `listen`; `undefined` when it says nothing to people. */
export function renderEvent(event: ClientEvent): string | undefined {
  switch (event.event) {
    case "message":
      return `[${groupOf(event.group)}] ${renderArrival(event.message, event.late)}`;
    case "member":
      return `[${groupOf(event.group)}] * ${renderChange(event)}`;
    case "status":
      return `* ${renderRelay(event.relay)}`;
    case "peer":
    case "following":
    case "groups":
    case "read":
      return undefined;
    case "sent":
    case "file":
    case "withdrawn":
      return undefined;
    case "warning":
      return `! ${aboutWhom(event)}${printableLine(event.message)}`;
  }
}

/** Group, member and relay of a warning, where it is about one. */
function aboutWhom({ group, member, relay }: Extract<ClientEvent, { event: "warning" }>): string {
  const all = [group && `[${groupOf(group)}]`, member && `${nameOf(member)}:`, relay && `${printableLine(relay)}:`];
  const parts = all.filter((part) => part !== undefined);
  return parts.map((part) => `${part} `).join("");
}

/** Who did what to a group. */
export function renderChange({ change, by, member, role, detail }: Extract<ClientEvent, { event: "member" }>): string {
  const who = member === undefined ? nameOf(by) : nameOf(member);
  switch (change) {
    case "created":
      return `${nameOf(by)} made the group`;
    case "added":
      return `${nameOf(by)} added ${who}`;
    case "joined":
      return `${who} joined`;
    case "linked":
      return `${who} has a new device`;
    case "unlinked":
      return `${nameOf(by)} unlinked a device`;
    case "rekeyed":
      return `${nameOf(by)} changed the group's key`;
    case "removed":
      return `${nameOf(by)} removed ${who}`;
    case "left":
      return `${nameOf(by)} left`;
    case "role":
      return `${nameOf(by)} made ${who} ${role === undefined ? "something else" : ROLES[role]}`;
    case "renamed":
      return `${nameOf(by)} named the group ${printableLine(detail ?? "")}`;
    case "named":
      return `${by.account.slice(0, SHORT_ID)} is now called ${printableLine(detail ?? "")}`;
    case "settings":
      return `${nameOf(by)} ${printableLine(detail ?? "changed the settings")}`;
    case "overruled":
      return `a change by ${nameOf(by)} was overruled: ${printableLine(detail ?? "")}`;
  }
}

/** Ranks as they stand in a sentence. */
export const ROLES = { owner: "the owner", admin: "an admin", member: "a plain member" } as const;

/** State of one relay in a line. */
export function renderRelay({ address, state, since, reason }: RelayView): string {
  const why = reason === undefined ? "" : ` (${printableLine(reason)})`;
  return `relay ${printableLine(address)}: ${state} since ${clock(since)}${why}`;
}

/** The same, and what it is there for. */
function renderRelayUse(relay: RelayUse): string {
  const untrue = relay.contradictions === undefined ? "" : "\n  it did not tell the truth: see hermes doctor";
  return `${renderRelay(relay)}\n  for ${usesOf(relay)}${untrue}`;
}

/** What a relay is there for, after "for". */
export function usesOf({ own, serves, formerly }: RelayUse): string {
  const names = (groups: readonly GroupName[]): string => groups.map(groupOf).join(", ");
  const uses = [
    ...(own ? ["your mail"] : []),
    ...(serves.length > 0 ? [names(serves)] : []),
    ...(formerly.length > 0 ? [`until all know that they left it: ${names(formerly)}`] : []),
  ];
  return uses.length > 0 ? uses.join("; ") : "mail to somebody who reads there";
}

export function renderStatus({ relays, peers, members, outbox, primitives }: ClientMethods["status"][1]): string {
  const lines =
    relays.length === 0
      ? ["No relay is used. hermes relays --add ADDRESS adds one, unless --no-relay or a setting keeps to none."]
      : [];
  return [
    ...lines,
    ...relays.map(renderRelayUse),
    ...peers.map(({ peerId, path }) => `peer ${peerId}: ${path}`),
    ...members.map(renderReach),
    outbox === 0 ? "Nothing waits to be sent." : `${outbox} waiting to be sent.`,
    `Cryptography: ${primitives}.`,
  ].join("\n");
}

/** Where a member's device is, as far as it has told. */
function renderReach({ group, member, addresses, path, learnt, expires }: MemberReach): string {
  const ways = addresses === 1 ? "1 address" : `${addresses} addresses`;
  return `[${groupOf(group)}] ${nameOf(member)}: ${PATHS[path]}; ${ways}, told ${clock(learnt)}, remembered until ${clock(expires)}`;
}

const PATHS = { direct: "connected directly", circuit: "connected through a relay", none: "not connected" } as const;

/** A time on this machine's clock, to the minute: "2026-03-01 14:05". */
export function clock(iso: string): string {
  const time = new Date(iso);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
