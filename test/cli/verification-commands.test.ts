import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { run } from "./surroundings.ts";

const ANSWER = {
  group: { id: "ff", name: "hikes" },
  me: { account: "aa", name: "Ana", fingerprint: "00001 00002" },
  member: { account: "bb", name: "Ben", fingerprint: "00003 00004", verified: true },
  code: "12345",
};

describe("hermes verify", () => {
  for (const [args, params] of [
    [[], {}],
    [["--confirm"], { mark: "verified" }],
    [["--withdraw"], { mark: "unverified" }],
    [["--confirm", "--compare", "123"], { mark: "verified", compare: "123" }],
  ] as const)
    it(`${args.join(" ") || "without options"} asks the client for just that`, async () => {
      const done = await run(["verify", "hikes", "Ben", ...args, "--json"], { answers: { verify: ANSWER } });
      assert.deepEqual(done.calls, [{ method: "verify", params: { group: "hikes", member: "Ben", ...params } }]);
      assert.deepEqual(JSON.parse(done.stdout), ANSWER);
    });

  it("does not set and take away a mark at once", async () => {
    const done = await run(["verify", "hikes", "Ben", "--confirm", "--withdraw"]);
    assert.deepEqual([done.exit, done.calls], [2, []]);
  });
});

describe("hermes devices list", () => {
  it("answers one object a line", async () => {
    const device = { device: "aa", since: "2026-03-01T14:05:00.000Z", current: true, unlinked: false, groups: 2 };
    const { stdout } = await run(["devices", "list", "--json"], {
      answers: { devices: { devices: [device, { ...device, device: "bb", current: false }] } },
    });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines, [{ device }, { device: { ...device, device: "bb", current: false } }]);
  });
});

describe("hermes devices unlink", () => {
  const device = "ab".repeat(32);
  const hikes = { id: "ff", name: "hikes" };

  it("says where the device is out, and that a thief of an open device has the account too", async () => {
    const answers = { "device-unlink": { device, unlinked: [hikes], refused: [], state: "on-relay" as const } };
    const done = await run(["devices", "unlink", "abab", "--wait", "2"], { answers });
    assert.deepEqual(done.calls, [{ method: "device-unlink", params: { device: "abab", waitMs: 2_000 } }]);
    assert.equal(done.exit, 0);
    assert.match(done.stdout, /abababababab.* in hikes\./);
    assert.match(done.stdout, /begin a new account/);
  });

  it("ends with exit code 1 when a group refused", async () => {
    const answers = { "device-unlink": { device, unlinked: [], refused: [hikes], state: "queued" as const } };
    const done = await run(["devices", "unlink", "abab", "--json"], { answers });
    assert.deepEqual([done.exit, JSON.parse(done.stdout)], [1, answers["device-unlink"]]);
    assert.match((await run(["devices", "unlink", "abab"], { answers })).stdout, /Not in hikes/);
  });
});
