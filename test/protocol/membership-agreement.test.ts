/** The real resolver and its slow twin, on random membership logs in any order of arrival. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { LogState } from "../../src/protocol/log-state.ts";
import { acceptEntry } from "../../src/protocol/membership-log.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Dag, type DagEntry, play } from "../twin/membership-dag.ts";
import { DOINGS, type Move } from "../twin/membership-moves.ts";
import { p } from "./device.ts";
import { named, realOpinion, twinOpinion } from "./membership-opinions.ts";

/** Random logs in one run: about 300 take under 20 s. */
const DAGS = Number(process.env["MEMBERSHIP_DAGS"] ?? 300);
/** Shrinking may take long on a busy machine. */
const LIMIT_MS = 60_000 + 200 * DAGS;
/** Orders of arrival tried for each log. */
const ORDERS = 3;

const number = fc.nat(1_000);
const calm = DOINGS.filter((each) => each !== "flood");
const moves = (among: readonly Move["does"][]) =>
  fc.record({ does: fc.constantFrom(...among), who: number, sees: number, whom: number, how: number });
const people = fc.integer({ min: 3, max: 8 });

/** Takes entries as they come, again and again while there is one whose parents have come meanwhile. */
function readIn(order: readonly DagEntry[], dag: Dag): LogState {
  let log: LogState | undefined;
  let waiting = order;
  for (let before = Number.POSITIVE_INFINITY; waiting.length < before; ) {
    before = waiting.length;
    waiting = waiting.filter((entry) => {
      const verdict = acceptEntry(p, dag.group, log, entry.encoded);
      if (verdict.kind === "accepted") log = verdict.log;
      return verdict.kind === "waiting";
    });
  }
  assert(log);
  return log;
}

/** Entries in an order that the seed decides. */
function shuffled(entries: readonly DagEntry[], seed: number): readonly DagEntry[] {
  const key = ({ hash }: DagEntry) => toHex(p.sha256(new Uint8Array([...hash, seed % 256, seed >> 8])));
  return [...entries].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function agree(dag: Dag, seed: number): void {
  const expected = twinOpinion(dag.log);
  const orders = Array.from({ length: ORDERS }, (_, i) => shuffled(dag.entries, seed + i));
  for (const order of [dag.entries, ...orders]) {
    const actual = realOpinion(readIn(order, dag));
    assert.deepEqual(named(actual, dag.entries), named(expected, dag.entries), `\n${transcript(dag)}\n`);
  }
}

const transcript = ({ entries }: Dag): string => entries.map(({ says }, i) => `${i} ${says}`).join("\n");

describe("the membership rules, implemented twice", () => {
  it("agree on a device linked to somebody whose addition does not count, and who is added again", () => {
    const said: Parameters<typeof play>[1] = [
      { does: "role", who: 0, sees: 0, whom: 0, how: 0 },
      { does: "link", who: 0, sees: 0, whom: 511, how: 0 },
      { does: "rekey", who: 0, sees: 726, whom: 0, how: 0 },
      { does: "unlink", who: 1, sees: 3, whom: 0, how: 0 },
      { does: "add", who: 0, sees: 0, whom: 0, how: 480 },
      { does: "add", who: 595, sees: 896, whom: 742, how: 812 },
      { does: "remove", who: 460, sees: 9, whom: 725, how: 22 },
      { does: "unlink", who: 761, sees: 2, whom: 8, how: 154 },
      { does: "handOver", who: 761, sees: 640, whom: 291, how: 580 },
    ];
    agree(play(3, said), 9);
  });

  it("agree on a member removed by who is owner only since nobody else is, beside an entry that raises that member", () => {
    const said: Parameters<typeof play>[1] = [
      { does: "leave", who: 2, sees: 0, whom: 0, how: 0 },
      { does: "handOver", who: 0, sees: 3, whom: 0, how: 0 },
      { does: "leave", who: 0, sees: 0, whom: 0, how: 0 },
      { does: "role", who: 0, sees: 0, whom: 0, how: 0 },
      { does: "remove", who: 0, sees: 3, whom: 0, how: 0 },
    ];
    agree(play(4, said), 9);
  });

  it("agree on random logs in any order of arrival", function () {
    this.timeout(0);
    const plans = fc.array(moves(calm), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(people, plans, number, (count, plan, seed) => agree(play(count, plan), seed)),
      { numRuns: DAGS, interruptAfterTimeLimit: LIMIT_MS },
    );
  });

  it("agree on logs that somebody floods", function () {
    this.timeout(0);
    const plans = fc.array(moves(["flood", ...calm]), { minLength: 3, maxLength: 10 });
    fc.assert(
      fc.property(people, plans, number, (count, plan, seed) => agree(play(count, plan), seed)),
      { numRuns: Math.ceil(DAGS / 30), interruptAfterTimeLimit: LIMIT_MS },
    );
  });
});
