/** The real resolver and its slow twin, on random membership logs in any order of arrival. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { isOpen } from "../../src/protocol/group-view.ts";
import { resolve } from "../../src/protocol/log-resolution.ts";
import type { LogState } from "../../src/protocol/log-state.ts";
import { acceptEntry, frontierOf, headsOf } from "../../src/protocol/membership-log.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Dag, type DagEntry, play } from "../twin/membership-dag.ts";
import { DOINGS, type Move } from "../twin/membership-moves.ts";
import { viewOf } from "../twin/membership-twin.ts";
import { p } from "./device.ts";

/** Random logs in one run: about 300 take under 20 s. */
const DAGS = Number(process.env["MEMBERSHIP_DAGS"] ?? 300);
/** Orders of arrival tried for each log. */
const ORDERS = 3;

const number = fc.nat(1_000);
const calm = DOINGS.filter((each) => each !== "flood");
const moves = (among: readonly Move["does"][]) =>
  fc.record({ does: fc.constantFrom(...among), who: number, sees: number, whom: number, how: number });
const people = fc.integer({ min: 3, max: 8 });

/** What one side says of a log, in a form that compares and prints. */
interface Opinion {
  readonly allowed: readonly string[];
  readonly counting: readonly string[];
  readonly members: readonly unknown[];
  readonly name: string | undefined;
  readonly inviters: number | undefined;
  readonly invites: readonly string[];
  readonly heads: readonly string[];
  readonly frontier: readonly string[];
}

function twinOpinion({ log }: Dag): Opinion {
  const ids = new Set(log.keys());
  const view = viewOf(log, ids);
  return {
    allowed: [...ids].sort(),
    counting: [...view.counting].sort(),
    members: view.members,
    name: view.settings.name,
    inviters: view.settings.inviters ?? 1,
    invites: [...view.invites]
      .filter(([, left]) => left > 0)
      .map(([id]) => id)
      .sort(),
    heads: view.heads,
    frontier: view.frontier,
  };
}

function realOpinion(log: LogState): Opinion {
  const { view, counting } = resolve(log);
  const members = [...view.members.values()].map(({ account, role, name, devices }) => {
    return { account: toHex(account), rank: role, name, devices: devices.map(toHex).sort() };
  });
  const open = [...view.invites.values()].filter((each) => isOpen(view, each) && each.used < each.uses);
  return {
    allowed: log.entries.map(({ hash }) => toHex(hash)).sort(),
    counting: [...counting].map((place) => toHex(log.entries[place]?.hash ?? p.sha256(new Uint8Array()))).sort(),
    members: members.sort((a, b) => (a.account < b.account ? -1 : 1)),
    name: view.settings.name,
    inviters: view.settings.inviters,
    invites: open.map(({ entry }) => toHex(entry)).sort(),
    heads: headsOf(log).map(toHex),
    frontier: frontierOf(log).map(toHex),
  };
}

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
  const expected = twinOpinion(dag);
  const orders = Array.from({ length: ORDERS }, (_, i) => shuffled(dag.entries, seed + i));
  for (const order of [dag.entries, ...orders]) {
    const actual = realOpinion(readIn(order, dag));
    assert.deepEqual(named(actual, dag), named(expected, dag), `\n${transcript(dag)}\n`);
  }
}

/** Hashes of entries become their numbers in the transcript. */
function named(opinion: Opinion, { entries }: Dag): unknown {
  const numbers = new Map(entries.map(({ twin }, i) => [twin.id, i]));
  const short = (ids: readonly string[]) => ids.map((id) => numbers.get(id) ?? id).sort();
  const { allowed, counting, invites, heads, frontier } = opinion;
  return {
    ...opinion,
    allowed: short(allowed),
    counting: short(counting),
    invites: short(invites),
    heads: short(heads),
    frontier: short(frontier),
  };
}

const transcript = ({ entries }: Dag): string => entries.map(({ says }, i) => `${i} ${says}`).join("\n");

describe("the membership rules, implemented twice", () => {
  it("agree on random logs in any order of arrival", function () {
    this.timeout(0);
    const plans = fc.array(moves(calm), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(people, plans, number, (count, plan, seed) => agree(play(count, plan), seed)),
      { numRuns: DAGS },
    );
  });

  it("agree on logs that somebody floods", function () {
    this.timeout(0);
    const plans = fc.array(moves(["flood", ...calm]), { minLength: 3, maxLength: 10 });
    fc.assert(
      fc.property(people, plans, number, (count, plan, seed) => agree(play(count, plan), seed)),
      { numRuns: Math.ceil(DAGS / 30) },
    );
  });
});
