import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { MessageView } from "../../../src/client/api.ts";
import { EMPTY_SHEET, type RowParts, type RowSheet, rowsOf } from "../../../src/client/view/conversation-rows.ts";
import type { MessageRow } from "../../../src/client/view/view-state.ts";
import { BEN, dayOf, line, ME, START_MS } from "./lines.ts";

const DAY_MS = 86_400_000;

const parts = (lines: readonly MessageView[], change: Partial<RowParts> = {}): RowParts => ({
  lines,
  account: ME.account,
  pending: [],
  names: new Map(),
  unread: undefined,
  dayOf,
  ...change,
});
const at = (n: number, ms: number, from = BEN) => line(n, { sentAt: new Date(START_MS + ms).toISOString(), from });
/** A row as a word: d, u, s, or of a message own or not, first and last. */
const drawn = ({ rows }: RowSheet) =>
  rows.map((row) => {
    if (row.kind !== "message") return row.kind;
    return `${row.own ? "own" : "other"}${row.first ? " first" : ""}${row.last ? " last" : ""}`;
  });

describe("rows of a conversation", () => {
  it("divide the days, and put together what one person wrote within five minutes", () => {
    const lines = [at(1, 0), at(2, 60_000), at(3, 400_000), at(4, 401_000, ME), at(5, DAY_MS, ME)];
    assert.deepEqual(drawn(rowsOf(parts(lines), EMPTY_SHEET)), [
      "day",
      "other first",
      "other last",
      "other first last",
      "own first last",
      "day",
      "own first last",
    ]);
  });

  it("show where the new begins, and system lines on their own", () => {
    const lines = [at(1, 0), { ...at(2, 1_000), kind: "system" as const }, at(3, 2_000), at(4, 3_000)];
    const sheet = rowsOf(parts(lines, { unread: { line: lines[3]?.id ?? "", count: 1 } }), EMPTY_SHEET);
    assert.deepEqual(drawn(sheet), [
      "day",
      "other first last",
      "system",
      "other first last",
      "unread",
      "other first last",
    ]);
    assert.equal(sheet.rows[4]?.id, sheet.unreadRowId);
  });

  it("keep the object of a row of which nothing changed", () => {
    const lines = [line(1), line(2), line(3)];
    const before = rowsOf(parts(lines), EMPTY_SHEET);
    const after = rowsOf(parts([...lines, line(4)]), before);
    assert.deepEqual(
      before.rows.slice(0, 3).map((row, i) => row === after.rows[i]),
      [true, true, true],
    );
    assert.notEqual(before.rows[3], after.rows[3]); // was the last of its run
  });

  it("show what we send behind all lines, and under the same id when it has become one", () => {
    const mine = line(9, { from: ME, id: "typed" });
    const row: MessageRow = {
      kind: "message",
      id: "typed",
      line: mine,
      own: true,
      first: true,
      last: true,
      sending: "sending",
    };
    const before = rowsOf(parts([line(1)], { pending: [row] }), EMPTY_SHEET);
    assert.deepEqual(before.rows.at(-1)?.id, "typed");
    const sent = line(2, { from: ME });
    const after = rowsOf(parts([line(1), sent], { names: new Map([[sent.id, "typed"]]) }), before);
    const last = after.rows.at(-1);
    assert.ok(last?.kind === "message" && last.id === "typed" && last.line === sent && last.sending === undefined);
    assert.equal(after.rows.length, before.rows.length);
  });

  it("each show one line in order, under ids of their own, and keep their numbers while others come in front", () => {
    const some = fc.array(fc.record({ ms: fc.nat(3 * DAY_MS), who: fc.boolean() }), {
      minLength: 1,
      maxLength: 60,
      size: "max",
    });
    fc.assert(
      fc.property(some, fc.nat(), fc.nat(), (all, cut, fresh) => {
        const lines = all.map(({ ms, who }, n) => at(n, ms, who ? ME : BEN));
        const unread = { line: lines[fresh % lines.length]?.id ?? "", count: 2 };
        const start = cut % lines.length;
        const before = rowsOf(parts(lines.slice(start), { unread }), EMPTY_SHEET);
        const after = rowsOf(parts(lines, { unread }), before);
        const shown = after.rows.flatMap((row) => (row.kind === "message" ? [row.line] : []));
        assert.deepEqual(shown, lines);
        assert.equal(new Set(after.rows.map(({ id }) => id)).size, after.rows.length);
        const numberOf = ({ rows, firstIndex }: RowSheet) => new Map(rows.map(({ id }, i) => [id, firstIndex + i]));
        const later = numberOf(after);
        for (const { id } of lines.slice(start)) assert.equal(numberOf(before).get(id), later.get(id));
      }),
    );
  });
});
