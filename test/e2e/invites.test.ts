import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import type { InviteView } from "../../src/client/group-api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

type Listed = { readonly group: ClientMethods["group-list"][1]["groups"][number] };

describe("links to a group", function () {
  this.timeout(4 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  const passwords = new Map<string, string>();

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    for (const [name, text] of [
      ["right", "correct horse\n"],
      ["wrong", "battery staple\n"],
    ] as const) {
      passwords.set(name, join(scene.directory, name));
      await writeFile(join(scene.directory, name), text);
    }
  });
  after(() => scene.end());

  const people = (...names: readonly string[]) => Promise.all(names.map((name) => scene.person(name, [relay.address])));
  const fileOf = (name: "right" | "wrong") => passwords.get(name) ?? assert.fail();

  async function invited(person: Person, group: string, ...terms: readonly string[]): Promise<string> {
    return (await person.ask<{ link: string }>("group", "invite", group, ...terms)).link;
  }

  const invitesOf = async (person: Person, group: string) =>
    (await person.askAll<{ invite: InviteView }>("group", "invites", group)).map(({ invite }) => invite);

  it("ask for the room password: without it and with a wrong one nobody comes in, with it at once", async () => {
    const [ana, ben] = await people("ana", "ben");
    assert(ana && ben);
    const { group } = await ana.ask<{ group: { id: string } }>(
      "group",
      "create",
      "board",
      "--password-file",
      fileOf("right"),
    );
    const link = await invited(ana, group.id);
    const door = ana.listen();
    await door.ready();
    const without = await ben.refused(["group", "join", link]);
    assert.deepEqual([without.exit, without.code], [1, "usage/wrong-passphrase"]);
    for (const left of [4, 3]) {
      const wrong = await ben.refused(["group", "join", link, "--password-file", fileOf("wrong")]);
      assert.equal(wrong.code, "usage/wrong-passphrase");
      assert.match(wrong.message, new RegExp(`wrong room password, ${left} tries left`));
    }
    const joined = await ben.ask("group", "join", link, "--password-file", fileOf("right"), "--wait", "25");
    assert.deepEqual(joined, { group: { id: group.id, name: "board" }, state: "joined" });
    const settings = await ben.ask<ClientMethods["group-settings"][1]>("group", "settings", group.id);
    assert.equal(settings.settings.password, true);
  });

  it("are closed by a new room password, and by hand; whoever comes is told", async () => {
    const [ana, ben] = await people("ana", "ben");
    assert(ana && ben);
    const group = await ana.createGroup("choir");
    const [first, second] = [await invited(ana, group), await invited(ana, group, "--uses", "3")];
    const door = ana.listen();
    await door.ready();
    const [open] = await invitesOf(ana, group);
    assert(open);
    assert.deepEqual(
      (await invitesOf(ana, group)).map(({ state }) => state),
      ["open", "open"],
    );
    const revoked = await ana.ask<ClientMethods["group-revoke"][1]>("group", "revoke", group, open.id.slice(0, 12));
    assert.deepEqual([revoked.invite.id, revoked.state], [open.id, "on-relay"]);
    await ana.ask("group", "settings", group, "--password-file", fileOf("right"));
    assert.deepEqual(
      (await invitesOf(ana, group)).map(({ state }) => state),
      ["revoked", "revoked"],
    );
    for (const link of [first, second]) {
      const told = await ben.refused(["group", "join", link, "--wait", "25"]);
      assert.deepEqual([told.exit, told.code], [1, "usage/expired"]);
      assert.match(told.message, /was closed/);
    }
    const [listed] = await ben.askAll<Listed>("group", "list");
    assert.deepEqual([listed?.group.id, listed?.group.state], [group, "refused"]);
    const again = await ana.refused(["group", "revoke", group, open.id]);
    assert.deepEqual([again.exit, again.code], [1, "usage/not-allowed"]);
  });

  it("let in as many as they were made for", async () => {
    const [ana, ben, cleo] = await people("ana", "ben", "cleo");
    assert(ana && ben && cleo);
    const group = await ana.createGroup("tandem");
    const link = await invited(ana, group, "--uses", "1");
    const door = ana.listen();
    await door.ready();
    assert.equal((await ben.join(link)).state, "joined");
    const late = await cleo.refused(["group", "join", link, "--wait", "25"]);
    assert.equal(late.code, "usage/expired");
    assert.match(late.message, /as many as it was made for/);
    assert.deepEqual(
      (await invitesOf(ben, group)).map(({ state, left, uses, by }) => [state, left, uses, by.name]),
      [["used-up", 0, 1, "ana"]],
    );
  });

  it("that have expired lead nowhere, which is said before anybody is asked", async () => {
    const [ana, ben] = await people("ana", "ben");
    assert(ana && ben);
    const group = await ana.createGroup("mayflies");
    const { link, expires } = await ana.ask<{ link: string; expires: string }>(
      "group",
      "invite",
      group,
      "--expires",
      "1s",
    );
    let code = "";
    while (code === "") {
      const { objects } = await ben.run(["group", "join", link, "--wait", "0"]);
      code = (objects[0] as { error?: { code: string } }).error?.code ?? "";
      assert(code !== "" || Date.parse(expires) + PATIENCE_MS > Date.now());
    }
    assert.equal(code, "usage/expired");
  });

  it("work while everybody is asleep: pending, listed, and joined as soon as some admin wakes", async () => {
    const [ana, ben, cleo] = await people("ana", "ben", "cleo");
    assert(ana && ben && cleo);
    const group = await ana.createGroup("owls");
    const link = await invited(ana, group);
    const door = ana.listen();
    await door.ready();
    assert.equal((await ben.join(link)).state, "joined");
    assert.equal((await ana.ask<{ state: string }>("group", "role", group, "ben", "admin")).state, "on-relay");
    door.signal("SIGINT");
    await door.ended;
    assert.equal((await cleo.join(link, 0)).state, "pending");
    const [pending] = await cleo.askAll<Listed>("group", "list");
    assert.deepEqual([pending?.group.id, pending?.group.state], [group, "pending"]);
    // ben did not make the link, but may let people in
    const waiting = cleo.listen();
    await waiting.ready();
    const other = ben.listen();
    await waiting.event("member", ({ change, member }) => change === "joined" && member?.name === "cleo");
    other.signal("SIGINT");
    await other.ended;
    const [joined] = await cleo.askAll<Listed>("group", "list");
    assert.deepEqual([joined?.group.name, joined?.group.state], ["owls", undefined]);
  });

  it("are made by members only where the settings say so", async () => {
    const [ana, ben] = await people("ana", "ben");
    assert(ana && ben);
    const group = await ana.createGroup("open house");
    const door = ana.listen();
    await door.ready();
    await ben.join(await invited(ana, group));
    const refused = await ben.refused(["group", "invite", group]);
    assert.deepEqual([refused.exit, refused.code], [1, "usage/not-allowed"]);
    assert.match(refused.message, /takes an admin or the owner/);
    await ana.ask("group", "settings", group, "--inviters", "member");
    assert.equal((await ben.sync()).complete, true);
    assert.match(await invited(ben, group), /^hermes:\/\/join\//);
  });
});
