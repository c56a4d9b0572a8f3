import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { CallContext } from "../../src/client/calls.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";
import { createEventHub } from "../../src/client/event-hub.ts";
import { follow } from "../../src/client/following.ts";
import { history, markRead } from "../../src/client/history-calls.ts";
import type { Network } from "../../src/client/ports/network.ts";
import type { ConversationLine } from "../../src/client/ports/profile.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { newDevice } from "../protocol/device.ts";
import { makeGroup } from "../protocol/scene.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A profile with a group, lines that arrive in it, and somebody who follows. */
function following() {
  const device = newDevice("Ann", { nowMs: 1_800_000_000_000 });
  const group = makeGroup(device, "one");
  const profile = emptyProfile();
  for (const [key, bytes] of device.records) profile.records.set(key, bytes);
  const store = memoryStore(profile);
  const hub = createEventHub();
  const network = {
    relays: () => [{ address: "a", state: "connected", sinceMs: 0 }],
    peers: () => [{ peerId: "p", path: "direct" }],
  } as Partial<Network> as Network;
  const context = { store, hub, network } as Partial<CallContext> as CallContext;
  let count = 0;
  const arrive = async (text: string): Promise<ConversationLine> => {
    const at = { depth: ++count, sentAtMs: count, id: String(count).padStart(64, "0") };
    const who = { account: "aa", device: "bb", name: "Bob" };
    const line: ConversationLine = { group: toHex(group), ...at, ...who, kind: "text", text, state: "received" };
    await store.commit({ records: new Map(), lines: [line], removedLines: [], lineStates: [] });
    hub.tell({ kind: "message", group, line });
    return line;
  };
  const start = () => {
    const events: ClientEvent[] = [];
    const abort = new AbortController();
    const options = { id: "x", emit: (event: ClientEvent) => events.push(event), signal: abort.signal };
    const ended = follow(context, {}, options);
    return { events, kinds: () => events.map(({ event }) => event), abort, ended };
  };
  return { context, store, hub, group: toHex(group), groupId: group, arrive, start };
}

describe("following", () => {
  it("begins with the relays and peers, then tells what happens, and leaves it unread", async () => {
    const { arrive, start, store, group } = following();
    await arrive("before");
    const { events, kinds, abort, ended } = start();
    await turn();
    await arrive("during");
    await turn();
    assert.deepEqual(kinds(), ["following", "status", "peer", "message"]);
    assert.equal(events[3]?.event === "message" && events[3].message.text, "during");
    assert.equal(await store.unread(group), 2);
    abort.abort();
    assert.deepEqual(await ended, {});
    await arrive("afterwards");
    assert.equal(events.length, 4);
  });

  it("tells of our own messages, whatever window sent them", async () => {
    const { arrive, hub, start } = following();
    const { kinds, abort, ended } = start();
    const line = await arrive("hello");
    await turn();
    hub.tell({ kind: "own-message", line, window: "another" });
    await turn();
    assert.deepEqual(kinds().slice(3), ["message", "message"]);
    abort.abort();
    await ended;
  });

  it("tells when a group was read, and when the list of groups changes", async () => {
    const { context, arrive, hub, groupId, group, start } = following();
    const { events, abort, ended } = start();
    await arrive("hello");
    await markRead(context, { group });
    await markRead(context, { group }); // nothing is new any more: nobody is told twice
    hub.tell({ kind: "joined", group: groupId });
    await turn();
    await turn();
    assert.deepEqual(events.slice(4), [{ event: "read", group: { id: group, name: "one" } }, { event: "groups" }]);
    abort.abort();
    await ended;
  });

  it("a look at a conversation says where the new begins, and changes nothing", async () => {
    const { context, arrive, store, group } = following();
    await arrive("old");
    await markRead(context, { group });
    assert.equal((await history(context, { group, peek: true })).firstUnread, undefined);
    const first = await arrive("new");
    await arrive("newer");
    const { messages, firstUnread } = await history(context, { group, peek: true });
    assert.deepEqual([messages.length, firstUnread, await store.unread(group)], [3, first.id, 2]);
    assert.equal((await history(context, { group })).firstUnread, undefined);
    assert.equal(await store.unread(group), 0);
  });
});
