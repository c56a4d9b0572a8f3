import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { type Person, textsBy } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

type Info = ClientMethods["group-info"][1];
type Listed = { readonly group: ClientMethods["group-list"][1]["groups"][number] };

describe("who is in a group", function () {
  this.timeout(5 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
  });
  after(() => scene.end());

  /** Somebody's group; the others, whom it adds, have it. */
  async function gather(...names: readonly string[]) {
    const all = await Promise.all(names.map((name) => scene.person(name, [relay.address])));
    const [owner, ...others] = all;
    assert(owner);
    const group = await owner.createGroup("gardeners");
    for (const each of others) await owner.ask("group", "add", group, (await each.whoami()).contact);
    await owner.sync();
    for (const each of others) assert.equal((await each.sync()).complete, true);
    return { group, all };
  }

  const info = (person: Person, group: string) => person.ask<Info>("group", "info", group);
  const ranks = async (person: Person, group: string) =>
    (await info(person, group)).members.map(({ name, role }) => `${name} ${role}`).sort();

  /** Looks until all of them say this of the group, fetching in between. */
  async function agree(people: readonly Person[], group: string, expected: readonly string[]): Promise<void> {
    for (const person of people) {
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        const seen = await ranks(person, group);
        if (JSON.stringify(seen) === JSON.stringify(expected)) break;
        if (Date.now() > until) assert.deepEqual(seen, expected, person.name);
        await person.sync();
      }
    }
  }

  it("somebody online is removed: told so at once, sends nothing more, and reads nothing more", async () => {
    const { group, all } = await gather("ana", "ben", "cleo");
    const [ana, ben, cleo] = all;
    assert(ana && ben && cleo);
    const ears = ben.listen();
    await ears.ready();
    const removed = await ana.ask<ClientMethods["group-remove"][1]>("group", "remove", group, "ben");
    assert.deepEqual([removed.member.name, removed.state], ["ben", "on-relay"]);
    const told = await ears.event("member", ({ change }) => change === "removed");
    assert.deepEqual([told.by.name, told.member?.name], ["ana", "ben"]);
    const refused = await ben.refused(["send", group, "am I still here?"]);
    assert.deepEqual([refused.exit, refused.code], [1, "usage/not-allowed"]);
    const { absent } = await info(ben, group);
    assert.deepEqual([absent?.state, absent?.by.name], ["removed", "ana"]);
    const [listed] = await ben.askAll<Listed>("group", "list");
    assert.equal(listed?.group.state, "removed");
    const lines = await ben.askAll<{ message: { kind: string; text: string } }>("history", group);
    assert.equal(lines.at(-1)?.message.text, "ana removed ben");
    const change = await ben.refused(["group", "rename", group, "ben's"]);
    assert.equal(change.code, "usage/not-allowed");

    await ana.send(group, "only for two");
    const listens = cleo.listen(group);
    await listens.texts("ana", ["only for two"]);
    assert.deepEqual(textsBy(await ben.history(group), "ana"), []);
  });

  it("somebody offline is removed: learns it when back, before anything is sent", async () => {
    const { group, all } = await gather("dora", "emil", "fay");
    const [dora, emil, fay] = all;
    assert(dora && emil && fay);
    await dora.ask("group", "remove", group, "emil");
    await dora.send(group, "emil is out");
    const refused = await emil.refused(["send", group, "hello?"]);
    assert.equal(refused.code, "usage/not-allowed");
    await fay.sync();
    assert.deepEqual(textsBy(await fay.history(group), "dora"), ["emil is out"]);
    assert.deepEqual(await emil.history(group), []);
    const back = await dora.ask<ClientMethods["group-add"][1]>("group", "add", group, (await emil.whoami()).account);
    assert.equal(back.member.name, "emil");
    await agree([dora, fay, emil], group, ["dora owner", "emil member", "fay member"]);
    assert.equal((await emil.send(group, "back again")).state, "on-relay");
    await fay.sync();
    assert.deepEqual(textsBy(await fay.history(group), "emil"), ["back again"]);
  });

  it("somebody is removed who is sending at that moment: those who stay have the same messages", async () => {
    const { group, all } = await gather("gus", "hana", "ivo");
    const [gus, hana, ivo] = all;
    assert(gus && hana && ivo);
    const [ears, others] = [gus.listen(group), ivo.listen(group)];
    await Promise.all([ears.ready(), others.ready()]);
    const chat = hana.start(["chat", group], "open");
    for (let i = 0; i < 20; i++) chat.type(`${i}\n`);
    await ears.event("message", ({ message }) => message.text === "5");
    const removal = gus.ask("group", "remove", group, "hana");
    for (let i = 20; i < 60; i++) chat.type(`${i}\n`);
    chat.endInput();
    await removal;
    await chat.ended;
    await gus.send(group, "that was all");
    await others.texts("gus", ["that was all"]);
    await Promise.all([gus.sync(), ivo.sync()]);
    const [here, there] = [await gus.history(group), await ivo.history(group)];
    assert.deepEqual(textsBy(here, "hana"), textsBy(there, "hana"));
    const said = textsBy(here, "hana");
    assert.deepEqual(
      said,
      Array.from({ length: said.length }, (_, i) => String(i)),
      "in order and without gaps",
    );
    assert(said.length >= 6, "what was said before the removal is there");
    await agree([gus, ivo], group, ["gus owner", "ivo member"]);
  });

  it("two admins cannot remove each other, and are told who can", async () => {
    const { group, all } = await gather("jan", "kim", "lou");
    const [jan, kim, lou] = all;
    assert(jan && kim && lou);
    for (const each of ["kim", "lou"]) await jan.ask("group", "role", group, each, "admin");
    await agree([kim, lou], group, ["jan owner", "kim admin", "lou admin"]);
    const outcomes = await Promise.all([
      kim.refused(["group", "remove", group, "lou"]),
      lou.refused(["group", "remove", group, "kim"]),
      kim.refused(["group", "remove", group, "jan"]),
    ]);
    for (const { code } of outcomes) assert.equal(code, "usage/not-allowed");
    assert.match(outcomes[0].message, /removing an admin takes the owner/);
    assert.match(outcomes[2].message, /removing the owner nobody can do/);
  });

  it("two admins remove and add the same person at the same time: all end with one list, and chat", async () => {
    const { group, all } = await gather("mia", "nils", "olga");
    const [mia, nils, olga] = all;
    assert(mia && nils && olga);
    await mia.ask("group", "role", group, "nils", "admin");
    await agree([nils, olga], group, ["mia owner", "nils admin", "olga member"]);
    const { account } = await olga.whoami();
    const removals = await Promise.allSettled([mia, nils].map((each) => each.ask("group", "remove", group, "olga")));
    assert(removals.some(({ status }) => status === "fulfilled"));
    await agree([mia, nils], group, ["mia owner", "nils admin"]);
    const additions = await Promise.allSettled([mia, nils].map((each) => each.ask("group", "add", group, account)));
    assert(additions.some(({ status }) => status === "fulfilled"));
    await agree([mia, nils, olga], group, ["mia owner", "nils admin", "olga member"]);
    for (const each of [mia, nils, olga]) assert.equal((await each.send(group, `by ${each.name}`)).state, "on-relay");
    for (const each of [mia, nils, olga]) {
      await each.sync();
      const texts = (await each.history(group)).map(({ text }) => text).sort();
      assert.deepEqual(texts, ["by mia", "by nils", "by olga"], each.name);
    }
  });

  it("an owner leaves by handing over, and is out then", async () => {
    const { group, all } = await gather("pia", "quin", "rosa");
    const [pia, quin, rosa] = all;
    assert(pia && quin && rosa);
    const refused = await pia.refused(["group", "leave", group]);
    assert.deepEqual([refused.exit, refused.code], [1, "usage/not-allowed"]);
    assert.match(refused.message, /--hand-over MEMBER/);
    const left = await pia.ask<ClientMethods["group-leave"][1]>("group", "leave", group, "--hand-over", "quin");
    assert.deepEqual([left.group.id, left.state], [group, "on-relay"]);
    await agree([quin, rosa], group, ["quin owner", "rosa member"]);
    assert.equal((await info(pia, group)).absent?.state, "left");
    assert.equal((await pia.refused(["send", group, "and yet"])).code, "usage/not-allowed");
    assert.equal((await quin.send(group, "under new management")).state, "on-relay");
    await rosa.sync();
    assert.deepEqual(textsBy(await rosa.history(group), "quin"), ["under new management"]);
    const lines = await rosa.askAll<{ message: { kind: string; text: string } }>("history", group);
    const said = lines.filter(({ message }) => message.kind === "system").map(({ message }) => message.text);
    for (const text of ["pia handed the group over to quin", "pia left"]) assert(said.includes(text), said.join("\n"));
  });

  it("names, settings and keys change, for those whose rank allows it", async () => {
    const { group, all } = await gather("sam", "tove");
    const [sam, tove] = all;
    assert(sam && tove);
    const before = (await info(sam, group)).epoch;
    const { epoch } = await tove.ask<ClientMethods["group-rekey"][1]>("group", "rekey", group);
    assert(epoch.number > before.number);
    const renamed = await sam.ask<ClientMethods["group-rename"][1]>("group", "rename", group, "growers");
    assert.deepEqual(renamed.group, { id: group, name: "growers" });
    const settings = await sam.ask<ClientMethods["group-settings"][1]>(
      "group",
      "settings",
      group,
      "--rekey-days",
      "3",
      "--inviters",
      "member",
    );
    const expected = { name: "growers", password: false, inviters: "member", rekey: { days: 3, messages: 1000 } };
    assert.deepEqual(settings.settings, expected);
    await tove.sync();
    const seen = await tove.ask<ClientMethods["group-settings"][1]>("group", "settings", "growers");
    assert.deepEqual(seen.settings, expected);
    assert.equal((await tove.refused(["group", "rename", group, "mine"])).code, "usage/not-allowed");
    assert.equal((await tove.refused(["group", "role", group, "sam", "member"])).code, "usage/not-allowed");
    assert.equal((await tove.refused(["group", "role", group, "sam", "king"])).exit, 2);
    assert.equal((await tove.refused(["group", "remove", group, "nobody"])).code, "usage/not-found");
  });

  it("an account is deleted: its groups are handed over, and the profile is gone", async () => {
    const { group, all } = await gather("udo", "vera", "wim");
    const [udo, vera, wim] = all;
    assert(udo && vera && wim);
    const { contact } = await udo.whoami();
    const alone = await udo.createGroup("diary");
    assert.equal((await udo.refused(["account", "delete"])).exit, 2);
    const refused = await udo.refused(["account", "delete", "--yes"]);
    assert.deepEqual([refused.code, existsSync(udo.profile)], ["usage/not-allowed", true]);
    const deleted = await udo.ask<{ deleted: boolean } & ClientMethods["account-leave"][1]>(
      "account",
      "delete",
      "--yes",
      "--hand-over-all",
    );
    assert.deepEqual([deleted.deleted, deleted.sent, deleted.withdrawn], [true, true, true]);
    const handed = new Map(deleted.groups.map((each) => [each.group.id, each.handedTo?.name]));
    assert.deepEqual([handed.get(alone), handed.get(group)], [undefined, "vera"]);
    assert.equal(existsSync(udo.profile), false);
    await agree([vera, wim], group, ["vera owner", "wim member"]);
    assert.equal((await udo.refused(["whoami"])).code, "usage/no-profile");
    assert.equal((await vera.refused(["group", "add", group, contact])).code, "usage/not-found");
  });
});
