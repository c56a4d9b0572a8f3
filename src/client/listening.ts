/** Following what happens: first how the relays are and what is unread, then everything as it comes, until the caller has enough. */
import { GROUP, MEMBER } from "../protocol/records/group.ts";
import { idOf } from "../protocol/records/record.ts";
import { AccountKey, GroupId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientMethods, GroupName } from "./api.ts";
import { isCaughtUp } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { ClientEvent } from "./event-api.ts";
import type { ClientNotice } from "./event-hub.ts";
import { allGroups, findGroup } from "./group-names.ts";
import { lineOrder } from "./line-order.ts";
import { queueNotices } from "./notice-queue.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { readRecord } from "./profile-reader.ts";
import { type Seen, shownMessage } from "./shown-messages.ts";
import { groupName, relayView, roleName } from "./views.ts";
import { refusalText, warningText } from "./warnings.ts";

/** Unread lines that are shown first, per group. */
const BACKLOG_MAX = 10_000;

/** Who listens to what, and how far that has come. */
interface Listening {
  readonly only: string | undefined;
  /** See `listen` in api.ts. */
  readonly window: string | undefined;
  /** Lines shown as unread whose notice may still come. */
  readonly shown: Set<string>;
  /** Messages (ids) of each group (hex) that were shown and are not marked as read yet. */
  readonly unmarked: Map<string, string[]>;
  /** The depth that a group's messages have reached, as far as they were told. */
  readonly told: Map<string, number>;
  readonly emit: CallOptions["emit"];
  readonly isOver: () => boolean;
}

/**
 * See `listen` in api.ts. What was shown is marked as read when nothing waits to be shown: whoever listens next, or
 * goes on in another process, may get a message twice but misses none.
 */
export async function listen(
  context: CallContext,
  params: ClientMethods["listen"][0],
  { emit, signal }: CallOptions,
): Promise<Record<never, never>> {
  const { store, hub, network, clock, topics } = context;
  const only = params.group === undefined ? undefined : toHex((await findGroup(store, params.group)).group);
  const { take, isEmpty, more, isOver, stop } = queueNotices(hub, signal);
  const listening: Listening = {
    only,
    window: params.window,
    shown: new Set(),
    unmarked: new Map(),
    told: new Map(),
    emit,
    isOver,
  };
  const order = lineOrder(clock, () => isCaughtUp(topics));
  try {
    for (const relay of network.relays()) emit({ event: "status", relay: relayView(relay) });
    for (const peer of network.peers()) emit({ event: "peer", peer: { ...peer, state: "connected" } });
    await emitUnread(context, listening);
    while (!isOver()) {
      for (const notice of order.pass(take())) await emitNotice(context, notice, listening);
      if (isEmpty()) await markShown({ store, hub }, listening, order.holds);
      await order.wait(more());
    }
  } finally {
    stop();
  }
  return {};
}

async function markShown(
  { store, hub }: Pick<CallContext, "store" | "hub">,
  { unmarked, isOver }: Listening,
  holds: (group: string) => boolean,
): Promise<void> {
  for (const [group, messages] of unmarked) {
    if (isOver()) break;
    if (holds(group)) continue;
    await store.markRead(group, messages); // no others: one may have been committed that nobody was told of yet
    hub.tell({ kind: "read", group });
    unmarked.delete(group);
  }
}

/** Emits what arrived since the last look. */
async function emitUnread(seen: Seen, listening: Listening): Promise<void> {
  const { store } = seen;
  const { only, shown, unmarked, emit, isOver } = listening;
  for (const group of await allGroups(store)) {
    const id = toHex(group.group);
    if (only !== undefined && only !== id) continue;
    const lines = await store.history({ group: id, limit: BACKLOG_MAX, unread: "newest" });
    if (isOver()) return;
    for (const line of lines) {
      shown.add(line.id);
      const message = await shownMessage(seen, line);
      emit(inOrder(listening, { event: "message", group: groupName(group), message }));
    }
    if (lines.length > 0)
      unmarked.set(
        id,
        lines.map((line) => line.id),
      );
  }
}

async function emitNotice(seen: Seen, notice: ClientNotice, listening: Listening): Promise<void> {
  const { store } = seen;
  const { only, window, shown, unmarked, emit, isOver } = listening;
  if (notice.kind === "own-message" && (window === undefined || window === notice.window)) return;
  const groupId = groupOf(notice);
  if (only !== undefined && groupId !== undefined && groupId !== only) return;
  if (notice.kind === "message" && shown.delete(notice.line.id)) return;
  const group = groupId === undefined ? undefined : await nameOf(store, groupId);
  const event = await eventOf(seen, notice, group);
  if (!event || isOver()) return;
  emit(event.event === "message" ? inOrder(listening, event) : event);
  if (notice.kind !== "message" || groupId === undefined) return;
  const messages = unmarked.get(groupId);
  if (messages) messages.push(notice.line.id);
  else unmarked.set(groupId, [notice.line.id]);
}

/** Says of a message that it is late. */
function inOrder({ told }: Listening, event: Extract<ClientEvent, { event: "message" }>): ClientEvent {
  const { group, message } = event;
  const reached = told.get(group.id) ?? 0;
  if (message.depth < reached) return { ...event, late: true };
  told.set(group.id, message.depth);
  return event;
}

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
