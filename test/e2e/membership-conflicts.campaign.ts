/** The longer stories: `npm run test:long -- membership-conflicts`. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import { agree, gather } from "./scene/gathering.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { textsBy } from "./scene/person.ts";
import { stage } from "./scene/stage.ts";

describe("who is in a group, with many commands", function () {
  this.timeout(5 * PATIENCE_MS);
  const at = stage();

  it("somebody offline is removed: learns it when back, before anything is sent", async () => {
    const { group, all } = await gather(at, "dora", "emil", "fay");
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

  it("two admins cannot remove each other, and are told who can", async () => {
    const { group, all } = await gather(at, "jan", "kim", "lou");
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
    const { group, all } = await gather(at, "mia", "nils", "olga");
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

  it("an account is deleted: its groups are handed over, and the profile is gone", async () => {
    const { group, all } = await gather(at, "udo", "vera", "wim");
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
