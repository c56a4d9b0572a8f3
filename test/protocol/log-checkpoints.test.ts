import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { resolve, resolveAt } from "../../src/protocol/log-resolution.ts";
import { LogState } from "../../src/protocol/log-state.ts";
import { acceptEntry } from "../../src/protocol/membership-log.ts";
import { compareBytes } from "../../src/verify/transcript.ts";
import { decode, encode } from "../../src/wire/encoding.ts";
import { type Action, ROLE } from "../../src/wire/entry.ts";
import type { EntryHash } from "../../src/wire/ids.ts";
import { p } from "./device.ts";
import {
  adding,
  giving,
  makeEntry,
  memberOf,
  newLog,
  rekeying,
  removing,
  type Somebody,
  setting,
  somebody,
} from "./log-builder.ts";

const owner = somebody("owner");
const admins = ["one", "two", "three"].map((name) => somebody(name));
const guest = somebody("guest");

/** Entries of a long log: several times what lies between two checkpoints. */
const ENTRIES = 500;

/** An entry of the plan: who writes what, and how far back its author's newest entry lies (0: it has seen everything). */
interface Saying {
  readonly who: number;
  readonly what: number;
  readonly back: number;
}

const sayings = fc.array(
  fc.record({
    who: fc.nat(3),
    what: fc.nat(15),
    // mostly at the end, else a little before it, seldom long ago
    back: fc.oneof(
      { arbitrary: fc.constant(0), weight: 8 },
      { arbitrary: fc.nat(12), weight: 3 },
      { arbitrary: fc.nat(300), weight: 1 },
    ),
  }),
  { minLength: ENTRIES, maxLength: ENTRIES },
);

const actions: readonly Action[] = [
  rekeying,
  setting({ name: "new" }),
  removing(guest),
  adding(memberOf(guest)),
  giving(guest, ROLE.admin),
  giving(guest, ROLE.member),
];

/** The same log, of which nothing is remembered. */
function unknown(log: LogState): LogState {
  const decoded = decode(LogState, encode(LogState, log));
  assert(decoded);
  return decoded;
}

function write(log: LogState, { who, what, back }: Saying): LogState {
  const by: Somebody = [owner, ...admins][who] ?? owner;
  const seen = log.entries[Math.max(0, log.entries.length - 1 - back)];
  const heads = back === 0 ? resolve(log).heads : seen ? [seen.hash] : [];
  const parents = [...heads].sort(compareBytes);
  const past = resolvedBefore(log, parents);
  const own = past.filter(({ author }) => compareBytes(author, by.device) === 0).at(-1);
  const links = { group: log.group, parents, seq: own ? own.seq + 1 : 0, prev: own?.hash };
  const entry = makeEntry({ by, action: actions[what] ?? rekeying, ...links });
  const verdict = acceptEntry(p, log.group, log, entry.encoded);
  return verdict.kind === "accepted" ? verdict.log : log;
}

/** Entries that count in the past of these. */
function resolvedBefore(log: LogState, parents: readonly EntryHash[]) {
  const { counting } = resolveAt(log, parents);
  return log.entries.filter((_, place) => counting.has(place));
}

const opinion = ({ view, counting, heads, keyHeads }: ReturnType<typeof resolve>) => ({
  // as plain maps: a closed one shows nothing of itself to be compared
  view: {
    ...view,
    members: new Map(view.members),
    claims: new Map(view.claims),
    linked: new Map(view.linked),
    unlinked: new Set(view.unlinked.keys()),
    removed: new Set(view.removed.keys()),
    left: new Map(view.left),
    invites: new Map(view.invites),
  },
  counting: [...counting].sort((a, b) => a - b),
  heads,
  keyHeads,
});

describe("a long membership log", () => {
  it("is resolved from what is remembered of it as from its beginning", function () {
    this.timeout(60_000);
    fc.assert(
      fc.property(sayings, (plan) => {
        const builder = newLog(owner);
        builder.add(owner, adding(...admins.map((each) => memberOf(each, ROLE.admin)), memberOf(guest)));
        let { log } = builder;
        for (const [i, saying] of plan.entries()) {
          log = write(log, saying);
          if (i % 100 === 99) assert.deepEqual(opinion(resolve(log)), opinion(resolve(unknown(log))));
        }
        assert(log.entries.length > ENTRIES / 2);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  });
});
