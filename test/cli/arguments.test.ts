import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  choiceOf,
  durationMsOf,
  flag,
  option,
  readArguments,
  repeated,
  secondsAsMsOf,
  textOf,
  wholeNumberOf,
} from "../../src/cli/arguments.ts";
import { nearest } from "../../src/wire/near-words.ts";

const OPTIONS = { wait: option("S", ""), relay: repeated("ADDRESS", ""), json: flag(""), help: flag("") };
const read = (argv: readonly string[], operands: readonly string[] = ["G", "[TEXT]"]) =>
  readArguments(argv, { subject: "hermes send", options: OPTIONS, operands });
const given = (name: string, value: string) => ({ operands: [], options: new Map([[name, [value]]]) });

describe("Arguments", () => {
  it("are operands and options in any order", () => {
    const { operands, options } = read(["--json", "Home", "--wait", "3", "hi", "--relay=a", "--relay", "b"]);
    assert.deepEqual(operands, ["Home", "hi"]);
    assert.deepEqual(Object.fromEntries(options), { json: [""], wait: ["3"], relay: ["a", "b"] });
  });

  it("take the last value of an option that does not repeat", () => {
    assert.equal(textOf(read(["Home", "--wait", "3", "--wait", "4"]), "wait"), "4");
  });

  it("take a text that begins with a dash after --", () => {
    assert.deepEqual(read(["Home", "--", "-5 degrees"]).operands, ["Home", "-5 degrees"]);
  });

  const mistakes: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    "an unknown option, with the nearest one": [["Home", "--wiat", "3"], /no option --wiat; did you mean --wait\?/],
    "an unknown option that is like no other": [["Home", "--zzzzzz"], /no option --zzzzzz; put -- before/],
    "an option of every object": [["Home", "--constructor"], /no option --constructor/],
    "an option without its value": [["Home", "--wait"], /--wait needs a value: --wait S/],
    "a switch with a value": [["Home", "--json=yes"], /--json takes no value/],
    "a missing operand": [[], /G is missing; type: hermes send G \[TEXT\]/],
    "a text without quotes": [["Home", "two", "words"], /"words" is one argument too many.*quotes/],
  };
  for (const [name, [argv, sentence]] of Object.entries(mistakes)) {
    it(`refuse ${name}`, () => {
      assert.throws(() => read(argv), { code: "usage/bad-argument", message: sentence });
    });
  }

  it("need no operands when help is asked for", () => {
    assert.ok(read(["--help"]).options.has("help"));
  });

  it("hold whole numbers in their range only", () => {
    const range = [1, 10_000] as const;
    assert.equal(wholeNumberOf(given("limit", "10000"), "limit", range), 10_000);
    assert.equal(wholeNumberOf(given("other", "1"), "limit", range), undefined);
    for (const text of ["0", "10001", "-1", "1.5", "1e3", "", "ten"]) {
      assert.throws(() => wholeNumberOf(given("limit", text), "limit", range), /--limit must be a whole number/, text);
    }
  });

  it("hold seconds as milliseconds", () => {
    assert.equal(secondsAsMsOf(given("wait", "0"), "wait"), 0);
    assert.equal(secondsAsMsOf(given("wait", "2.5"), "wait"), 2_500);
    for (const text of ["-1", "x", "100000", "1h"]) assert.throws(() => secondsAsMsOf(given("wait", text), "wait"));
  });

  it("hold times from now, and times to come", () => {
    assert.equal(durationMsOf(given("expires", "30m"), "expires", 0), 1_800_000);
    assert.equal(durationMsOf(given("expires", "2w"), "expires", 0), 14 * 86_400_000);
    assert.equal(durationMsOf(given("expires", "1970-01-01T00:01:00Z"), "expires", 15_000), 45_000);
    for (const text of ["0d", "1y", "1969-01-01", "soon", ""]) {
      assert.throws(
        () => durationMsOf(given("expires", text), "expires", 0),
        /--expires must be a time from now/,
        text,
      );
    }
  });

  it("hold one of a few words", () => {
    assert.equal(choiceOf(given("role", "admin"), "role", ["member", "admin"]), "admin");
    assert.throws(() => choiceOf(given("role", "owner"), "role", ["member", "admin"]), /member or admin, not "owner"/);
  });
});

describe("The nearest word", () => {
  it("is one with a letter changed, missing, added or swapped", () => {
    const words = ["send", "sync", "status"];
    for (const typed of ["sand", "sed", "sennd", "sned"]) assert.equal(nearest(typed, words), "send", typed);
  });

  it("is none when all are far", () => {
    assert.equal(nearest("banana", ["send", "sync"]), undefined);
  });
});
