import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ClientMethod, ClientMethods } from "../../src/client/api.ts";
import { isFault } from "../../src/wire/fault.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people } from "../sim/world.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Ann's group with Ben and Cleo, and calls in it. */
async function club() {
  const world = await createWorld(4);
  const devices = await people(world, "Ann", "Ben", "Cleo");
  const [ann, ben, cleo] = devices;
  assert(ann && ben && cleo);
  const { group } = await world.call(ann, "group-create", { name: "club" });
  for (const each of [ben, cleo]) {
    const { contact } = await world.call(each, "whoami", {});
    await world.call(ann, "group-add", { group: group.id, account: contact });
  }
  await world.settle();
  const call = <M extends ClientMethod>(device: SimDevice, method: M, params: Omit<ClientMethods[M][0], "group">) =>
    world.call(device, method, { group: group.id, ...params } as ClientMethods[M][0]);
  const refused = async (promise: Promise<unknown>): Promise<readonly [string, string]> => {
    const error: unknown = await promise.then(
      () => assert.fail("it was allowed"),
      (reason: unknown) => reason,
    );
    assert(isFault(error), String(error));
    return [error.code, error.message];
  };
  return { world, ann, ben, cleo, group: group.id, call, refused };
}

describe("calls that change a group", () => {
  it("say which rank they take, and name nobody", async () => {
    const { world, ann, ben, cleo, call, refused } = await club();
    await call(ann, "group-role", { member: "Ben", role: "admin" });
    await world.settle();
    const cases: readonly (readonly [Promise<unknown>, RegExp])[] = [
      [call(cleo, "group-remove", { member: "Ben" }), /^removing an admin takes the owner/],
      [call(ben, "group-remove", { member: "Ann" }), /^removing the owner nobody can do/],
      [call(cleo, "group-rename", { name: "mine" }), /^renaming the group takes an admin or the owner/],
      [call(cleo, "group-settings", { inviters: "member" }), /^changing the settings takes an admin/],
      [call(ben, "group-settings", { inviters: "owner" }), /^changing the settings takes the owner/],
      [call(ben, "group-role", { member: "Cleo", role: "admin" }), /^making this member an admin takes the owner/],
      [call(ben, "group-role", { member: "Cleo", role: "owner" }), /^handing the group over takes the owner/],
      [call(cleo, "group-role", { member: "Cleo", role: "admin" }), /^ranking oneself higher takes/],
      [call(ann, "group-role", { member: "Ann", role: "admin" }), /^a group has to have an owner/],
      [call(cleo, "group-add", { account: "00".repeat(32) }), /^adding somebody takes an admin/],
      [call(ann, "group-leave", {}), /^you own this group and others are in it/],
    ];
    for (const [promise, sentence] of cases) {
      const [code, message] = await refused(promise);
      assert.equal(code, "usage/not-allowed", message);
      assert.match(message, sentence);
      assert.doesNotMatch(message, /Ann|Ben|Cleo/);
    }
  });

  it("take nothing for what is so already", async () => {
    const { ann, call, refused } = await club();
    const again = await refused(call(ann, "group-role", { member: "Ben", role: "member" }));
    assert.equal(again[0], "usage/not-allowed");
    assert.equal((await refused(call(ann, "group-remove", { member: "Ann" })))[0], "usage/bad-argument");
    const settings = await call(ann, "group-settings", {});
    assert.deepEqual([settings.settings.inviters, "state" in settings], ["admin", false]);
    assert.equal((await refused(call(ann, "group-remove", { member: "Dan" })))[0], "usage/not-found");
  });

  it("end the waiting for a group that one has asked to join", async () => {
    const { world, ann, call, group, refused } = await club();
    const dan = await world.addDevice("Dan");
    const { link } = await call(ann, "group-invite", {});
    ann.crash();
    await world.call(dan, "group-join", { link, waitMs: 0 });
    const states = async () => (await world.call(dan, "group-list", {})).groups.map(({ state }) => state);
    assert.deepEqual(await states(), ["pending"]);
    const { group: cancelled } = await world.call(dan, "group-cancel", { group: group.slice(0, 8) });
    assert.deepEqual([cancelled.id, await states()], [group, []]);
    assert.equal((await refused(world.call(dan, "group-cancel", { group })))[0], "usage/not-found");
  });

  it("list a group once that one was removed from and asks to be let in to again, and say what was answered", async () => {
    const { world, ann, ben, call } = await club();
    await call(ann, "group-remove", { member: "Ben" });
    await world.settle();
    const { link } = await call(ann, "group-invite", {});
    await assert.rejects(world.call(ben, "group-join", { link }), { code: "usage/not-allowed" });
    const { groups } = await world.call(ben, "group-list", {});
    assert.deepEqual(
      groups.map(({ name, state, asked, refusal }) => [name, state, asked, refusal?.code]),
      [["club", "removed", true, "usage/not-allowed"]],
    );
    const { refused: told = [] } = await world.call(ben, "sync", {});
    assert.deepEqual(
      told.map(({ group, message }) => [group.name, message]),
      [["club", groups[0]?.refusal?.message]],
    );
  });

  it("tell whoever learns later that they are not let in why, in the list and after each sync", async () => {
    const { world, ann, call } = await club();
    const dan = await world.addDevice("Dan");
    const { link } = await call(ann, "group-invite", {});
    const [terms] = (await call(ann, "group-invites", {})).invites;
    await call(ann, "group-revoke", { invite: terms?.id ?? "" });
    assert.equal((await world.call(dan, "group-join", { link, waitMs: 0 })).state, "pending");
    await world.settle();
    const [listed] = (await world.call(dan, "group-list", {})).groups;
    assert.deepEqual([listed?.state, listed?.refusal?.code], ["refused", "usage/expired"]);
    assert.match(listed?.refusal?.message ?? "", /^this invite was closed/);
    for (let i = 0; i < 2; i++) {
      const { refused = [] } = await world.call(dan, "sync", {});
      assert.deepEqual(refused, [{ group: { id: listed?.id, name: "" }, ...listed?.refusal }]);
    }
  });

  it("let a member give up its rank, and an owner hand over", async () => {
    const { world, ann, ben, cleo, call } = await club();
    await call(ann, "group-role", { member: "Ben", role: "owner" });
    await world.settle();
    await call(ann, "group-role", { member: "Ann", role: "member" });
    await world.settle();
    const { members } = await call(cleo, "group-info", {});
    const ranks = members.map(({ name, role }) => `${name} ${role}`).sort();
    assert.deepEqual(ranks, ["Ann member", "Ben owner", "Cleo member"]);
    await call(ben, "group-leave", { handOver: "Cleo" });
    await world.settle();
    const after = (await call(cleo, "group-info", {})).members.map(({ name, role }) => `${name} ${role}`).sort();
    assert.deepEqual(after, ["Ann member", "Cleo owner"]);
    assert.equal((await call(ben, "group-info", {})).absent?.state, "left");
  });

  it("tell whoever was removed why nothing goes any more", async () => {
    const { world, ann, ben, call, refused } = await club();
    await call(ann, "group-remove", { member: "Ben" });
    await world.settle();
    for (const promise of [
      call(ben, "send", { text: "hello?" }),
      call(ben, "group-invite", {}),
      call(ben, "group-leave", {}),
    ]) {
      const [code, message] = await refused(promise);
      assert.equal(code, "usage/not-allowed");
      assert.match(message, /^you were removed from this group/);
    }
    const [listed] = (await world.call(ben, "group-list", {})).groups;
    assert.equal(listed?.state, "removed");
  });
});

describe("links as they are listed", () => {
  it("end when they expire, are closed or used up, and are forgotten a week later", async () => {
    const { world, ann, ben, call, refused } = await club();
    const states = async () => (await call(ann, "group-invites", {})).invites.map(({ state }) => state);
    await call(ann, "group-invite", { expiresInMs: DAY_MS });
    await call(ann, "group-invite", { expiresInMs: 2 * DAY_MS, role: "admin" });
    const [later] = (await call(ann, "group-invites", {})).invites;
    assert.deepEqual([later?.role, later?.left, later?.by.name], ["admin", 1_000, "Ann"]);
    assert.deepEqual(await states(), ["open", "open"]);
    await world.settle();
    assert.equal((await refused(call(ben, "group-revoke", { invite: later?.id ?? "" })))[0], "usage/not-allowed");
    await call(ann, "group-revoke", { invite: later?.id ?? "" });
    assert.deepEqual(await states(), ["revoked", "open"]);
    await world.settle(DAY_MS);
    assert.deepEqual(await states(), ["revoked", "expired"]);
    await world.settle(8 * DAY_MS);
    assert.deepEqual(await states(), []);
  });
});

describe("leaving for good", () => {
  it("leaves nothing to do when it was alone, and hands over what others are in", async () => {
    const { world, ann, ben, cleo, call, refused } = await club();
    await world.call(ann, "group-create", { name: "diary" });
    assert.equal((await refused(world.call(ann, "account-leave", {})))[0], "usage/not-allowed");
    assert.equal((await world.call(ann, "group-list", {})).groups.length, 2);
    const { groups, sent, withdrawn } = await world.call(ann, "account-leave", { handOverAll: true });
    const left = groups.map(({ group, handedTo }) => [group.name, handedTo?.name]).sort();
    assert.deepEqual(left, [
      ["club", "Ben"],
      ["diary", undefined],
    ]);
    assert.deepEqual([sent, withdrawn], [true, true]);
    await world.settle();
    const { members } = await call(cleo, "group-info", {});
    assert.deepEqual(members.map(({ name, role }) => `${name} ${role}`).sort(), ["Ben owner", "Cleo member"]);
    const { contact } = await world.call(ann, "whoami", {});
    assert.equal((await refused(call(ben, "group-add", { account: contact })))[0], "usage/not-found");
  });
});
