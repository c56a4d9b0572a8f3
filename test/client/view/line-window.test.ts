import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { MessageView } from "../../../src/client/api.ts";
import {
  compareLines,
  EMPTY_WINDOW,
  type LineWindow,
  withLine,
  withNewer,
  withNewest,
  withOlder,
} from "../../../src/client/view/line-window.ts";
import { line } from "./lines.ts";

const ids = ({ lines }: LineWindow) => lines.map(({ id }) => id);

/** Everything that a profile has, in order; asked for pages as the client is. */
function profile(lines: readonly MessageView[]) {
  const all = lines.toSorted(compareLines);
  const placeOf = (id: string) => all.findIndex((each) => each.id === id);
  return {
    all,
    newest: (limit: number) => all.slice(-limit),
    older: (id: string, limit: number) => all.slice(Math.max(0, placeOf(id) - limit), placeOf(id)),
    newer: (id: string, limit: number) => all.slice(placeOf(id) + 1, placeOf(id) + 1 + limit),
  };
}

const someLines = fc
  .uniqueArray(fc.record({ n: fc.nat(500), depth: fc.nat(40), ms: fc.nat(3) }), {
    selector: ({ n }) => n,
    minLength: 1,
    maxLength: 120,
    size: "max",
  })
  .map((all) =>
    all.map(({ n, depth, ms }) => line(n, { depth, sentAt: new Date(1_800_000_000_000 + ms).toISOString() })),
  );

describe("a window of lines", () => {
  it("that walks to both ends is the whole conversation, whatever the pages", () => {
    fc.assert(
      fc.property(someLines, fc.integer({ min: 1, max: 30 }), fc.nat(), (lines, limit, start) => {
        const { all, older, newer } = profile(lines);
        let window: LineWindow = { ...EMPTY_WINDOW, lines: [all[start % all.length] ?? assert.fail()] };
        while (!window.atStart) window = withOlder(window, older(ids(window)[0] ?? "", limit), limit);
        while (!window.atEnd) window = withNewer(window, newer(ids(window).at(-1) ?? "", limit), limit);
        assert.deepEqual(window.lines, all);
      }),
    );
  });

  it("has no hole and no double, whatever arrives between the pages", () => {
    fc.assert(
      fc.property(someLines, fc.array(fc.nat(200), { maxLength: 60, size: "max" }), (lines, order) => {
        const arrived = new Set(lines.slice(0, Math.ceil(lines.length / 2)).map(({ id }) => id));
        const now = () => profile(lines.filter(({ id }) => arrived.has(id)));
        let window = withNewest(EMPTY_WINDOW, now().newest(10), 10);
        for (const n of order) {
          const next = lines[n % lines.length] ?? assert.fail();
          if (n % 3 === 0 && !window.atStart) window = withOlder(window, now().older(ids(window)[0] ?? "", 7), 7);
          arrived.add(next.id);
          window = withLine(window, next);
          const { all } = now();
          const first = all.findIndex(({ id }) => id === ids(window)[0]);
          assert.deepEqual(window.lines, all.slice(first, first + window.lines.length));
          assert.ok(window.atEnd && window.lines.at(-1)?.id === all.at(-1)?.id);
        }
      }),
    );
  });

  it("takes the newest page in its place when too much came in between, and joins it otherwise", () => {
    const lines = Array.from({ length: 30 }, (_, n) => line(n));
    const window = withNewest(EMPTY_WINDOW, lines.slice(0, 10), 10);
    assert.deepEqual(ids(withNewest(window, lines.slice(5, 15), 10)).length, 15);
    assert.deepEqual(ids(withNewest(window, lines.slice(15, 25), 10)).length, 10);
    assert.equal(withNewest(window, lines.slice(15, 25), 10).atStart, false);
    assert.equal(withNewest(window, lines.slice(0, 4), 10).atStart, true);
  });

  it("stays bounded however far one scrolls, and knows that its other end is open then", () => {
    const lines = Array.from({ length: 12_000 }, (_, n) => line(n));
    const { older } = profile(lines);
    let window = withNewest(EMPTY_WINDOW, lines.slice(-1_000), 1_000);
    while (!window.atStart) window = withOlder(window, older(ids(window)[0] ?? "", 1_000), 1_000);
    assert.equal(window.lines.length, 5_000);
    assert.deepEqual([window.atEnd, window.lines[0]], [false, lines[0]]);
    assert.equal(withLine(window, line(12_001)), window); // beyond the open end
  });

  it("orders years that are no years of ours by time as well", () => {
    const far = line(1, { depth: 1, sentAt: "+275760-09-13T00:00:00.000Z" });
    assert.ok(compareLines(far, line(2, { depth: 1 })) > 0);
  });
});
