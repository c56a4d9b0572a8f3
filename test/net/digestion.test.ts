import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Digestion } from "../../src/net/digestion.ts";

/** An owner that commits when it is told to, and what it was given. */
function newOwner() {
  const given: string[] = [];
  const commits: (() => void)[] = [];
  const digestion = new Digestion();
  return {
    given,
    digestion,
    deliver: (name: string, envelopes = 1) =>
      digestion.add({
        kind: "delivery",
        envelopes,
        take: () => {
          given.push(name);
          return new Promise((resolve) => commits.push(resolve));
        },
      }),
    notice: (name: string) => digestion.add({ kind: "notice", tell: () => given.push(name) }),
    /** Commits what has been given; what was given then, before the next. */
    commit: async (): Promise<readonly string[]> => {
      const committed = given.splice(0);
      for (const done of commits.splice(0)) done();
      await new Promise(setImmediate);
      return committed;
    },
  };
}

describe("what a holder sends", () => {
  it("is given at once when nothing waits, and together when several deliveries wait", async () => {
    const owner = newOwner();
    for (const name of ["one", "two", "three"]) owner.deliver(name);
    assert.deepEqual(await owner.commit(), ["one"]);
    assert.deepEqual(await owner.commit(), ["two", "three"]);
  });

  it("is given in parts of at most 512 envelopes, a larger delivery alone", async () => {
    const owner = newOwner();
    owner.deliver("first");
    owner.deliver("huge", 600);
    for (const name of ["half", "other half"]) owner.deliver(name, 256);
    owner.deliver("more");
    const parts = [await owner.commit(), await owner.commit(), await owner.commit(), await owner.commit()];
    assert.deepEqual(parts, [["first"], ["huge"], ["half", "other half"], ["more"]]);
  });

  it("tells that a topic is caught up only when every delivery before it is committed", async () => {
    const owner = newOwner();
    owner.deliver("one");
    owner.notice("one is caught up");
    owner.deliver("two");
    owner.notice("two is caught up");
    assert.deepEqual(await owner.commit(), ["one"]);
    assert.deepEqual(await owner.commit(), ["two"]);
    assert.deepEqual(owner.given, ["one is caught up", "two is caught up"]);
  });

  it("is forgotten after the end, but what was begun is waited for", async () => {
    const owner = newOwner();
    owner.deliver("begun");
    owner.notice("never");
    owner.deliver("never");
    owner.digestion.close();
    owner.deliver("never");
    let isIdle = false;
    const idle = owner.digestion.idle().then(() => {
      isIdle = true;
    });
    await new Promise(setImmediate);
    assert.equal(isIdle, false);
    assert.deepEqual(await owner.commit(), ["begun"]);
    await idle;
    assert.deepEqual(owner.given, []);
  });
});
