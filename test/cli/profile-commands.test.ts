import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { run } from "./surroundings.ts";

describe("hermes name", () => {
  it("answers the new name and how far the news has come", async () => {
    const answers = { "name-change": { name: "Ana Lima", state: "on-relay" as const } };
    const done = await run(["name", "Ana Lima", "--wait", "2", "--json"], { answers });
    assert.deepEqual(done.calls, [{ method: "name-change", params: { name: "Ana Lima", waitMs: 2_000 } }]);
    assert.deepEqual(JSON.parse(done.stdout), { name: "Ana Lima", state: "on-relay" });
  });

  it("says when the others learn of it later", async () => {
    const answers = { "name-change": { name: "Ana\u202e", state: "queued" as const } };
    const { stdout } = await run(["name", "Ana\u202e"], { answers });
    assert.match(stdout, /^You are now called Ana\ufffd; the others learn of it as soon as there is a connection\.\n$/);
  });

  it("needs a name", async () => {
    const done = await run(["name"]);
    assert.deepEqual([done.exit, done.calls], [2, []]);
  });
});
