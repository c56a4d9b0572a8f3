import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, it } from "mocha";
import { run } from "./surroundings.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));

describe("hermes start", () => {
  it("plays the demonstration to its end without a terminal, within a minute", function () {
    this.timeout(90_000);
    const argv = [MAIN, "start"];
    const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 75_000,
    });
    assert.equal(status, 0, stderr);
    for (const promise of [
      /caught up/,
      /killed/,
      /while the relay was away/,
      /hold no text/,
      /control string .* found/,
    ]) {
      assert.match(stdout, promise);
    }
  });

  for (const [argv, sentence] of [
    [["start", "jion", "hermes://join/x"], /knows no "jion"; type: npm start -- join LINK/],
    [["start", "join"], /link is missing or cut/],
    [["start", "join", "hermes://contact/x"], /link is missing or cut/],
  ] as const) {
    it(`refuses ${argv.join(" ")} before anything is made`, async () => {
      const { exit, stderr, choices } = await run(argv);
      assert.equal(exit, 2);
      assert.match(stderr, sentence);
      assert.deepEqual(choices, []);
    });
  }
});
