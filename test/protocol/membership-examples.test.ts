/** The membership rules by example: each row of PROTOCOL.md § Membership log, and what people could try. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Action, ROLE } from "../../src/wire/entry.ts";
import type { EntryHash } from "../../src/wire/ids.ts";
import {
  adding,
  anotherDevice,
  giving,
  inviting,
  leaving,
  linking,
  memberOf,
  proving,
  rekeying,
  removing,
  revoking,
  type Somebody,
  setting,
  somebody,
  unlinking,
} from "./log-builder.ts";
import { newStory, type Story } from "./membership-story.ts";

const [owner, admin, other, member, friend, stranger] = [
  somebody("owner"),
  somebody("admin"),
  somebody("other admin"),
  somebody("member"),
  somebody("friend"),
  somebody("stranger"),
];
const second = (who: Somebody): Somebody => anotherDevice(who, "second");
const { member: MEMBER, admin: ADMIN, owner: OWNER } = ROLE;

interface Club extends Story {
  readonly start: EntryHash;
}

/** An owner, two admins and two members; all but the friend have two devices. */
function club(): Club {
  const story = newStory(owner, [second(owner)]);
  const admins = [admin, other].map((each) => memberOf(each, ADMIN, [second(each)]));
  const start = story.tell(owner, adding(...admins, memberOf(member, MEMBER, [second(member)]), memberOf(friend)));
  return { ...story, start };
}

const promoted = { name: "a promoted friend", by: owner, action: giving(friend, ADMIN) };

/** What happens before, then who does what, and whether it is allowed. */
const rows: readonly (readonly [string, Somebody, Action, boolean])[] = [
  ["an admin adds a member", admin, adding(memberOf(stranger)), true],
  ["an admin adds an admin", admin, adding(memberOf(stranger, ADMIN)), false],
  ["the owner adds an admin", owner, adding(memberOf(stranger, ADMIN)), true],
  ["the owner adds an owner", owner, adding(memberOf(stranger, OWNER)), false],
  ["a member adds a member", member, adding(memberOf(stranger)), false],
  ["an admin adds somebody who is there", admin, adding(memberOf(friend)), false],
  ["an admin adds somebody twice", admin, adding(memberOf(stranger), memberOf(stranger)), false],
  ["a stranger adds itself", stranger, adding(memberOf(stranger)), false],
  ["a member links its own new device", member, linking(anotherDevice(member, "third")), true],
  ["a member links another's new device", member, linking(second(friend)), true],
  ["a member links a device that is in use", member, linking(second(admin)), false],
  ["a member links a stranger's device", member, linking(stranger), false],
  ["a member unlinks its other device", member, unlinking(second(member)), true],
  ["a member unlinks the device that it writes on", member, unlinking(member), false],
  ["an admin unlinks another's device", admin, unlinking(second(member)), false],
  ["an admin removes a member", admin, removing(member), true],
  ["an admin removes an admin", admin, removing(other), false],
  ["an admin removes a member and an admin", admin, removing(member, other), false],
  ["the owner removes an admin and a member", owner, removing(member, other), true],
  ["an admin removes the owner", admin, removing(owner), false],
  ["a member removes a member", member, removing(friend), false],
  ["an admin removes somebody twice in one entry", admin, removing(member, member), false],
  ["an admin removes a stranger", admin, removing(stranger), false],
  ["a member leaves", member, leaving, true],
  ["an admin leaves", admin, leaving, true],
  ["the owner leaves people behind", owner, leaving, false],
  ["the owner promotes a member", owner, promoted.action, true],
  ["an admin promotes a member", admin, promoted.action, false],
  ["the owner demotes an admin", owner, giving(admin, MEMBER), true],
  ["an admin demotes an admin", admin, giving(other, MEMBER), false],
  ["an admin steps down", admin, giving(admin, MEMBER), true],
  ["a member promotes itself", member, giving(member, ADMIN), false],
  ["the owner steps down without an heir", owner, giving(owner, ADMIN), false],
  ["the owner hands the group to a member", owner, giving(member, OWNER), true],
  ["an admin hands the group over", admin, giving(member, OWNER), false],
  ["somebody is given the role that it has", owner, giving(admin, ADMIN), false],
  ["an admin invites members", admin, inviting().action, true],
  ["an admin invites admins", admin, inviting(ADMIN).action, false],
  ["the owner invites admins", owner, inviting(ADMIN).action, true],
  ["a member invites", member, inviting().action, false],
  ["an invite without a use", admin, inviting(MEMBER, 0).action, false],
  ["an admin renames the group", admin, setting({ name: "new" }), true],
  ["a member renames the group", member, setting({ name: "new" }), false],
  ["settings that say nothing", admin, setting({}), false],
  ["an admin reserves invites for the owner", admin, setting({ inviters: OWNER }), false],
  ["the owner reserves invites for itself", owner, setting({ inviters: OWNER }), true],
  ["a member renews the key", member, rekeying, true],
  ["a stranger renews the key", stranger, rekeying, false],
];

describe("who may do what", () => {
  for (const [what, by, action, isAllowed] of rows)
    it(`${what}: ${isAllowed ? "allowed" : "void"}`, () => {
      const { tell, isAllowed: allows } = club();
      assert.equal(allows(tell(by, action)), isAllowed);
    });

  it("a member invites where the group lets members do so, and revokes its own invite but no other's", () => {
    const { tell, isAllowed } = club();
    const byAdmin = tell(admin, inviting().action);
    tell(owner, setting({ inviters: MEMBER }));
    const byMember = tell(member, inviting().action);
    assert(isAllowed(byMember));
    assert(!isAllowed(tell(member, revoking(byAdmin))));
    assert(isAllowed(tell(member, revoking(byMember))));
    assert(isAllowed(tell(admin, revoking(byAdmin))));
  });

  it("a proof counts while its invite is open and has uses left", () => {
    const { tell, isAllowed, group } = club();
    const { action, proofSeed } = inviting(MEMBER, 1);
    const invite = tell(admin, action);
    const [one, two] = [somebody("one"), somebody("two")].map((each) =>
      adding(proving(memberOf(each), group, invite, proofSeed)),
    );
    assert(one && two);
    const before = tell(admin, rekeying);
    assert(isAllowed(tell(admin, one)));
    assert(!isAllowed(tell(admin, two)));
    // concurrent over-use stands, and so does what a concurrent revocation did not know of
    assert(isAllowed(tell(other, two, before)));
    tell(admin, revoking(invite), before);
    assert(!isAllowed(tell(admin, adding(proving(memberOf(stranger), group, invite, proofSeed)))));
  });

  it("an unlinked device never comes back, a removed account may", () => {
    const { tell, isAllowed, rankOf } = club();
    tell(member, unlinking(second(member)));
    assert(!isAllowed(tell(admin, linking(second(member)))));
    tell(admin, removing(member));
    assert(!isAllowed(tell(admin, adding(memberOf(member, MEMBER, [second(member)])))));
    assert(isAllowed(tell(admin, adding(memberOf(member)))));
    assert.equal(rankOf(member), MEMBER);
  });

  it("somebody who left may be removed, for good, by somebody above its rank", () => {
    const { tell, isAllowed } = club();
    tell(admin, leaving);
    assert(!isAllowed(tell(other, removing(admin))));
    assert(isAllowed(tell(owner, removing(admin))));
  });
});

describe("concurrent entries", () => {
  it("by somebody who is removed are void, those in the removal's past are not", () => {
    const { tell, counts, start, rankOf } = club();
    const known = tell(admin, adding(memberOf(stranger)));
    const unknown = tell(admin, removing(friend), start);
    tell(owner, removing(admin), known);
    assert(counts(known));
    assert(!counts(unknown));
    assert.equal(rankOf(friend), MEMBER);
  });

  it("by a removed admin who backdates a counter-removal do nothing", () => {
    const { tell, counts, start, rankOf } = club();
    tell(owner, giving(member, ADMIN), start);
    tell(owner, removing(admin));
    assert(!counts(tell(admin, removing(member), start)));
    assert.equal(rankOf(member), ADMIN);
  });

  it("that add and remove the same person leave it out, until it is added by somebody who knows of the removal", () => {
    const { tell, rankOf } = club();
    const gone = tell(admin, removing(friend));
    tell(admin, adding(memberOf(friend)), gone);
    tell(other, removing(friend), gone);
    assert.equal(rankOf(friend), MEMBER);
    const { tell: say, rankOf: rank, start } = club();
    const both = [say(admin, removing(friend), start), say(other, removing(friend), start)];
    say(admin, adding(memberOf(friend)), both[0] ?? start);
    assert.equal(rank(friend), undefined);
    say(admin, adding(memberOf(friend)));
    assert.equal(rank(friend), MEMBER);
  });

  it("by a demoted admin count as far as a member may", () => {
    const { tell, counts, start } = club();
    tell(owner, giving(admin, MEMBER), start);
    assert(!counts(tell(admin, adding(memberOf(stranger)), start)));
    assert(counts(tell(second(admin), rekeying, start)));
  });

  it("cannot remove the person who is promoted, or who is given the group, from below", () => {
    for (const role of [ADMIN, OWNER]) {
      const { tell, counts, start, rankOf } = club();
      tell(owner, giving(member, role), start);
      assert(!counts(tell(admin, removing(member), start)));
      assert.equal(rankOf(member), role);
    }
  });

  it("that hand the group to two people make one owner", () => {
    const { tell, start, rankOf } = club();
    const [one, two] = [tell(owner, giving(admin, OWNER), start), tell(second(owner), giving(other, OWNER), start)];
    const owners = [owner, admin, other].filter((each) => rankOf(each) === OWNER);
    assert.equal(owners.length, 1);
    assert.notEqual(owners[0], owner);
    assert.notDeepEqual(one, two);
  });

  it("cannot take a hand-over back once others have built upon it", () => {
    const { tell, counts, rankOf, first, start } = club();
    tell(owner, rekeying, start);
    const given = tell(owner, giving(admin, OWNER));
    tell(admin, removing(owner), given);
    assert(!counts(tell(owner, giving(friend, OWNER), start)));
    // only the create entry in its past: there it is the only member
    assert(!counts(tell(owner, leaving, first)));
    assert.equal(rankOf(admin), OWNER);
    assert.equal(rankOf(owner), undefined);
  });

  it("that give the group to somebody who leaves still leave an owner, who can act as one", () => {
    const { tell, counts, start, rankOf } = club();
    tell(owner, giving(member, OWNER), start);
    tell(member, leaving, start);
    const heir = [owner, admin, other].find((each) => rankOf(each) === OWNER);
    assert(heir);
    const act = tell(heir, giving(friend, ADMIN));
    assert(counts(act));
    tell(other, rekeying, start);
    assert(counts(act), "an old entry that comes late undoes nothing");
  });

  it("that add somebody once more do not lower its rank", () => {
    const { tell, rankOf, first } = club();
    tell(owner, adding(memberOf(stranger)));
    const base = tell(owner, giving(stranger, ADMIN));
    tell(owner, adding(memberOf(somebody("late"), ADMIN)), base);
    tell(owner, giving(somebody("late"), MEMBER));
    tell(admin, adding(memberOf(somebody("late"))), base);
    assert.equal(rankOf(stranger), ADMIN);
    assert.equal(rankOf(somebody("late")), MEMBER);
    assert(first);
  });

  it("of two devices that unlink each other put both out", () => {
    const { tell, has, start } = club();
    tell(member, rekeying, start);
    tell(member, unlinking(second(member)));
    tell(second(member), unlinking(member), start);
    assert(!has(member));
    assert(!has(second(member)));
  });

  it("by an unlinked device are void, and it cannot drown its unlinking", () => {
    const { tell, counts, start, has } = club();
    const chain = (by: Somebody, length: number): readonly EntryHash[] => {
      const made = [start];
      for (let i = 0; i < length; i++) made.push(tell(by, rekeying, made.at(-1) ?? start));
      return made.slice(1);
    };
    // the unlinking comes later, by generation, than as many entries of its account as count
    const unlinked = tell(member, unlinking(second(member)), chain(friend, 64).at(-1) ?? start);
    const flood = chain(second(member), 65);
    assert(!flood.some(counts));
    assert(!counts(tell(second(member), leaving, start)));
    assert(counts(unlinked));
    assert(!has(second(member)));
  });

  it("by one member count 64 times between two of admins", () => {
    const { tell, counts } = club();
    const own = Array.from({ length: 66 }, () => tell(member, rekeying));
    assert.equal(own.filter(counts).length, 64);
    tell(admin, rekeying);
    assert(counts(tell(member, rekeying)));
  });

  it("of somebody who leaves do not undo what others built upon", () => {
    const { tell, counts, start, rankOf } = club();
    const added = tell(admin, adding(memberOf(stranger)));
    tell(stranger, rekeying);
    assert(counts(tell(admin, leaving, start)));
    assert(counts(added));
    assert.equal(rankOf(stranger), MEMBER);
    assert.equal(rankOf(admin), undefined);
  });

  it("are not revived by somebody who writes after they were struck", () => {
    const { tell, counts, start } = club();
    const given = tell(owner, giving(member, OWNER), start);
    const late = tell(owner, giving(friend, ADMIN), start);
    assert(!counts(late));
    const cites = tell(owner, rekeying, given, late);
    tell(admin, rekeying, cites);
    assert(!counts(late));
  });

  it("of somebody who linked another's device stay when it is removed", () => {
    const { tell, has, start } = club();
    tell(member, linking(second(friend)));
    tell(admin, removing(member), start);
    assert(has(second(friend)));
  });

  it("that claim somebody else's device neither take it over nor unlink it", () => {
    const { tell, isAllowed, counts, start, has } = club();
    const real = tell(admin, adding(memberOf(stranger)));
    const said = tell(stranger, rekeying, real);
    const thief = somebody("thief");
    const stolen = { ...thief, deviceSeed: stranger.deviceSeed, device: stranger.device };
    const claimed = tell(other, adding(memberOf(thief, MEMBER, [stolen])), start);
    assert(isAllowed(claimed));
    tell(thief, unlinking(stolen), claimed);
    assert(counts(said));
    assert(has(stranger));
  });

  it("about one setting: the lowest hash", () => {
    const { tell, view, start } = club();
    const names = new Map([
      [tell(admin, setting({ name: "one" }), start), "one"],
      [tell(other, setting({ name: "two" }), start), "two"],
    ]);
    const [lowest] = [...names.keys()].sort((a, b) => Buffer.compare(a, b));
    assert.equal(view().settings.name, lowest && names.get(lowest));
  });
});
