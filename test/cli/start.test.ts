import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { run } from "./surroundings.ts";

describe("hermes start", () => {
  for (const [argv, sentence] of [
    [["start", "jion", "hermes://join/x"], /knows no "jion"; type: npm start -- join LINK/],
    [["start", "join"], /link is missing or cut/],
    [["start", "join", "hermes://contact/x"], /link is missing or cut/],
    [["start", "join", "hermes://join/AQEB"], /link is missing or cut/],
  ] as const) {
    it(`refuses ${argv.join(" ")} before anything is made`, async () => {
      const { exit, stderr, choices } = await run(argv);
      assert.equal(exit, 2);
      assert.match(stderr, sentence);
      assert.deepEqual(choices, []);
    });
  }
});
