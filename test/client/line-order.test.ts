import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClientNotice } from "../../src/client/event-hub.ts";
import { lineOrder } from "../../src/client/line-order.ts";
import type { ConversationLine } from "../../src/client/ports/profile.ts";
import { GroupId, MessageId, type TimeMs } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { virtualClock } from "../sim/virtual-clock.ts";

const GROUPS = [1, 2].map((byte) => GroupId.from(new Uint8Array(32).fill(byte)));
const [ONE = assert.fail(), TWO = assert.fail()] = GROUPS;
const idOf = (place: number): MessageId => MessageId.from(new Uint8Array(32).fill(place));

/** The message at this depth of a conversation; it is called by its depth. */
function message(depth: number, group = ONE): ClientNotice {
  const line: ConversationLine = {
    ...{ group: toHex(group), id: toHex(idOf(depth)), depth, sentAtMs: depth, text: `${depth}` },
    ...{ account: "aa", device: "bb", name: "Bob", kind: "text", state: "received" },
  };
  return { kind: "message", group, line };
}

/** A reader who is caught up, and messages each of which cites the one before it; the first is 1. */
function reader() {
  const clock = virtualClock();
  const order = lineOrder(clock, () => true);
  const here = new Set([0]);
  const at = clock.nowMs() as TimeMs;
  const missing = (place: number, depth: number): ClientNotice => {
    return { kind: "missing", group: ONE, missing: idOf(place), depth, at };
  };
  /** What is told of each when it is committed. */
  const told = (place: number): readonly ClientNotice[] => {
    here.add(place);
    const gap = here.has(place - 1) ? [] : [missing(place - 1, place)];
    return [{ kind: "found", group: ONE, found: idOf(place) }, ...gap, message(place)];
  };
  const pass = (...notices: readonly ClientNotice[]): readonly string[] =>
    order.pass(notices).flatMap((each) => (each.kind === "message" ? [each.line.text] : []));
  return { clock, order, missing, pass, come: (...places: readonly number[]) => pass(...places.flatMap(told)) };
}

describe("messages of somebody who is caught up", () => {
  it("are shown at once while none is missing", () => {
    const { come, order } = reader();
    assert.deepEqual([come(1), come(2, 3), come(4)], [["1"], ["2", "3"], ["4"]]);
    assert.equal(order.holds(toHex(ONE)), false);
  });

  it("wait for those that they cite, and are shown in their order with them", () => {
    for (const [arriving, shown] of [
      [
        [1, 4, 3, 2],
        [["1"], [], [], ["2", "3", "4"]],
      ],
      [
        [1, 3, 2, 4],
        [["1"], [], ["2", "3"], ["4"]],
      ],
      [
        [3, 1, 5, 2, 4],
        [[], ["1"], [], ["2", "3"], ["4", "5"]],
      ],
    ] as const) {
      const { come } = reader();
      assert.deepEqual(
        arriving.map((place) => come(place)),
        shown,
      );
    }
  });

  it("are in their order when they are told of together", () => {
    const { come, order } = reader();
    assert.deepEqual(come(1, 3), ["1"]);
    assert.equal(order.holds(toHex(ONE)), true);
    assert.deepEqual(come(2, 4), ["2", "3", "4"], "what is written now does not overtake what was held");
    assert.deepEqual(come(7, 6, 5), ["5", "6", "7"]);
  });

  it("wait for a missing one 3 s and no more, however many cite it", async () => {
    const { come, clock, order, pass, missing } = reader();
    assert.deepEqual(come(1, 3), ["1"]);
    let isTime = false;
    const waited = order.wait(new Promise(() => undefined)).then(() => {
      isTime = true;
    });
    await clock.pass(2_999);
    assert.deepEqual([pass(missing(2, 4)), isTime], [[], false]);
    await clock.pass(1);
    await waited;
    assert.deepEqual(pass(), ["3"]);
    assert.deepEqual(pass(missing(2, 4), message(4)), ["4"], "it has been waited for");
    assert.deepEqual(come(2), ["2"]);
  });

  it("wait 3 s and no more also while somebody goes on citing what nobody has", async () => {
    const { clock, pass } = reader();
    const cites = (place: number): ClientNotice => {
      return { kind: "missing", group: ONE, missing: idOf(place), depth: 1, at: clock.nowMs() as TimeMs };
    };
    assert.deepEqual(pass(cites(100), message(5)), []);
    await clock.pass(2_000);
    assert.deepEqual(pass(cites(101), message(6)), []);
    await clock.pass(1_000);
    assert.deepEqual(pass(cites(102)), ["5", "6"]);
    assert.deepEqual(pass(message(7)), []);
  });

  it("wait for nothing that stands behind them, and for nothing of another group", () => {
    const { come, pass } = reader();
    assert.deepEqual(come(4), []);
    assert.deepEqual(pass(message(2), message(9, TWO)), ["2", "9"]);
  });

  it("wait from the place of the first of those that cite the same on, whichever comes first", () => {
    const { pass, missing } = reader();
    assert.deepEqual(pass(missing(2, 9), message(9)), []);
    assert.deepEqual(pass(missing(2, 3), message(3)), []);
    assert.deepEqual(pass({ kind: "found", group: ONE, found: idOf(2) }, message(2)), ["2", "3", "9"]);
  });
});
