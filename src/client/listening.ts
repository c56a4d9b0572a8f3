/** Following what happens: first how the relays are and what is unread, then everything as it comes, until the caller has enough. */
import { GROUP, idOf, MEMBER } from "../protocol/records.ts";
import { AccountKey, GroupId } from "../wire/ids.ts";
import { fromHex, toHex } from "../wire/text-forms.ts";
import type { ClientEvent, ClientMethods, GroupName } from "./api.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { ClientNotice } from "./event-hub.ts";
import { allGroups, findGroup } from "./group-names.ts";
import type { ProfileStore } from "./ports.ts";
import { readRecord } from "./profile-reader.ts";
import { groupName, messageView, relayView } from "./views.ts";
import { warningText } from "./warnings.ts";

/** Unread lines that are shown first, per group. */
const BACKLOG_MAX = 10_000;
/** Notices that may wait for a slow listener; further ones end it, and it can start again from what is unread. */
const NOTICES_MAX = 100_000;

/** See `listen` in api.ts. */
export async function listen(
  { store, hub, network }: CallContext,
  params: ClientMethods["listen"][0],
  { emit, signal }: CallOptions,
): Promise<Record<never, never>> {
  const only = params.group === undefined ? undefined : toHex((await findGroup(store, params.group)).group);
  const notices: ClientNotice[] = [];
  let wake: () => void = () => undefined;
  let ended = false;
  signal?.addEventListener("abort", () => {
    ended = true;
    wake();
  });
  const stop = hub.listen((notice) => {
    notices.push(notice);
    if (notices.length > NOTICES_MAX) ended = true;
    wake();
  });
  try {
    for (const relay of network.relays()) emit({ event: "status", relay: relayView(relay) });
    const shown = await emitUnread(store, only, emit);
    while (!ended && signal?.aborted !== true) {
      for (const notice of notices.splice(0)) await emitNotice(store, notice, { only, shown, emit });
      if (notices.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
  }
  return {};
}

/** Emits what arrived since the last look; answers the ids, so that nothing is shown twice. */
async function emitUnread(
  store: ProfileStore,
  only: string | undefined,
  emit: CallOptions["emit"],
): Promise<Set<string>> {
  const shown = new Set<string>();
  for (const group of await allGroups(store)) {
    const id = toHex(group.group);
    const unread = only === undefined || only === id ? await store.unread(id) : 0;
    if (unread === 0) continue;
    const lines = await store.history({ group: id, limit: Math.min(BACKLOG_MAX, 2 * unread + 100) });
    const received = lines.filter((line) => line.state === "received" && line.kind !== "system").slice(-unread);
    for (const line of received) {
      shown.add(line.id);
      emit({ event: "message", group: groupName(group), message: messageView(line) });
    }
    await store.markRead(id);
  }
  return shown;
}

interface Listening {
  readonly only: string | undefined;
  readonly shown: Set<string>;
  readonly emit: CallOptions["emit"];
}

async function emitNotice(store: ProfileStore, notice: ClientNotice, { only, shown, emit }: Listening): Promise<void> {
  const groupId = groupOf(notice);
  if (only !== undefined && groupId !== undefined && groupId !== only) return;
  if (notice.kind === "message" && shown.delete(notice.line.id)) return;
  const group = groupId === undefined ? undefined : await nameOf(store, groupId);
  const event = await eventOf(store, notice, group);
  if (!event) return;
  emit(event);
  if (notice.kind === "message" && groupId !== undefined) await store.markRead(groupId);
}

function groupOf(notice: ClientNotice): string | undefined {
  switch (notice.kind) {
    case "message":
    case "member":
    case "joined":
      return toHex(notice.group);
    case "line-state":
      return notice.group;
    case "warning":
      return notice.group && toHex(notice.group);
    default:
      return undefined;
  }
}

async function nameOf(store: ProfileStore, id: string): Promise<GroupName> {
  const group = await readRecord(store, GROUP, id);
  return { id, name: group?.name ?? "" };
}

async function eventOf(
  store: ProfileStore,
  notice: ClientNotice,
  group: GroupName | undefined,
): Promise<ClientEvent | undefined> {
  switch (notice.kind) {
    case "message":
      return group && { event: "message", group, message: messageView(notice.line) };
    case "member":
      return group && (await memberEvent(store, notice, group));
    case "line-state":
      if (!group || (notice.state !== "on-relay" && notice.state !== "delivered")) return undefined;
      return { event: "sent", group, message: { id: notice.id }, state: notice.state };
    case "relay":
      return { event: "status", relay: relayView(notice.status) };
    case "warning": {
      const warning = { event: "warning" as const, code: notice.code, message: warningText(notice.code) };
      return group ? { ...warning, group } : warning;
    }
    default:
      return undefined;
  }
}

async function memberEvent(
  store: ProfileStore,
  notice: Extract<ClientNotice, { kind: "member" }>,
  group: GroupName,
): Promise<ClientEvent> {
  const by = await readRecord(store, MEMBER, idOf(GroupId.from(fromHex(group.id) ?? new Uint8Array()), notice.by));
  const event = {
    event: "member" as const,
    group,
    change: notice.change,
    by: { account: toHex(notice.by), name: by?.name ?? "" },
  };
  const { member, memberName } = notice;
  return member ? { ...event, member: { account: toHex(AccountKey.from(member)), name: memberName ?? "" } } : event;
}
