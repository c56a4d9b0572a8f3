/** What is told of a notice: to whoever listens, and to a screen that follows. */
import { GROUP, MEMBER } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { AccountKey, GroupId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { GroupName } from "./api.ts";
import type { ClientEvent } from "./event-api.ts";
import type { ClientNotice } from "./event-hub.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";
import { type Seen, shownMessage } from "./shown-messages.ts";
import { relayView, roleName } from "./views.ts";
import { refusalText, warningText } from "./warnings.ts";

/** The group (hex) that a notice is about. */
export function groupOf(notice: ClientNotice): string | undefined {
  switch (notice.kind) {
    case "message":
    case "member":
    case "joined":
    case "join-refused":
    case "file":
    case "file-progress":
      return toHex(notice.group);
    case "line-state":
    case "read":
      return notice.group;
    case "own-message":
      return notice.line.group;
    case "warning":
      return notice.group && toHex(notice.group);
    default:
      return undefined;
  }
}

/** A group as events name it. */
export async function nameOf(store: ProfileStore, id: string): Promise<GroupName> {
  const group = await readRecord(store, GROUP, id);
  return { id, name: group?.name ?? "" };
}

/** What whoever listens is told of a notice; `undefined`: nothing. */
export async function eventOf(
  seen: Seen,
  notice: ClientNotice,
  group: GroupName | undefined,
): Promise<ClientEvent | undefined> {
  const { store } = seen;
  switch (notice.kind) {
    case "message":
    case "own-message":
      return group && { event: "message", group, message: await shownMessage(seen, notice.line) };
    case "file":
    case "file-progress":
      return group && (await fileEvent(seen, notice, group));
    case "member":
      return group && (await memberEvent(store, notice, group));
    case "line-state":
      return group && (await lineEvent(seen, notice, group));
    case "relay":
      return { event: "status", relay: relayView(notice.status) };
    case "peer":
      return { event: "peer", peer: { ...notice.peer, state: notice.state } };
    case "join-refused":
      return group && { event: "warning", code: "join-refused", message: refusalText(notice), group };
    case "warning": {
      const warning = { event: "warning" as const, code: notice.code, message: warningText(notice.code) };
      const member = await warnedOf(store, notice);
      const relay = notice.relay === undefined ? {} : { relay: notice.relay };
      return { ...warning, ...(group ? { group } : {}), ...(member ? { member } : {}), ...relay };
    }
    default:
      return undefined;
  }
}

async function fileEvent(
  { files }: Seen,
  place: Extract<ClientNotice, { kind: "file" | "file-progress" }>,
  group: GroupName,
): Promise<ClientEvent | undefined> {
  const file = await files?.view(place);
  return file && { event: "file", group, file };
}

/** One of our messages has come further, a line is shown no more, or one is shown that was not. */
async function lineEvent(
  seen: Seen,
  { id, state, delivery }: Extract<ClientNotice, { kind: "line-state" }>,
  group: GroupName,
): Promise<ClientEvent | undefined> {
  switch (state) {
    case "queued":
      return undefined;
    case "on-relay":
    case "delivered":
    case "unsent":
      return { event: "sent", group, message: { id }, state, ...(delivery ? { delivery } : {}) };
    case "withdrawn":
      return { event: "withdrawn", group, message: { id } };
    case "received": {
      const line = await seen.store.line(group.id, id);
      return line && { event: "message", group, message: await shownMessage(seen, line) };
    }
  }
}

/** The member whom a warning is about. */
async function warnedOf(store: ProfileStore, { group, account }: Extract<ClientNotice, { kind: "warning" }>) {
  if (!account) return undefined;
  const member = group && (await readRecord(store, MEMBER, idOf(group, account)));
  return { account: toHex(account), name: member?.name ?? "" };
}

async function memberEvent(
  store: ProfileStore,
  notice: Extract<ClientNotice, { kind: "member" }>,
  group: GroupName,
): Promise<ClientEvent> {
  const by = await readRecord(store, MEMBER, idOf(GroupId.from(fromHex(group.id) ?? new Uint8Array()), notice.by));
  const { member, memberName, role, detail } = notice;
  const event = {
    event: "member" as const,
    group,
    change: notice.change,
    by: { account: toHex(notice.by), name: by?.name ?? "" },
    ...(role === undefined ? {} : { role: roleName(role) }),
    ...(detail === undefined ? {} : { detail }),
  };
  return member ? { ...event, member: { account: toHex(AccountKey.from(member)), name: memberName ?? "" } } : event;
}
