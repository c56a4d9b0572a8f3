import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { createLiveLink, SHUT_OUT, type WireEvents } from "../../../src/client/view/live-link.ts";
import type { LinkNews } from "../../../src/client/view/screen-link.ts";
import type { ScreenReply, ScreenRequest } from "../../../src/client/view/screen-messages.ts";
import { GROUP, PROFILE } from "./view-scene.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A link whose process the test plays. */
function linkScene() {
  const wires: { readonly events: WireEvents; readonly said: ScreenRequest[]; isClosed: boolean }[] = [];
  const timers = new Map<number, { readonly delayMs: number; readonly wake: () => void }>();
  const news: LinkNews[] = [];
  let ids = 0;
  const link = createLiveLink({
    key: "the key",
    newId: () => `id ${++ids}`,
    after: (delayMs, wake) => {
      const id = ++ids;
      timers.set(id, { delayMs, wake });
      return () => timers.delete(id);
    },
    open: (events) => {
      const wire = { events, said: [] as ScreenRequest[], isClosed: false };
      wires.push(wire);
      return {
        send: (text) => wire.said.push(JSON.parse(text)),
        close: () => {
          wire.isClosed = true;
          events.closed(1_000);
        },
      };
    },
  });
  link.start((each) => news.push(each));
  const wire = () => wires.at(-1) ?? assert.fail();
  const reply = (message: ScreenReply) => wire().events.message(JSON.stringify(message));
  return {
    link,
    wires,
    news,
    wire,
    reply,
    welcome: (after = 0, resumed = false, stream = "one") => {
      wire().events.opened();
      reply({ kind: "welcome", stream, after, resumed, fileKey: "files", profile: PROFILE });
    },
    event: (number: number) => reply({ kind: "event", number, event: { event: "read", group: GROUP } }),
    /** The only timer that runs goes off. */
    ring: () => {
      assert.equal(timers.size, 1);
      const [[id, { delayMs, wake }] = assert.fail()] = [...timers];
      timers.delete(id);
      wake();
      return delayMs;
    },
    timers,
  };
}

describe("the link of a screen to its process", () => {
  it("says hello with the key, and where it left off when it comes back", () => {
    const { wire, wires, welcome, event, ring, news } = linkScene();
    welcome(4);
    event(5);
    assert.deepEqual(wire().said[0], { kind: "hello", key: "the key" });
    wire().events.closed(1_006);
    ring();
    wire().events.opened();
    assert.equal(wires.length, 2);
    assert.deepEqual(wire().said[0], { kind: "hello", key: "the key", resume: { stream: "one", after: 5 } });
    assert.deepEqual(
      news.map(({ kind }) => kind),
      ["live", "event", "lost"],
    );
  });

  it("tells each event once and in order, whatever is repeated or missing", () => {
    const { welcome, event, news, reply } = linkScene();
    welcome(2);
    for (const number of [3, 3, 2, 5, 4, 4, 5]) event(number);
    assert.equal(news.filter(({ kind }) => kind === "event").length, 3);
    reply({ kind: "anew", stream: "two" });
    event(1);
    assert.deepEqual(
      news.slice(-2).map(({ kind }) => kind),
      ["anew", "event"],
    );
    reply({ kind: "profile", stream: "three", profile: { ...PROFILE, phase: "locked" } });
    event(2);
    assert.equal(news.at(-1)?.kind, "profile");
  });

  it("repeats calls that may be repeated, fails those that may not, and keeps back what comes meanwhile", async () => {
    const { link, wire, welcome, ring, reply } = linkScene();
    welcome();
    const outcomes: string[] = [];
    const note = (name: string, call: Promise<unknown>) =>
      void call.then(
        () => outcomes.push(`${name} done`),
        (failure: { code: string }) => outcomes.push(`${name} ${failure.code}`),
      );
    note("send", link.call("send", { group: "g", text: "hello" }, { id: "mine" }));
    note("list", link.call("group-list", {}));
    wire().events.closed(1_006);
    note("late", link.call("status", {}));
    await turn();
    assert.deepEqual(outcomes, ["list network/closed"]);
    ring();
    welcome(0, true);
    const calls = wire().said.filter((each) => each.kind === "call");
    assert.deepEqual(
      calls.map(({ method }) => method),
      ["send", "status"],
    );
    for (const { id } of calls) reply({ kind: "result", id, result: {} });
    await turn();
    assert.deepEqual(outcomes.slice(1), ["send done", "late done"]);
  });

  it("comes back sooner or later, ever more slowly, and at once when it is woken", () => {
    const { wire, wires, ring, link, timers } = linkScene();
    const pauses = Array.from({ length: 8 }, () => {
      wire().events.closed(1_006);
      return ring();
    });
    assert.deepEqual(pauses, [100, 250, 500, 1_000, 2_000, 5_000, 5_000, 5_000]);
    wire().events.closed(1_006);
    link.wake();
    assert.deepEqual([wires.length, timers.size], [10, 0]);
  });

  it("asks for a sign of life, and gives a silent connection up", () => {
    const { wire, welcome, ring, reply, link, wires, news } = linkScene();
    welcome();
    assert.equal(ring(), 10_000);
    assert.deepEqual(wire().said.at(-1), { kind: "ping", number: 1 });
    reply({ kind: "pong", number: 1 });
    link.wake();
    reply({ kind: "pong", number: 1 }); // that of before
    assert.equal(ring(), 5_000);
    assert.deepEqual([wires[0]?.isClosed, news.at(-1)?.kind], [true, "lost"]);
  });

  it("cancels a call on both sides, and one that was cancelled before at once", async () => {
    const { link, wire, welcome } = linkScene();
    welcome();
    const abort = new AbortController();
    const call = link.call("group-list", {}, { signal: abort.signal });
    abort.abort();
    await assert.rejects(call, { code: "usage/cancelled" });
    assert.equal(wire().said.at(-1)?.kind, "cancel");
    const count = wire().said.length;
    await assert.rejects(link.call("status", {}, { signal: abort.signal }), { code: "usage/cancelled" });
    assert.deepEqual(wire().said.length, count);
  });

  it("stops when the process does not know it", async () => {
    const { link, wire, welcome, news, timers } = linkScene();
    welcome();
    const call = link.call("status", {}, { id: "mine" });
    wire().events.closed(SHUT_OUT);
    await assert.rejects(call, { code: "network/closed" });
    assert.deepEqual([news.at(-1)?.kind, timers.size], ["shut-out", 0]);
  });
});
