import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { describe, it } from "mocha";
import { createEventHub, waitUntil } from "../../src/client/event-hub.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

function waiting() {
  const hub = createEventHub();
  const clock = virtualClock();
  const abort = new AbortController();
  const signal = abort.signal;
  return { hub, clock, abort, with: { hub, clock, waitMs: 1_000, signal } };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("waiting for something", () => {
  it("ends at once when it holds already", async () => {
    const w = waiting();
    assert.equal(await waitUntil(async () => true, w.with), true);
  });

  it("asks again after each notice, and ends when it holds", async () => {
    const w = waiting();
    let holds = false;
    let asked = 0;
    const ended = waitUntil(async () => {
      asked++;
      return holds;
    }, w.with);
    await turn();
    w.hub.tell({ kind: "outbox" });
    await turn();
    assert.equal(asked, 2);
    holds = true;
    w.hub.tell({ kind: "caught-up" });
    assert.equal(await ended, true);
    w.hub.tell({ kind: "outbox" });
    await turn();
    assert.equal(asked, 3, "nothing is asked afterwards");
  });

  it("misses no notice that comes while it is asking", async () => {
    const w = waiting();
    let answer: (holds: boolean) => void = () => undefined;
    let asked = 0;
    const ended = waitUntil(() => {
      asked++;
      return new Promise((resolve) => (answer = resolve));
    }, w.with);
    w.hub.tell({ kind: "outbox" });
    w.hub.tell({ kind: "outbox" });
    assert.equal(asked, 1, "one question at a time");
    answer(false);
    await turn();
    assert.equal(asked, 2);
    answer(true);
    assert.equal(await ended, true);
  });

  it("ends with false when the time is over, or when it is cancelled", async () => {
    const late = waiting();
    const never = waitUntil(async () => false, late.with);
    await late.clock.pass(1_000);
    assert.equal(await never, false);
    const cancelled = waiting();
    const given = waitUntil(async () => false, cancelled.with);
    cancelled.abort.abort();
    assert.equal(await given, false);
  });

  it("leaves nothing behind on the signal, which a call that looks again and again gives each time", async () => {
    const w = waiting();
    for (let i = 0; i < 20; i++) await waitUntil(async () => true, w.with);
    const late = waitUntil(async () => false, w.with);
    await w.clock.pass(1_000);
    await late;
    assert.equal(getEventListeners(w.with.signal, "abort").length, 0);
  });

  it("ends with the fault of what it asks", async () => {
    const w = waiting();
    await assert.rejects(
      waitUntil(() => Promise.reject(new Error("no disk")), w.with),
      /no disk/,
    );
  });
});

describe("the event hub", () => {
  it("tells everybody who listens, and nobody who has stopped, also while telling", () => {
    const hub = createEventHub();
    const heard: string[] = [];
    const stopFirst = hub.listen(() => {
      heard.push("first");
      stopFirst();
    });
    hub.listen(() => heard.push("second"));
    hub.tell({ kind: "outbox" });
    hub.tell({ kind: "outbox" });
    assert.deepEqual(heard, ["first", "second", "second"]);
  });
});

describe("what was told before the first screen asked", () => {
  it("is kept where it stands nowhere else: each warning, and once that the newest messages come first", () => {
    const { hub } = waiting();
    const warning = { kind: "warning", code: "forged" } as const;
    for (const notice of [
      warning,
      { kind: "newest-first" },
      { kind: "outbox" },
      warning,
      { kind: "newest-first" },
    ] as const)
      hub.tell(notice);
    assert.deepEqual(hub.takeEarly(), [warning, { kind: "newest-first" }, warning]);
    hub.tell(warning);
    assert.deepEqual(hub.takeEarly(), [], "whoever listens has heard it");
  });
});
