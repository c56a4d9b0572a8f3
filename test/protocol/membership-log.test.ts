import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { LogState } from "../../src/protocol/log-state.ts";
import { acceptEntry, frontierOf, headsOf, membersOf } from "../../src/protocol/membership-log.ts";
import { ROLE } from "../../src/wire/entry.ts";
import { EntryHash, GroupId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { p } from "./device.ts";
import {
  adding,
  inviting,
  type LogBuilder,
  type MadeEntry,
  makeEntry,
  memberOf,
  newLog,
  proving,
  rekeying,
  somebody,
} from "./log-builder.ts";

const [owner, admin, member, stranger, other] = ["owner", "admin", "member", "stranger", "other"].map(somebody) as [
  ReturnType<typeof somebody>,
  ReturnType<typeof somebody>,
  ReturnType<typeof somebody>,
  ReturnType<typeof somebody>,
  ReturnType<typeof somebody>,
];

/** owner, admin and member are in, and there is an invite of the owner's for two. */
function club(): LogBuilder & { readonly invite: EntryHash; readonly proofSeed: Uint8Array } {
  const builder = newLog(owner);
  builder.add(owner, adding(memberOf(admin, ROLE.admin), memberOf(member)));
  const { action, proofSeed } = inviting();
  const invite = builder.add(owner, action).hash;
  return Object.assign(builder, { invite, proofSeed });
}

type Club = ReturnType<typeof club>;
const unknown = EntryHash.from(new Uint8Array(32).fill(1));

/** What somebody tries, and what everybody makes of it. */
const ATTEMPTS: readonly (readonly [string, string, (c: Club) => MadeEntry])[] = [
  ["the owner adds a member", "accepted", (c) => c.draft(owner, adding(memberOf(stranger)))],
  ["the owner adds an admin", "accepted", (c) => c.draft(owner, adding(memberOf(stranger, ROLE.admin)))],
  ["the owner adds a second owner", "void", (c) => c.draft(owner, adding(memberOf(stranger, ROLE.owner)))],
  ["an admin adds a member", "accepted", (c) => c.draft(admin, adding(memberOf(stranger)))],
  ["an admin adds an admin", "void", (c) => c.draft(admin, adding(memberOf(stranger, ROLE.admin)))],
  ["a member adds somebody", "void", (c) => c.draft(member, adding(memberOf(stranger)))],
  ["a stranger adds itself", "void", (c) => c.draft(stranger, adding(memberOf(stranger)))],
  ["somebody is added who is in", "void", (c) => c.draft(owner, adding(memberOf(member)))],
  [
    "another account brings a device that is in",
    "void",
    (c) => {
      const thief = { ...stranger, device: member.device };
      return c.draft(owner, adding(memberOf(thief)));
    },
  ],
  ["one account stands twice in an add", "void", (c) => c.draft(owner, adding(memberOf(stranger), memberOf(stranger)))],
  [
    "one device stands twice in an add",
    "void",
    (c) => c.draft(owner, adding(memberOf(stranger), memberOf({ ...other, device: stranger.device }))),
  ],
  [
    "one member lists a device twice",
    "void",
    (c) => {
      const twice = memberOf(stranger);
      return c.draft(owner, adding({ ...twice, devices: [...twice.devices, ...twice.devices] }));
    },
  ],
  [
    "a device's certificate is by another account",
    "void",
    (c) =>
      c.draft(
        owner,
        adding({ ...memberOf(stranger), devices: memberOf({ ...stranger, accountSeed: other.accountSeed }).devices }),
      ),
  ],
  ["an admin invites members", "accepted", (c) => c.draft(admin, inviting().action)],
  ["an admin invites admins", "void", (c) => c.draft(admin, inviting(ROLE.admin).action)],
  ["a member invites", "void", (c) => c.draft(member, inviting().action)],
  ["an invite is good for nobody", "void", (c) => c.draft(owner, inviting(ROLE.member, 0).action)],
  ["a member re-keys", "accepted", (c) => c.draft(member, rekeying)],
  ["a stranger re-keys", "void", (c) => c.draft(stranger, rekeying)],
  [
    "an invited person is added",
    "accepted",
    (c) => c.draft(admin, adding(proving(memberOf(stranger), c.group, c.invite, c.proofSeed))),
  ],
  [
    "a proof is for another group",
    "void",
    (c) => c.draft(admin, adding(proving(memberOf(stranger), GroupId.from(unknown), c.invite, c.proofSeed))),
  ],
  [
    "a proof is by another key",
    "void",
    (c) => c.draft(admin, adding(proving(memberOf(stranger), c.group, c.invite, stranger.deviceSeed))),
  ],
  [
    "a proof is somebody else's",
    "void",
    (c) => {
      const { proof } = proving(memberOf(other), c.group, c.invite, c.proofSeed);
      return c.draft(admin, adding({ ...memberOf(stranger), proof }));
    },
  ],
  [
    "the invite of a proof is unknown",
    "void",
    (c) => c.draft(admin, adding(proving(memberOf(stranger), c.group, unknown, c.proofSeed))),
  ],
  [
    "the invite of a proof is not in the entry's past",
    "void",
    (c) => {
      const before = c.entries[1]?.hash;
      return c.draft(admin, adding(proving(memberOf(stranger), c.group, c.invite, c.proofSeed)), {
        parents: before ? [before] : [],
      });
    },
  ],
  [
    "an invite's uses are used up",
    "void",
    (c) => {
      for (const each of ["first", "second"].map(somebody))
        c.add(admin, adding(proving(memberOf(each), c.group, c.invite, c.proofSeed)));
      return c.draft(admin, adding(proving(memberOf(stranger), c.group, c.invite, c.proofSeed)));
    },
  ],
  [
    "an invite gives a greater role than it says",
    "void",
    (c) => c.draft(owner, adding(proving(memberOf(stranger, ROLE.admin), c.group, c.invite, c.proofSeed))),
  ],
  ["seq is not one more than the last", "void", (c) => c.draft(owner, rekeying, { seq: 9 })],
  ["prev is somebody else's", "void", (c) => c.draft(member, rekeying, { seq: 1, prev: c.entries[0]?.hash })],
  ["prev is unknown", "void", (c) => c.draft(owner, rekeying, { prev: unknown })],
  [
    "prev is not in the entry's past",
    "void",
    (c) => c.draft(owner, rekeying, { parents: [c.entries[1]?.hash ?? unknown] }),
  ],
  ["prev is missing", "malformed", (c) => c.draft(owner, rekeying, { prev: undefined })],
  ["seq 0 has a prev", "malformed", (c) => c.draft(owner, rekeying, { seq: 0 })],
  [
    "parents are not sorted",
    "malformed",
    (c) => {
      const a = c.add(owner, rekeying);
      const b = c.draft(member, rekeying, { parents: [c.entries[2]?.hash ?? unknown] });
      assert.equal(c.judge(b).kind, "accepted");
      return c.draft(admin, rekeying, { parents: [a.hash, b.hash].sort((x, y) => (toHex(x) < toHex(y) ? 1 : -1)) });
    },
  ],
  ["a parent stands twice", "malformed", (c) => c.draft(owner, rekeying, { parents: [c.invite, c.invite] })],
  ["there are no parents", "malformed", (c) => c.draft(owner, rekeying, { parents: [] })],
  ["a parent is unknown", "waiting", (c) => c.draft(owner, rekeying, { parents: [unknown] })],
  ["a key entry has no confirmation", "malformed", (c) => c.draft(owner, rekeying, { confirmation: new Uint8Array() })],
  [
    "an invite has a confirmation",
    "malformed",
    (c) => c.draft(owner, inviting().action, { confirmation: new Uint8Array(32) }),
  ],
  ["the entry is for another group", "void", (c) => c.draft(owner, rekeying, { group: GroupId.from(unknown) })],
  ["somebody signs for the owner", "forged", (c) => c.draft({ ...owner, deviceSeed: member.deviceSeed }, rekeying)],
  ["an entry comes again", "known", (c) => c.entries[1] ?? assert.fail()],
  [
    "a second create entry comes",
    "void",
    () =>
      makeEntry({
        by: other,
        action: { kind: "create", name: "x", founder: memberOf(other, ROLE.owner), nonce: new Uint8Array(32) },
      }),
  ],
];

describe("the membership log", () => {
  for (const [what, verdict, attempt] of ATTEMPTS)
    it(`${what}: ${verdict}`, () => {
      const c = club();
      const entry = attempt(c);
      const before = structuredClone(c.log);
      assert.equal(acceptEntry(p, c.group, c.log, entry.encoded).kind, verdict);
      assert.deepEqual(c.log, before, "judging changes nothing");
    });

  const CREATES: readonly (readonly [string, string, MadeEntry])[] = [
    ["by its owner", "accepted", create(owner, memberOf(owner, ROLE.owner))],
    ["by an admin", "void", create(owner, memberOf(owner, ROLE.admin))],
    ["in somebody else's name", "void", create(stranger, memberOf(owner, ROLE.owner))],
    ["with a foreign certificate", "void", create(owner, { ...memberOf(owner, ROLE.owner), account: other.account })],
  ];
  for (const [what, verdict, entry] of CREATES)
    it(`a create entry ${what}: ${verdict}`, () => {
      assert.equal(acceptEntry(p, GroupId.from(entry.hash), undefined, entry.encoded).kind, verdict);
      assert.equal(acceptEntry(p, GroupId.from(unknown), undefined, entry.encoded).kind, "void");
    });

  it("is the same for everybody, in whatever order the entries come", () => {
    const entries = branchedLog();
    const [create] = entries;
    assert(create);
    const group = GroupId.from(create.hash);
    const expected = summary(readAll(group, entries));
    assert.equal(expected.frontier.length, 3);
    fc.assert(
      fc.property(fc.shuffledSubarray([...entries], { minLength: entries.length }), (shuffled) => {
        assert.deepEqual(summary(readAll(group, shuffled)), expected);
      }),
      { numRuns: 40 },
    );
  });

  it("never accepts an entry of which one bit is turned", () => {
    const c = club();
    const add = c.draft(owner, adding(memberOf(stranger)));
    for (let bit = 0; bit < 8 * add.encoded.length; bit++) {
      const bent = add.encoded.slice();
      bent[bit >> 3] = (bent[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const verdict = acceptEntry(p, c.group, c.log, bent);
      if (verdict.kind === "waiting") assert(verdict.missing.length > 0);
      else assert(["forged", "malformed", "void"].includes(verdict.kind), `bit ${bit}: ${verdict.kind}`);
    }
  });
});

function create(by: typeof owner, founder: ReturnType<typeof memberOf>): MadeEntry {
  return makeEntry({ by, action: { kind: "create", name: "club", founder, nonce: new Uint8Array(32) } });
}

/** Three concurrent branches, one of them with an invite that the next entry uses. */
function branchedLog(): readonly MadeEntry[] {
  const c = club();
  const fork = headsOf(c.log);
  c.add(owner, rekeying);
  c.add(admin, adding(proving(memberOf(stranger), c.group, c.invite, c.proofSeed)), { parents: fork });
  c.add(member, rekeying, { parents: fork });
  c.add(owner, adding(memberOf(other, ROLE.admin)), { parents: [c.entries[3]?.hash ?? unknown] });
  return c.entries;
}

/** Judges entries as they come; those whose parents lack wait. */
function readAll(group: GroupId, entries: readonly MadeEntry[]): LogState {
  let log: LogState | undefined;
  let waiting = [...entries];
  for (let rounds = 0; waiting.length > 0; rounds++) {
    assert(rounds <= entries.length, "an entry waits for ever");
    const still: MadeEntry[] = [];
    for (const entry of waiting) {
      const verdict = acceptEntry(p, group, log, entry.encoded);
      if (verdict.kind === "accepted") log = verdict.log;
      else if (verdict.kind === "waiting") still.push(entry);
      else assert.fail(verdict.kind);
    }
    waiting = still;
  }
  return log ?? assert.fail();
}

function summary(log: LogState) {
  const members = membersOf(log).map(({ account, role }) => `${toHex(account)} ${role}`);
  return { members: members.sort(), frontier: frontierOf(log).map(toHex), heads: headsOf(log).map(toHex) };
}
