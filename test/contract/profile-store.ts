/** What every profile store must do, whatever it keeps its data in. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { ConversationLine, LineState, ProfileChanges, ProfileStore } from "../../src/client/ports/profile.ts";
import { isFault } from "../../src/wire/fault.ts";

/** A store under test, empty at first. */
export interface OpenedStore {
  readonly store: ProfileStore;
  /** Closes what is open and opens the same data again. */
  readonly reopen: () => Promise<ProfileStore>;
  /** Closes and removes everything. */
  readonly dispose: () => Promise<void>;
}

export const GROUP = "a1".repeat(32);
const OTHER_GROUP = "b2".repeat(32);

/** Nothing to write; spread the parts that matter over it. */
export const NO_CHANGES: ProfileChanges = { records: new Map(), lines: [], removedLines: [], lineStates: [] };

/** Id of the n-th line of a test. */
export const lineId = (n: number): string => n.toString(16).padStart(64, "0");

/** A received text line; depth and time follow n. */
export function line(n: number, change: Partial<ConversationLine> = {}): ConversationLine {
  return {
    group: GROUP,
    id: lineId(n),
    depth: n,
    sentAtMs: 1_700_000_000_000 + n,
    account: "ac".repeat(32),
    device: "de".repeat(32),
    name: "Ada",
    kind: "text",
    text: `message ${n}`,
    state: "received",
    ...change,
  };
}

const bytes = (...values: number[]) => Uint8Array.from(values);
const ids = (lines: readonly ConversationLine[]) => lines.map((each) => Number.parseInt(each.id, 16));

/** Runs the suite against the stores that `open` makes. */
export function profileStoreContract(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} as a profile store`, () => {
    let opened: OpenedStore;
    let store: ProfileStore;
    beforeEach(async () => {
      opened = await open();
      store = opened.store;
    });
    afterEach(() => opened.dispose());

    const commit = (changes: Partial<ProfileChanges>) => store.commit({ ...NO_CHANGES, ...changes });
    const commitLines = (...lines: ConversationLine[]) => commit({ lines });
    const history = async (query: { limit?: number; before?: string; after?: string; search?: string } = {}) =>
      ids(await store.history({ group: GROUP, limit: 100, ...query }));

    describe("records", () => {
      it("answers the keys that exist and leaves out the others", async () => {
        await commit({
          records: new Map([
            ["a", bytes(1, 2)],
            ["empty", bytes()],
          ]),
        });
        const found = await store.load(["a", "empty", "missing"]);
        assert.deepEqual(
          [...found],
          [
            ["a", bytes(1, 2)],
            ["empty", bytes()],
          ],
        );
      });

      it("replaces a value and erases one", async () => {
        await commit({
          records: new Map([
            ["a", bytes(1)],
            ["b", bytes(2)],
          ]),
        });
        await commit({
          records: new Map<string, Uint8Array | null>([
            ["a", bytes(3)],
            ["b", null],
            ["never", null],
          ]),
        });
        assert.deepEqual([...(await store.load(["a", "b", "never"]))], [["a", bytes(3)]]);
      });

      it("hands out copies: changing a loaded value changes nothing stored", async () => {
        await commit({ records: new Map([["a", bytes(1)]]) });
        (await store.load(["a"])).get("a")?.fill(9);
        assert.deepEqual((await store.load(["a"])).get("a"), bytes(1));
      });

      it("scans one prefix in key order, page by page", async () => {
        const keys = ["p", "p/a", "p/b", "p/é", "p/\u{1f600}", "p0", "o/z", "q/a"];
        await commit({ records: new Map(keys.map((key, i) => [key, bytes(i)])) });
        const first = await store.scan("p/", { limit: 2 });
        assert.deepEqual(first, [
          ["p/a", bytes(1)],
          ["p/b", bytes(2)],
        ]);
        const rest = await store.scan("p/", { after: "p/b", limit: 10 });
        assert.deepEqual(
          rest.map(([key]) => key),
          ["p/é", "p/\u{1f600}"],
        );
        const counted = await store.scan("p/", { limit: 3, isCount: true });
        assert.deepEqual(
          counted.map(([key]) => key),
          ["p/a", "p/b", "p/é"],
        );
      });

      it("equals a map after any sequence of commits and reopenings", async () => {
        const key = fc.constantFrom("a", "a/1", "a/2", "b/1", "c");
        const value = fc.option(fc.uint8Array({ maxLength: 40 }), { nil: null });
        const step = fc.oneof(
          { weight: 4, arbitrary: fc.array(fc.tuple(key, value), { maxLength: 4 }) },
          { weight: 1, arbitrary: fc.constant("reopen" as const) },
        );
        const model = new Map<string, Uint8Array>();
        const run = async (each: (readonly [string, Uint8Array | null])[] | "reopen") => {
          if (each === "reopen") {
            store = await opened.reopen();
            return;
          }
          const records = new Map(each);
          await commit({ records });
          for (const [k, v] of records) v === null ? model.delete(k) : model.set(k, v);
        };
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
            for (const each of steps) await run(each);
            const wanted = [...model].filter(([k]) => k.startsWith("a")).sort(([a], [b]) => (a < b ? -1 : 1));
            assert.deepEqual(await store.scan("a", { limit: 100 }), wanted);
          }),
          { numRuns: 20 },
        );
      });
    });

    describe("a commit", () => {
      it("survives closing and opening, all parts of it", async () => {
        await commit({ records: new Map([["a", bytes(1)]]), lines: [line(1, { state: "queued" })] });
        await commit({ lineStates: [{ group: GROUP, id: lineId(1), state: "on-relay" }] });
        store = await opened.reopen();
        assert.deepEqual((await store.load(["a"])).get("a"), bytes(1));
        assert.deepEqual(await store.line(GROUP, lineId(1)), line(1, { state: "on-relay" }));
      });

      it("can withdraw a line, which no query finds until it is there again", async () => {
        const change = (state: LineState) => commit({ lineStates: [{ group: GROUP, id: lineId(1), state }] });
        const found = async () => ({
          page: (await store.history({ group: GROUP, limit: 9 })).map(({ id }) => id),
          search: (await store.history({ group: GROUP, limit: 9, search: "doubtful" })).length,
          unread: await store.unread(GROUP),
          line: (await store.line(GROUP, lineId(1))) !== undefined,
        });
        await commit({ lines: [line(1, { text: "doubtful", state: "received" }), line(2, { state: "received" })] });
        const before = await found();
        await change("withdrawn");
        assert.deepEqual(await found(), { page: [lineId(2)], search: 0, unread: 1, line: false });
        await change("received");
        assert.deepEqual(await found(), before);
      });

      it("tells how deep a line stands, withdrawn or not, and of no other", async () => {
        await commit({ lines: [line(7), line(8, { group: OTHER_GROUP })] });
        await commit({ lineStates: [{ group: GROUP, id: lineId(7), state: "withdrawn" }] });
        assert.equal(await store.lineDepth(GROUP, lineId(7)), 7);
        assert.equal(await store.lineDepth(GROUP, lineId(8)), undefined);
        assert.equal(await store.lineDepth("cc".repeat(32), lineId(7)), undefined);
        await commit({ removedLines: [{ group: GROUP, id: lineId(7) }] });
        assert.equal(await store.lineDepth(GROUP, lineId(7)), undefined);
      });

      it("that cannot be written whole is not written at all, and the next one is", async () => {
        const broken = { ...line(2), text: undefined } as unknown as ConversationLine;
        await assert.rejects(commit({ records: new Map([["a", bytes(1)]]), lines: [line(1), broken] }), (e) =>
          isFault(e),
        );
        assert.equal((await store.load(["a"])).size, 0);
        assert.equal(await store.line(GROUP, lineId(1)), undefined);
        await commitLines(line(1));
        assert.deepEqual(await history({ search: "message" }), [1]);
      });

      it("does not change its input", async () => {
        const value = bytes(1, 2, 3);
        const records = new Map([["a", value]]);
        const lines = [Object.freeze(line(1))];
        await commit({ records, lines });
        assert.deepEqual([value, records.size, lines], [bytes(1, 2, 3), 1, [line(1)]]);
      });
    });

    describe("lines", () => {
      it("come back exactly as written", async () => {
        const odd = line(1, {
          text: "a\u0000b\n\u{1f984} \"'%_*",
          name: "ZWJ \u{1f468}‍\u{1f469}",
          kind: "file",
          state: "delivered",
        });
        await commitLines(odd);
        assert.deepEqual(await store.line(GROUP, lineId(1)), odd);
        assert.deepEqual(await store.history({ group: GROUP, limit: 1 }), [odd]);
      });

      it("with a known id leave the stored one as it is", async () => {
        await commitLines(line(1, { text: "first" }));
        await commitLines(line(1, { text: "second", depth: 9 }), line(2));
        assert.equal((await store.line(GROUP, lineId(1)))?.text, "first");
        assert.deepEqual(await history({ search: "second" }), []);
        assert.deepEqual(await history(), [1, 2]);
      });

      it("go when they are removed, also from searches, and only they", async () => {
        await commitLines(line(1), line(2), line(1, { group: OTHER_GROUP }));
        await commit({
          removedLines: [
            { group: GROUP, id: lineId(1) },
            { group: GROUP, id: lineId(9) },
          ],
        });
        assert.equal(await store.line(GROUP, lineId(1)), undefined);
        assert.deepEqual([await history(), await history({ search: "message" })], [[2], [2]]);
        assert.ok((await store.line(OTHER_GROUP, lineId(1))) !== undefined);
      });

      it("that one step writes and a later step of the same commit removes are not there", async () => {
        await commit({ lines: [line(1), line(2)], removedLines: [{ group: GROUP, id: lineId(1) }] });
        assert.deepEqual(await history(), [2]);
      });

      it("belong to their group, also when ids are equal", async () => {
        await commitLines(line(1), line(1, { group: OTHER_GROUP, text: "elsewhere" }));
        assert.equal((await store.line(OTHER_GROUP, lineId(1)))?.text, "elsewhere");
        assert.equal((await store.line(GROUP, lineId(1)))?.text, "message 1");
        assert.deepEqual(await history({ search: "elsewhere" }), []);
        assert.equal(await store.line("cc".repeat(32), lineId(1)), undefined);
      });
    });

    describe("history", () => {
      it("is ordered by depth, then time, then id, whatever the order of arrival", async () => {
        await commitLines(
          line(5, { depth: 2, sentAtMs: 7 }),
          line(1, { depth: 2, sentAtMs: 7 }),
          line(4, { depth: 2, sentAtMs: 3 }),
          line(3, { depth: 1, sentAtMs: 9_007_199_254_740_991 }),
          line(2, { depth: 10, sentAtMs: 0 }),
        );
        assert.deepEqual(await history(), [3, 4, 1, 5, 2]);
      });

      it("answers the newest lines, and page by page everything before them once", async () => {
        await commitLines(...[3, 1, 4, 2, 7, 5, 6].map((n) => line(n, { depth: Math.ceil(n / 3) })));
        assert.deepEqual(await history({ limit: 3 }), [5, 6, 7]);
        assert.deepEqual(await history({ limit: 3, before: lineId(5) }), [2, 3, 4]);
        assert.deepEqual(await history({ limit: 3, before: lineId(2) }), [1]);
        assert.deepEqual(await history({ limit: 3, before: lineId(1) }), []);
      });

      it("answers the oldest lines after one, page by page", async () => {
        await commitLines(...[3, 1, 4, 2, 7, 5, 6].map((n) => line(n, { depth: Math.ceil(n / 3) })));
        assert.deepEqual(await history({ limit: 3, after: lineId(2) }), [3, 4, 5]);
        assert.deepEqual(await history({ limit: 3, after: lineId(5) }), [6, 7]);
        assert.deepEqual(await history({ limit: 3, after: lineId(7) }), []);
        await assert.rejects(history({ after: lineId(9) }), (e) => isFault(e, "usage/not-found"));
      });

      it("refuses an unknown anchor and a senseless limit", async () => {
        await commitLines(line(1), line(2, { group: OTHER_GROUP }));
        for (const before of [lineId(2), "", "zz"]) {
          await assert.rejects(history({ before }), (e) => isFault(e, "usage/not-found"));
        }
        for (const limit of [0, -1, 1.5, 10_001, Number.NaN]) {
          await assert.rejects(history({ limit }), (e) => isFault(e, "usage/bad-argument"));
        }
      });

      it("of an unknown group is empty", async () => {
        assert.deepEqual(await history(), []);
      });
    });

    describe("search", () => {
      it("finds lines with all the words, in any order, case and accents aside", async () => {
        await commitLines(
          line(1, { text: "Crème brûlée at NOON" }),
          line(2, { text: "noon, without dessert" }),
          line(3, { text: "Übermorgen" }),
        );
        assert.deepEqual(await history({ search: "noon creme" }), [1]);
        assert.deepEqual(await history({ search: "NOON" }), [1, 2]);
        assert.deepEqual(await history({ search: "ubermorgen" }), [3]);
        assert.deepEqual(await history({ search: "noon tea" }), []);
      });

      it("takes the last word for the beginning of one", async () => {
        await commitLines(line(1, { text: "breakfast" }), line(2, { text: "break a leg" }));
        assert.deepEqual(await history({ search: "brea" }), [1, 2]);
        assert.deepEqual(await history({ search: "break leg" }), [2]);
      });

      it("pages like history does", async () => {
        await commitLines(...[1, 2, 3, 4, 5].map((n) => line(n, { text: n === 3 ? "other" : "word" })));
        assert.deepEqual(await history({ search: "word", limit: 2 }), [4, 5]);
        assert.deepEqual(await history({ search: "word", limit: 2, before: lineId(4) }), [1, 2]);
      });

      it("without words is plain history", async () => {
        await commitLines(line(1));
        assert.deepEqual(await history({ search: " \t\0 " }), [1]);
      });

      it("knows no operators: every text is a valid search", async () => {
        await commitLines(line(1, { text: 'quoted "words" NOT here' }));
        assert.deepEqual(await history({ search: '"words" NOT' }), [1]);
        const operators = fc.constantFrom(
          '"',
          "*",
          "(",
          ")",
          "NOT",
          "AND",
          "OR",
          "NEAR(",
          "text:",
          "^",
          "-",
          "+",
          "{",
          ";",
          "\0",
        );
        await fc.assert(
          fc.asyncProperty(fc.array(fc.oneof(operators, fc.string())), async (words) => {
            await history({ search: words.join(" ") });
            await history({ search: words.join("") });
          }),
          { numRuns: 50 },
        );
      });
    });

    describe("unread", () => {
      it("counts what arrived after the last reading, not our own and not system lines", async () => {
        await commitLines(line(1), line(2), line(3, { kind: "system" }), line(4, { state: "queued" }));
        assert.equal(await store.unread(GROUP), 2);
        await store.markRead(GROUP);
        assert.equal(await store.unread(GROUP), 0);
      });

      it("counts a line that arrives late, however old it claims to be", async () => {
        await commitLines(line(5));
        await store.markRead(GROUP);
        await commitLines(line(1, { depth: 0, sentAtMs: 0 }), line(5));
        assert.equal(await store.unread(GROUP), 1);
        const [unread, ...others] = await store.history({ group: GROUP, limit: 10, unread: "newest" });
        assert.deepEqual([unread?.id, others], [lineId(1), []]);
      });

      it("names the oldest and the newest of what it counts, in the order of history", async () => {
        await commitLines(line(9));
        await store.markRead(GROUP);
        await commitLines(line(12), line(10), line(11), line(8, { state: "queued" }));
        const unread = async (which: "oldest" | "newest") =>
          ids(await store.history({ group: GROUP, limit: 2, unread: which }));
        assert.deepEqual(
          [await unread("oldest"), await unread("newest")],
          [
            [10, 11],
            [11, 12],
          ],
        );
      });

      it("names those that arrived last, and marks what arrived up to given ones, never back", async () => {
        await commitLines(line(9), line(3), line(7), line(5));
        const latest = async () => ids(await store.history({ group: GROUP, limit: 2, unread: "latest" }));
        assert.deepEqual(await latest(), [7, 5]);
        await store.markRead(GROUP, [lineId(7), lineId(9)]);
        assert.deepEqual(await latest(), [5]);
        await store.markRead(GROUP, [lineId(3), lineId(44)]);
        await store.markRead(GROUP, []);
        assert.deepEqual([await latest(), await store.unread(GROUP)], [[5], 1]);
      });

      it("says how many had arrived with given lines, and names those that came after, read or not", async () => {
        assert.equal(await store.arrivals(), 0);
        await commitLines(line(9), line(3));
        const place = await store.arrivals();
        await commitLines(line(7), line(5));
        assert.deepEqual(
          [await store.arrivals(GROUP, [lineId(3), lineId(9), lineId(44)]), await store.arrivals(GROUP, [])],
          [place, 0],
        );
        const since = async (since: number) =>
          ids(await store.history({ group: GROUP, limit: 10, unread: "newest", since }));
        assert.deepEqual(await since(place), [3, 5, 7, 9], "what is unread in any case");
        await store.markRead(GROUP);
        assert.deepEqual([await since(place), await since(await store.arrivals())], [[5, 7], []]);
      });

      it("counts a line that arrives after the last one was removed", async () => {
        await commitLines(line(1), line(2));
        await store.markRead(GROUP);
        await commit({ removedLines: [{ group: GROUP, id: lineId(2) }] });
        await commitLines(line(3));
        assert.equal(await store.unread(GROUP), 1);
      });

      it("is kept for each group and survives reopening", async () => {
        await commitLines(line(1), line(2, { group: OTHER_GROUP }));
        await store.markRead(GROUP);
        store = await opened.reopen();
        assert.deepEqual([await store.unread(GROUP), await store.unread(OTHER_GROUP)], [0, 1]);
        assert.equal(await store.unread("cc".repeat(32)), 0);
        await store.markRead("cc".repeat(32));
      });
    });

    it("refuses everything once it is closed", async () => {
      await store.close();
      await assert.rejects(store.load(["a"]), (e) => isFault(e));
      await assert.rejects(commit({}), (e) => isFault(e));
      store = await opened.reopen();
    });
  });
}
