/** Comparing fingerprints: both see the same, the mark stays, and a namesake is noticed. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { ClientMethods, DeviceView } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

type Verification = ClientMethods["verify"][1];

describe("verification", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let relay: string;
  let [ana, ben]: readonly Person[] = [];
  let group: string;

  const people = (): readonly [Person, Person] => [ana ?? assert.fail(), ben ?? assert.fail()];

  before(async () => {
    scene = await openScene();
    relay = (await scene.relay()).address;
    [ana, ben] = [await scene.person("Ana", [relay]), await scene.person("Ben", [relay])];
    const [one, other] = people();
    group = await one.createGroup("hikes");
    const inviter = one.listen();
    await inviter.ready();
    await other.join(await one.invite(group));
    inviter.signal("SIGINT");
    await inviter.ended;
  });
  after(() => scene.end());

  it("shows both the same digits, which are those of whoami", async () => {
    const [one, other] = people();
    const [seen, mirrored] = [
      await one.ask<Verification>("verify", group, "Ben"),
      await other.ask<Verification>("verify", group, "Ana"),
    ];
    assert.equal(seen.code, mirrored.code);
    assert.match(seen.code, /^\d{120}$/);
    assert.deepEqual({ ...seen.me, verified: false }, mirrored.member);
    const { fingerprint } = await other.whoami();
    assert.equal(seen.member.fingerprint, fingerprint);
    assert.equal(seen.member.verified, false);
  });

  it("refuses digits that differ, and marks after those that were scanned or told", async () => {
    const [one, other] = people();
    const { code } = await other.ask<Verification>("verify", group, "Ana");
    const wrong = `${code.startsWith("0") ? "1" : "0"}${code.slice(1)}`;
    const refused = await one.refused(["verify", group, "Ben", "--confirm", "--compare", wrong]);
    assert.equal(refused.code, "usage/not-allowed");
    const short = await one.refused(["verify", group, "Ben", "--confirm", "--compare", code.slice(1)]);
    assert.equal(short.code, "usage/bad-argument");
    const isMarked = async () => {
      const { members } = await one.ask<ClientMethods["group-info"][1]>("group", "info", group);
      return members.filter(({ verified }) => verified).map(({ name }) => name);
    };
    assert.deepEqual(await isMarked(), []);
    const { fingerprint } = await other.whoami();
    for (const digits of [code, fingerprint]) {
      const done = await one.ask<Verification>("verify", group, "Ben", "--confirm", "--compare", digits);
      assert.equal(done.member.verified, true);
    }
    assert.deepEqual(await isMarked(), ["Ben"]);
    await one.ask("verify", group, "Ben", "--withdraw");
    assert.deepEqual(await isMarked(), []);
    await one.ask("verify", group, "Ben", "--confirm");
  });

  it("names nobody, several, or oneself with a sentence each", async () => {
    const [one] = people();
    assert.equal((await one.refused(["verify", group, "Nobody"])).code, "usage/not-found");
    assert.equal((await one.refused(["verify", group, "Ana"])).code, "usage/bad-argument");
  });

  it("warns loudly of somebody else with a verified person's name", async () => {
    const [one] = people();
    const twin = await scene.person("ben", [relay]);
    const listener = one.listen();
    await listener.ready();
    await twin.join(await one.invite(group));
    const { account } = await twin.whoami();
    const warning = await listener.event("warning", ({ code }) => code === "verified-name-other-key");
    assert.deepEqual([warning.member, warning.group?.id], [{ account, name: "ben" }, group]);
    listener.signal("SIGINT");
    await listener.ended;
    const lines = await one.askAll<{ readonly message: { readonly text: string } }>("history", group);
    assert(lines.some(({ message }) => message.text.startsWith("WARNING: this ben is not the Ben whom you verified")));
  });

  it("lists the account's devices", async () => {
    const [one] = people();
    const { device } = await one.whoami();
    const devices = await one.askAll<{ readonly device: DeviceView }>("devices", "list");
    assert.deepEqual(
      devices.map((each) => ({ ...each.device, since: "" })),
      [{ device, since: "", current: true, unlinked: false, groups: 1 }],
    );
  });
});
