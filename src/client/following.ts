/** Following everything for a screen that keeps its own view: nothing is looked up that was not new, and nothing is marked as read. */

import type { CallContext, CallOptions } from "./calls.ts";
import type { ClientEvent } from "./event-api.ts";
import type { ClientNotice } from "./event-hub.ts";
import { eventOf, groupOf, nameOf } from "./notice-events.ts";
import { queueNotices } from "./notice-queue.ts";
import type { Seen } from "./shown-messages.ts";
import { relayView } from "./views.ts";

/** See `follow` in api.ts. */
export async function follow(
  context: CallContext,
  _: Record<never, never>,
  { emit, signal }: CallOptions,
): Promise<Record<never, never>> {
  const { hub, network } = context;
  const { take, more, isOver, stop } = queueNotices(hub, signal);
  try {
    emit({ event: "following" });
    for (const relay of network.relays()) emit({ event: "status", relay: relayView(relay) });
    for (const peer of network.peers()) emit({ event: "peer", peer: { ...peer, state: "connected" } });
    while (!isOver()) {
      for (const notice of take()) for (const event of await eventsOf(context, notice)) emit(event);
      await more();
    }
  } finally {
    stop();
  }
  return {};
}

/** What a screen is told of a notice. */
async function eventsOf(seen: Seen, notice: ClientNotice): Promise<readonly ClientEvent[]> {
  const groupId = groupOf(notice);
  const group = groupId === undefined ? undefined : await nameOf(seen.store, groupId);
  if (notice.kind === "read") return group ? [{ event: "read", group }] : [];
  const event = await eventOf(seen, notice, group);
  const isListChanged = notice.kind === "joined" || notice.kind === "removed" || notice.kind === "join-refused";
  return [...(event ? [event] : []), ...(isListChanged ? [{ event: "groups" as const }] : [])];
}
