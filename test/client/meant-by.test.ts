/** Names are what others type: nobody can stand in for somebody else's id with one. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { findAmong } from "../../src/client/member-names.ts";
import { isFault } from "../../src/wire/fault.ts";
import { AccountKey } from "../../src/wire/ids.ts";

const account = (byte: number) => AccountKey.from(new Uint8Array(32).fill(byte));
const ann = { account: account(0xaa), name: "Ann" };
const idOfAnn = "aa".repeat(32);

describe("which member is meant", () => {
  it("is said by a name, an id or the beginning of one", () => {
    for (const text of ["Ann", " Ann ", "aaaa", idOfAnn])
      assert.equal(findAmong([ann, { account: account(0xbb), name: "Bob" }], text), ann);
    assert.throws(
      () => findAmong([ann], "aaa"),
      (error) => isFault(error, "usage/not-found"),
    );
  });

  it("is whoever has the whole id, though somebody is called so", () => {
    assert.equal(findAmong([{ account: account(0xbb), name: idOfAnn }, ann], idOfAnn), ann);
  });

  it("is asked for when somebody is called as another's id begins", () => {
    const liar = { account: account(0xbb), name: "aaaaaaaaaaaa" };
    assert.throws(
      () => findAmong([liar, ann], "aaaaaaaaaaaa"),
      (error) => isFault(error, "usage/ambiguous"),
    );
  });
});
