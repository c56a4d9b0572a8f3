import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { textsBy } from "./scene/person.ts";
import { stage } from "./scene/stage.ts";

describe("coming into a group", function () {
  this.timeout(2 * PATIENCE_MS);
  const at = stage();

  it("by link while the inviter is online: joined at once, and both read each other", async () => {
    const [ana, ben] = await Promise.all(["ana", "ben"].map((name) => at.scene.person(name, [at.relay.address])));
    assert(ana !== undefined && ben !== undefined);
    const group = await ana.createGroup("rowers");
    await ana.send(group, "before ben came");
    const anaListens = ana.listen();
    const joined = await ben.join(await ana.invite(group));
    assert.deepEqual(joined, { group: { id: group, name: "rowers" }, state: "joined" });
    const { member } = await anaListens.event("member", ({ change }) => change === "joined");
    assert.equal(member?.name, "ben");

    const benListens = ben.listen(group);
    await ben.send(group, "hello from ben");
    await anaListens.texts("ben", ["hello from ben"]);
    await ana.send(group, "welcome");
    await benListens.texts("ana", ["welcome"]);
    assert.deepEqual(textsBy(await ben.history(group), "ana"), ["welcome"], "nothing from before the join");
    const info = await ben.ask<{ members: readonly { name: string; role: string }[] }>("group", "info", "rowers");
    assert.deepEqual(info.members.map(({ name, role }) => `${name} ${role}`).sort(), ["ana owner", "ben member"]);
    assert.deepEqual(await ben.join(await ana.invite(group)), joined, "joining again changes nothing");
  });

  it("by link while everybody is away: pending, and joined by itself once an admin is there", async () => {
    const [dora, emil] = await Promise.all(["dora", "emil"].map((name) => at.scene.person(name, [at.relay.address])));
    assert(dora !== undefined && emil !== undefined);
    const group = await dora.createGroup("night owls");
    const link = await dora.invite(group);
    const asked = await emil.join(link, 1);
    assert.deepEqual([asked.group.id, asked.state], [group, "pending"]);

    // emil is away again; dora comes, lets him in and writes; then emil comes back
    const doraListens = dora.listen();
    await doraListens.event("member", ({ change, member }) => change === "joined" && member?.name === "emil");
    assert.equal((await dora.send(group, "come in")).state, "on-relay");
    doraListens.signal("SIGINT");
    await doraListens.ended;
    const emilListens = emil.listen();
    await emilListens.texts("dora", ["come in"]);
    assert.equal((await emil.send(group, "thank you")).state, "on-relay");
    assert.equal((await emil.join(link)).state, "joined");
    const back = dora.listen();
    await back.texts("emil", ["thank you"]);
  });

  it("by contact while away: the newcomer comes online later and reads what was said since", async () => {
    const [fay, gus] = await Promise.all(["fay", "gus"].map((name) => at.scene.person(name, [at.relay.address])));
    assert(fay !== undefined && gus !== undefined);
    const { contact, account } = await gus.whoami();
    const group = await fay.createGroup("choir");
    await fay.send(group, "before gus was added");
    const added = await fay.ask("group", "add", "choir", contact);
    assert.deepEqual(added, { group: { id: group, name: "choir" }, member: { account, name: "gus", role: "member" } });
    for (const text of ["first rehearsal is on Monday", "bring water"]) await fay.send(group, text);

    const gusListens = gus.listen();
    await gusListens.texts("fay", ["first rehearsal is on Monday", "bring water"]);
    assert.equal((await gus.send(group, "I will be there")).state, "on-relay");
    const fayListens = fay.listen(group);
    await fayListens.texts("gus", ["I will be there"]);
    const again = await fay.refused(["group", "add", group, account]);
    assert.deepEqual([again.exit, again.code], [1, "usage/not-allowed"]);
  });

  it("while a member is away: what that member writes first after coming back is for the newcomer too", async () => {
    const [kai, lea, mia] = await Promise.all(
      ["kai", "lea", "mia"].map((name) => at.scene.person(name, [at.relay.address])),
    );
    assert(kai !== undefined && lea !== undefined && mia !== undefined);
    const group = await kai.createGroup("ferry");
    await kai.ask("group", "add", group, (await lea.whoami()).contact);
    assert.equal((await lea.sync()).complete, true);
    await kai.ask("group", "add", group, (await mia.whoami()).contact); // lea is away
    const miaListens = mia.listen();
    await miaListens.event("member", () => true);
    assert.equal((await lea.send(group, "hello to all three")).state, "on-relay");
    await miaListens.texts("lea", ["hello to all three"]);
  });

  it("by contact of somebody whom no relay knows: refused with what to do", async () => {
    const [hana] = await Promise.all([at.scene.person("hana", [at.relay.address])]);
    const group = await hana.createGroup("chess");
    const loner = await at.scene.person("loner", []); // never spoke to a relay
    const { contact } = await loner.whoami();
    const { exit, code, message } = await hana.refused(["group", "add", group, contact]);
    assert.deepEqual([exit, code], [1, "usage/not-found"]);
    assert.match(message, /start Hermes once with the same relay/);
  });
});
