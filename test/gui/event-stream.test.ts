import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { ClientEvent } from "../../src/client/event-api.ts";
import { createEventStream, type EventStream } from "../../src/gui/event-stream.ts";

const event = (name: string): ClientEvent => ({ event: "read", group: { id: "a1", name } });
const names = (found: ReturnType<EventStream["after"]>) =>
  found?.map(({ text }) => (JSON.parse(text) as { event: { group: { name: string } } }).event.group.name);

describe("the stream of events", () => {
  it("gives exactly those after a number, or says that it cannot", () => {
    fc.assert(
      fc.property(fc.nat(200), fc.integer({ min: -5, max: 210 }), (count, after) => {
        const stream = createEventStream();
        for (let n = 1; n <= count; n++) stream.add(event(String(n)));
        const wanted = Array.from({ length: count }, (_, i) => String(i + 1)).slice(Math.max(0, after));
        assert.deepEqual(names(stream.after(stream.name(), after)), after < 0 || after > count ? undefined : wanted);
      }),
    );
  });

  it("knows nothing of another stream, nor of itself before it was renewed", () => {
    const stream = createEventStream();
    const before = stream.name();
    stream.add(event("x"));
    assert.equal(stream.after("another", 0), undefined);
    stream.renew();
    assert.deepEqual(
      [stream.after(before, 1), stream.newest(), names(stream.after(stream.name(), 0))],
      [undefined, 0, []],
    );
    assert.equal(stream.add(event("y")).number, 1);
  });

  it("forgets the oldest, by number and by size, and never the newest in between", () => {
    const many = createEventStream();
    for (let n = 1; n <= 40_000; n++) many.add(event(String(n)));
    assert.equal(many.after(many.name(), 1), undefined);
    assert.equal(many.after(many.name(), 30_000)?.length, 10_000);
    const large = createEventStream();
    for (let n = 1; n <= 40; n++) large.add(event("x".repeat(1_000_000)));
    assert.equal(large.after(large.name(), 0), undefined);
    assert.equal(large.after(large.name(), 30)?.length, 10);
    const huge = createEventStream();
    huge.add(event("x".repeat(20_000_000))); // more than is kept
    assert.deepEqual([huge.after(huge.name(), 0), huge.after(huge.name(), 1)], [undefined, []]);
  });
});
