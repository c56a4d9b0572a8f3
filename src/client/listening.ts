/** Following what happens: first how the relays are and what is unread, then everything as it comes, until the caller has enough. */
import { toHex } from "../wire/text-forms.ts";
import type { ClientMethods } from "./api.ts";
import { isCaughtUp } from "./call-waiting.ts";
import type { CallContext, CallOptions } from "./calls.ts";
import type { ClientEvent } from "./event-api.ts";
import type { ClientNotice } from "./event-hub.ts";
import { allGroups, findGroup } from "./group-names.ts";
import { lineOrder } from "./line-order.ts";
import { eventOf, groupOf, nameOf } from "./notice-events.ts";
import { queueNotices } from "./notice-queue.ts";
import type { ProfileStore } from "./ports/profile.ts";
import { type Seen, shownMessage } from "./shown-messages.ts";
import { groupName, relayView } from "./views.ts";

/** Unread lines that are shown first, per group. */
const BACKLOG_MAX = 10_000;
/** Messages after which whoever listens is asked whether they were shown: 64 of the longest are within what a caller may leave unread. */
const UNTAKEN_MAX = 64;

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
  /** Whether all that was emitted has been shown. */
  readonly isTaken: () => Promise<boolean>;
  /** Every message that arrived until then (see `ProfileStore.arrivals`) was told, or was read when this began; undefined: not yet. */
  place: number | undefined;
  /** Messages since whoever listens was asked. */
  untaken: number;
}

/**
 * See `listen` in api.ts. What was shown is marked as read when nothing waits to be shown, and whoever asked has it: whoever
 * listens next, or goes on in another process, may get a message twice but misses none. Where too much waited it begins again.
 */
export async function listen(
  context: CallContext,
  params: ClientMethods["listen"][0],
  options: CallOptions,
): Promise<Record<never, never>> {
  const { store } = context;
  const only = params.group === undefined ? undefined : toHex((await findGroup(store, params.group)).group);
  let from = options.from;
  do {
    from = await listenFrom(context, { only, window: params.window }, { ...options, from });
  } while (from !== undefined);
  return {};
}

/** Answers from where to go on, if too much waited. */
async function listenFrom(
  context: CallContext,
  about: Pick<Listening, "only" | "window">,
  options: CallOptions,
): Promise<number | undefined> {
  const { store, hub, network, clock, topics } = context;
  const { emit, signal, from } = options;
  const queue = queueNotices(hub, signal);
  const { take, isEmpty, more, stop } = queue;
  try {
    const arrived = await store.arrivals();
    const { listening, isGone } = begin(about, options, queue.isOver);
    const { isOver } = listening;
    const order = lineOrder(clock, () => isCaughtUp(topics));
    for (const relay of network.relays()) emit({ event: "status", relay: relayView(relay) });
    for (const peer of network.peers()) emit({ event: "peer", peer: { ...peer, state: "connected" } });
    await emitUnread(context, listening, from);
    await markShown(context, listening, { holds: order.holds, place: arrived });
    while (!isOver()) {
      for (const notice of order.pass(take())) await emitNotice(context, notice, listening);
      if (isEmpty())
        await markShown(context, listening, { holds: order.holds, place: await lastTold(store, listening) });
      if (!isOver()) await order.wait(more());
    }
    return signal?.aborted === true || isGone() ? undefined : (listening.place ?? arrived);
  } finally {
    stop();
  }
}

/** Nothing has been told yet. */
function begin(
  about: Pick<Listening, "only" | "window">,
  { emit, taken, from }: CallOptions,
  isQueueOver: () => boolean,
): { readonly listening: Listening; readonly isGone: () => boolean } {
  let gone = false;
  const listening: Listening = {
    ...about,
    shown: new Set(),
    unmarked: new Map(),
    told: new Map(),
    emit,
    isOver: () => gone || isQueueOver(),
    isTaken: async () => {
      listening.untaken = 0;
      gone ||= taken !== undefined && !(await taken(listening.place));
      return !gone;
    },
    place: from,
    untaken: 0,
  };
  return { listening, isGone: () => gone };
}

/** Until when all has been told, where nothing is held: notices come in the order in which messages arrived. */
async function lastTold(store: ProfileStore, { unmarked }: Listening): Promise<number> {
  let last = 0;
  for (const [group, messages] of unmarked) last = Math.max(last, await store.arrivals(group, messages));
  return last;
}

async function markShown(
  { store, hub }: Pick<CallContext, "store" | "hub">,
  listening: Listening,
  { holds, place }: { readonly holds: (group?: string) => boolean; readonly place: number },
): Promise<void> {
  const { unmarked, isOver } = listening;
  const marks = [...unmarked].filter(([group]) => !holds(group));
  const isFurther = place > (listening.place ?? -1) && !holds();
  if (marks.length === 0 && !isFurther) return;
  if (isFurther) listening.place = place;
  if (!(await listening.isTaken())) return;
  for (const [group, messages] of marks) {
    if (isOver()) break;
    await store.markRead(group, messages); // no others: one may have been committed that nobody was told of yet
    hub.tell({ kind: "read", group });
    unmarked.delete(group);
  }
}

async function emitMessage(
  listening: Listening,
  event: Extract<ClientEvent, { readonly event: "message" }>,
): Promise<void> {
  listening.emit(inOrder(listening, event));
  if (++listening.untaken >= UNTAKEN_MAX) await listening.isTaken();
}

/** Emits what arrived since the last look, and since the place where somebody went on. */
async function emitUnread(seen: Seen, listening: Listening, since: number | undefined): Promise<void> {
  const { store } = seen;
  const { only, shown, unmarked, isOver } = listening;
  for (const group of await allGroups(store)) {
    const id = toHex(group.group);
    if (only !== undefined && only !== id) continue;
    const lines = await store.history({ group: id, limit: BACKLOG_MAX, unread: "newest", since });
    for (const line of lines) {
      const message = await shownMessage(seen, line);
      if (isOver()) return;
      shown.add(line.id);
      await emitMessage(listening, { event: "message", group: groupName(group), message });
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
  if (event.event === "message") await emitMessage(listening, event);
  else emit(event);
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
