import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import { agree, gather, info } from "./scene/gathering.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { textsBy } from "./scene/person.ts";
import { stage } from "./scene/stage.ts";

type Listed = { readonly group: ClientMethods["group-list"][1]["groups"][number] };

describe("who is in a group", function () {
  this.timeout(5 * PATIENCE_MS);
  const at = stage();

  it("somebody online is removed: told so at once, sends nothing more, and reads nothing more", async () => {
    const { group, all } = await gather(at, "ana", "ben", "cleo");
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

  it("somebody is removed who is sending at that moment: those who stay have the same messages", async () => {
    const { group, all } = await gather(at, "gus", "hana", "ivo");
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

  it("an owner leaves by handing over, and is out then", async () => {
    const { group, all } = await gather(at, "pia", "quin", "rosa");
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
    const { group, all } = await gather(at, "sam", "tove");
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
});
