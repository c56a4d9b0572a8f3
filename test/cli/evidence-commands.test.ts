import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { run } from "./surroundings.ts";

const RELAY = "/ip4/192.0.2.7/tcp/33001/p2p/12D3KooWRelay";
const GROUP = { id: "ff".repeat(32), name: "hikes" };
const ABOUT = { relay: RELAY, fault: "skipped" as const, at: "2026-03-01T12:05:00.000Z", sequence: 7, group: GROUP };
const BEN = { account: "bb".repeat(32), name: "Ben" };

describe("hermes doctor", () => {
  let directory: string;
  const at = (name: string): string => join(directory, name);
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "hermes-evidence-"));
  });
  after(() => rm(directory, { recursive: true }));

  it("--evidence saves what shows that a relay did not tell the truth, for the owner's eyes, over no other file", async () => {
    const answers = { evidence: { statements: [{ ...ABOUT, statement: "abcd" }] } };
    const done = await run(["doctor", "--evidence", at("one.json"), "--json"], { answers });
    assert.equal(done.exit, 0, done.stderr);
    assert.deepEqual(JSON.parse(done.stdout), { statements: 1, file: at("one.json") });
    const saved = JSON.parse(await readFile(at("one.json"), "utf8"));
    assert.deepEqual([saved.hermes, saved.version, saved.statements[0].statement], ["relay-evidence", 1, "abcd"]);
    assert.equal((await stat(at("one.json"))).mode & 0o777, 0o600);
    const again = await run(["doctor", "--evidence", at("one.json"), "--json"], { answers });
    assert.equal(JSON.parse(again.stdout).error.code, "usage/bad-argument");
  });

  it("--evidence writes no file where there is nothing to show", async () => {
    const done = await run(["doctor", "--evidence", at("none.json")], { answers: { evidence: { statements: [] } } });
    assert.match(done.stdout, /nothing to save/);
    await assert.rejects(stat(at("none.json")));
  });

  it("--check-evidence says who said what, and ends with 1 unless all is genuine", async () => {
    const file = { hermes: "relay-evidence", version: 1, statements: [{ ...ABOUT, statement: "abcd" }] };
    await writeFile(at("two.json"), JSON.stringify(file));
    const genuine = { ...ABOUT, verdict: "genuine" as const, by: BEN, messages: [{ id: "aa", from: BEN }], entries: 0 };
    const good = await run(["doctor", "--check-evidence", at("two.json")], {
      answers: { "evidence-check": { checks: [genuine] } },
    });
    assert.deepEqual(good.calls, [{ method: "evidence-check", params: { statements: ["abcd"] } }]);
    assert.match(good.stdout, /^genuine .*Ben says, in hikes.*never gave what it had acknowledged.*a message of Ben/);
    assert.equal(good.exit, 0);
    for (const verdict of ["forged", "unknown"] as const) {
      const check = { ...ABOUT, verdict, messages: [], entries: 0 };
      const bad = await run(["doctor", "--check-evidence", at("two.json")], {
        answers: { "evidence-check": { checks: [check] } },
      });
      assert.equal(bad.exit, 1);
    }
  });

  it("--check-evidence refuses what is no such file", async () => {
    for (const text of ["", "{}", "[]", '{"hermes":"relay-evidence","statements":[null]}']) {
      await writeFile(at("bad.json"), text);
      const done = await run(["doctor", "--check-evidence", at("bad.json"), "--json"]);
      assert.equal(JSON.parse(done.stdout).error.code, "usage/bad-argument", text);
    }
  });
});
