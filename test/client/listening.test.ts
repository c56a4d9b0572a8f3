import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClientCallOptions } from "../../src/client/api.ts";
import type { CallContext } from "../../src/client/calls.ts";
import type { ClientEvent } from "../../src/client/event-api.ts";
import { createEventHub } from "../../src/client/event-hub.ts";
import { listen } from "../../src/client/listening.ts";
import type { Network } from "../../src/client/ports/network.ts";
import type { ConversationLine, LineState } from "../../src/client/ports/profile.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { newDevice } from "../protocol/device.ts";
import { makeGroup } from "../protocol/scene.ts";
import { emptyProfile, memoryStore } from "../sim/memory-profile.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A profile with two groups, and one line arriving after another. */
function listening() {
  const device = newDevice("Ann", { nowMs: 1_800_000_000_000 });
  const groups = [makeGroup(device, "one"), makeGroup(device, "two")] as const;
  const profile = emptyProfile();
  for (const [key, bytes] of device.records) profile.records.set(key, bytes);
  const store = memoryStore(profile);
  const hub = createEventHub();
  const network = {
    relays: () => [{ address: "a", state: "connected", sinceMs: 0 }],
    peers: () => [{ peerId: "p", path: "direct" }],
  } as Partial<Network> as Network;
  const topics = { read: new Set(["t"]), caughtUp: new Set(["t"]), superseded: new Set<string>() };
  const clock = quietClock();
  const context = { store, hub, network, topics, clock } as Partial<CallContext> as CallContext;
  let count = 0;
  /** Committed, as the step queue does it before it tells. */
  const arrive = async (text: string, group: GroupId = groups[0]): Promise<ConversationLine> => {
    const id = String(count++).padStart(64, "0");
    const line: ConversationLine = {
      group: toHex(group),
      id,
      depth: count,
      sentAtMs: count,
      account: "aa",
      device: "bb",
      name: "Bob",
      kind: "text",
      text,
      state: "received",
    };
    await store.commit({ records: new Map(), lines: [line], removedLines: [], lineStates: [] });
    return line;
  };
  const tell = (line: ConversationLine): void =>
    hub.tell({ kind: "message", group: groups.find((each) => toHex(each) === line.group) ?? groups[0], line });
  const tellState = ({ group, id }: ConversationLine, state: LineState): void =>
    hub.tell({ kind: "line-state", group, id, state });
  const start = (group?: string, further: Pick<ClientCallOptions, "taken" | "from"> = {}) => {
    const events: ClientEvent[] = [];
    const abort = new AbortController();
    const options = { id: "x", emit: (event: ClientEvent) => events.push(event), signal: abort.signal, ...further };
    const ended = listen(context, group === undefined ? {} : { group }, options);
    const texts = () => events.flatMap((each) => (each.event === "message" ? [each.message.text] : []));
    return { events, texts, abort, ended };
  };
  return { arrive, tell, tellState, start, store, groups, hub, topics, clock, account: device.account().account };
}

/** A clock that goes on when told to. */
function quietClock() {
  const waiting = new Map<() => void, number>();
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    after: (delayMs: number, wake: () => void) => {
      waiting.set(wake, nowMs + delayMs);
      return () => void waiting.delete(wake);
    },
    goOn: (ms: number): void => {
      nowMs += ms;
      for (const [wake, atMs] of [...waiting]) if (atMs <= nowMs && waiting.delete(wake)) wake();
    },
  };
}

describe("listening", () => {
  it("tells the first listener, and no other, what happened to its group between the start and its call", async () => {
    const { start, groups, hub, account } = listening();
    hub.tell({ kind: "member", group: groups[0], change: "created", by: account });
    hub.tell({ kind: "warning", code: "forged", group: groups[0] });
    hub.tell({ kind: "warning", code: "fork", group: groups[1] });
    const first = start(toHex(groups[0]));
    await turn();
    const second = start(toHex(groups[0]));
    await turn();
    const told = first.events.filter(({ event }) => event === "member" || event === "warning");
    assert.deepEqual(
      told.map((each) => (each.event === "warning" ? each.code : each.event)),
      ["member", "forged"],
    );
    assert(!second.events.some(({ event }) => event === "member" || event === "warning"));
    for (const each of [first, second]) {
      each.abort.abort();
      await each.ended;
    }
  });

  it("begins with the relays and what is unread, goes on with what comes, and shows nothing twice", async () => {
    const { arrive, tell, start } = listening();
    const early = await arrive("unread");
    const { events, texts, abort, ended } = start();
    tell(early); // its notice was under way
    await turn();
    assert.equal(events[0]?.event, "status");
    tell(await arrive("live"));
    await turn();
    assert.deepEqual(texts(), ["unread", "live"]);
    abort.abort();
    assert.deepEqual(await ended, {});
  });

  it("tells of a message that is shown no more, and shows it when it is back", async () => {
    const { arrive, tell, tellState, start, store } = listening();
    const { events, texts, abort, ended } = start();
    const line = await arrive("doubtful");
    tell(line);
    for (const state of ["withdrawn", "received"] as const) {
      await store.commit({
        records: new Map(),
        lines: [],
        removedLines: [],
        lineStates: [{ group: line.group, id: line.id, state }],
      });
      tellState(line, state);
      await turn();
    }
    abort.abort();
    await ended;
    assert.deepEqual(texts(), ["doubtful", "doubtful"]);
    const withdrawn = events.find((each) => each.event === "withdrawn");
    assert.deepEqual(withdrawn?.message, { id: line.id });
  });

  it("to one group shows nothing of another", async () => {
    const { arrive, tell, start, groups } = listening();
    await arrive("of two", groups[1]);
    const { texts, abort, ended } = start("one");
    await turn();
    tell(await arrive("of one"));
    tell(await arrive("of two again", groups[1]));
    await turn();
    assert.deepEqual(texts(), ["of one"]);
    abort.abort();
    await ended;
  });

  it("shows nothing after it was cancelled, and leaves that unread for the next", async () => {
    const { arrive, tell, start, store, groups } = listening();
    const first = start();
    await turn();
    first.abort.abort();
    tell(await arrive("too late"));
    await first.ended;
    assert.deepEqual(first.texts(), []);
    assert.equal(await store.unread(toHex(groups[0])), 1);
    const second = start();
    await turn();
    assert.deepEqual(second.texts(), ["too late"]);
    assert.equal(await store.unread(toHex(groups[0])), 0, "what was shown is read");
    second.abort.abort();
    await second.ended;
  });

  it("marks nothing as read that is stored and that nobody was told of yet", async () => {
    const { arrive, tell, start, store, groups } = listening();
    const { abort, ended, texts } = start();
    await turn();
    const shown = await arrive("shown");
    const next = await arrive("its notice is under way");
    tell(shown);
    await turn();
    assert.deepEqual([texts(), await store.unread(toHex(groups[0]))], [["shown"], 1]);
    tell(next);
    await turn();
    assert.deepEqual([texts().length, await store.unread(toHex(groups[0]))], [2, 0]);
    abort.abort();
    await ended;
  });

  describe("for somebody of whom it has to ask whether what it told was shown", () => {
    /** Answers what is asked, when told to. */
    const asked = () => {
      const open: { readonly place: number | undefined; readonly answer: (isTaken: boolean) => void }[] = [];
      const taken = (place: number | undefined) =>
        new Promise<boolean>((answer) => {
          open.push({ place, answer });
        });
      const answer = async (isTaken: boolean) => {
        const first = open.shift() ?? assert.fail("nothing was asked");
        first.answer(isTaken);
        await turn();
        return first.place;
      };
      return { open, taken, answer };
    };

    it("marks as read only what was shown", async () => {
      const { arrive, tell, start, store, groups } = listening();
      const unread = () => store.unread(toHex(groups[0]));
      await arrive("before");
      const { taken, answer } = asked();
      const { texts, abort, ended } = start(undefined, { taken });
      await turn();
      assert.deepEqual([texts(), await unread()], [["before"], 1]);
      assert.equal(await answer(true), 1);
      assert.equal(await unread(), 0);
      tell(await arrive("live"));
      await turn();
      assert.deepEqual([texts().length, await unread()], [2, 1]);
      assert.equal(await answer(true), 2);
      assert.equal(await unread(), 0);
      abort.abort();
      await ended;
    });

    it("ends without a mark when it never will be: the next one is told again", async () => {
      const { arrive, tell, start, store, groups } = listening();
      const { taken, answer } = asked();
      const { ended } = start(undefined, { taken });
      await turn();
      assert.equal(await answer(true), 0);
      tell(await arrive("to nobody"));
      await turn();
      await answer(false);
      assert.deepEqual(await ended, {});
      assert.equal(await store.unread(toHex(groups[0])), 1);
      const next = start();
      await turn();
      assert.deepEqual(next.texts(), ["to nobody"]);
      next.abort.abort();
      await next.ended;
    });

    it("goes on from the place that it is given with what others have read meanwhile", async () => {
      const { arrive, tell, start } = listening();
      const reader = start();
      await turn();
      const lines = [await arrive("told before"), await arrive("read by another"), await arrive("this too")];
      for (const line of lines) tell(line);
      await turn();
      const { texts, abort, ended } = start("one", { from: 1 });
      await turn();
      assert.deepEqual(texts(), ["read by another", "this too"]);
      for (const each of [reader, { abort, ended }]) {
        each.abort.abort();
        await each.ended;
      }
    });

    it("tells no more than 64 messages before it asks", async () => {
      const { arrive, start, store, groups } = listening();
      for (let i = 0; i < 100; i++) await arrive(String(i));
      const { open, taken, answer } = asked();
      const { texts, abort, ended } = start(undefined, { taken });
      await turn();
      assert.deepEqual([texts().length, open.length], [64, 1]);
      assert.equal(await answer(true), undefined, "not all that was unread has been told");
      assert.deepEqual([texts().length, await store.unread(toHex(groups[0]))], [100, 100]);
      assert.equal(await answer(true), 100);
      assert.equal(await store.unread(toHex(groups[0])), 0);
      abort.abort();
      await ended;
    });

    it("begins again from what is stored when more waited than it keeps", async () => {
      const { arrive, tell, start, hub, groups, account } = listening();
      const { open, taken, answer } = asked();
      const { texts, abort, ended } = start(undefined, { taken });
      await turn();
      for (let i = 0; i < 100_001; i++) hub.tell({ kind: "warning", code: "fork", group: groups[0], account });
      tell(await arrive("told in vain"));
      assert.equal(await answer(true), 0);
      await turn();
      assert.deepEqual([texts(), open.length], [["told in vain"], 1]);
      abort.abort();
      await answer(true);
      assert.deepEqual(await ended, {});
    });
  });

  describe("when the newest come ahead of those before them", () => {
    /** Five messages are stored; the last two come first. */
    const away = async () => {
      const scene = listening();
      const { arrive, start, hub, topics } = scene;
      const lines: ConversationLine[] = [];
      const person = start("one");
      await turn();
      topics.caughtUp.clear();
      hub.tell({ kind: "newest-first" });
      for (const text of ["1", "2", "3", "4", "5"]) lines.push(await arrive(text));
      const come = async (...places: readonly number[]) => {
        for (const place of places) scene.tell(lines[place - 1] ?? assert.fail());
        await turn();
      };
      const caughtUp = async () => {
        topics.caughtUp.add("t");
        hub.tell({ kind: "caught-up" });
        await turn();
        await turn();
      };
      const late = () => person.events.flatMap((each) => (each.event === "message" ? [each.late] : []));
      return { ...scene, ...person, come, caughtUp, late };
    };

    it("holds them back until the others are here", async () => {
      const { come, caughtUp, texts, late, store, groups, abort, ended } = await away();
      await come(5, 4, 1, 2);
      assert.deepEqual(texts(), []);
      assert.equal(await store.unread(toHex(groups[0])), 5);
      await come(3);
      await caughtUp();
      assert.deepEqual(texts(), ["1", "2", "3", "4", "5"]);
      assert.deepEqual(new Set(late()), new Set([undefined]));
      assert.equal(await store.unread(toHex(groups[0])), 0);
      abort.abort();
      await ended;
    });

    it("holds nothing any more then", async () => {
      const { caughtUp, arrive, tell, texts, abort, ended } = await away();
      await caughtUp();
      tell(await arrive("live"));
      await turn();
      assert.deepEqual(texts(), ["live"]);
      abort.abort();
      await ended;
    });

    it("shows them all the same when the others do not come, and says of those that come after all that they are late", async () => {
      const { come, clock, texts, late, abort, ended } = await away();
      await come(4, 5, 2);
      clock.goOn(2_999);
      await come(1);
      clock.goOn(2_999);
      await turn();
      assert.deepEqual(texts(), [], "more is on its way");
      clock.goOn(1);
      await turn();
      assert.deepEqual(texts(), ["1", "2", "4", "5"]);
      await come(3);
      assert.deepEqual(texts(), ["1", "2", "4", "5", "3"]);
      assert.deepEqual(late(), [undefined, undefined, undefined, undefined, true]);
      abort.abort();
      await ended;
    });

    it("is not kept waiting by what is written meanwhile, nor by a flow that does not end", async () => {
      const written = await away();
      await written.come(3, 4);
      written.clock.goOn(2_999);
      await written.come(5);
      written.clock.goOn(1);
      await turn();
      assert.deepEqual(written.texts(), ["3", "4", "5"]);
      const endless = await away();
      await endless.come(5);
      for (let seconds = 0; seconds < 60; seconds += 2) {
        assert.deepEqual(endless.texts(), []);
        await endless.come((seconds / 2) % 4 === 0 ? 4 : (seconds / 2) % 4);
        endless.clock.goOn(2_000);
      }
      await turn();
      assert.equal(endless.texts().at(-1), "5");
      for (const each of [written, endless]) {
        each.abort.abort();
        await each.ended;
      }
    });

    it("leaves what is held unread when whoever listens goes", async () => {
      const { come, arrive, tell, groups, texts, start, store, abort, ended } = await away();
      await come(5);
      tell(await arrive("of two", groups[1]));
      await turn();
      abort.abort();
      await ended;
      assert.deepEqual(texts(), []);
      assert.equal(await store.unread(toHex(groups[0])), 5);
      const next = start("one");
      await turn();
      assert.deepEqual(next.texts(), ["1", "2", "3", "4", "5"]);
      next.abort.abort();
      await next.ended;
    });
  });
});
