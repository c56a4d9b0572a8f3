/** Fingerprints, marks and own devices, as a screen asks for them. */
import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import type { DeviceView } from "../../src/client/api.ts";
import { isFault } from "../../src/wire/fault.ts";
import { groupOf } from "../sim/conversation.ts";
import type { SimDevice } from "../sim/sim-device.ts";
import { createWorld, people, type World } from "../sim/world.ts";

describe("verifying somebody", function () {
  this.timeout(20_000);
  let world: World;
  let devices: readonly SimDevice[];
  let group: string;

  before(async () => {
    world = await createWorld(1);
    devices = await people(world, "Adelaide", "Bartholomew", "Clementine");
    group = (await groupOf(world, devices)).group;
  });

  const device = (index: number): SimDevice => devices[index] ?? assert.fail();
  const verify = (index: number, member: string, more: { mark?: "verified" | "unverified"; compare?: string } = {}) =>
    world.call(device(index), "verify", { group, member, ...more });
  const fails = (promise: Promise<unknown>, code: string): Promise<void> =>
    assert.rejects(promise, (error) => isFault(error) && error.code === code);

  it("shows one code to the two of them, and another to everybody else", async () => {
    const [seen, mirrored, other] = [
      await verify(0, "Bartholomew"),
      await verify(1, "Adelaide"),
      await verify(2, "Adelaide"),
    ];
    assert.equal(seen.code, mirrored.code);
    assert.notEqual(seen.code, other.code);
    assert.equal(seen.me.fingerprint, mirrored.member.fingerprint);
    assert.equal(seen.member.fingerprint, mirrored.me.fingerprint);
    assert(seen.code.includes(seen.me.fingerprint.replaceAll(" ", "")));
  });

  it("marks nobody whose digits differ, and whoever's agree", async () => {
    const { code } = await verify(1, "Adelaide");
    const marked = async () => {
      const { members } = await world.call(device(0), "group-info", { group });
      return members.filter(({ verified }) => verified).map(({ name }) => name);
    };
    const wrong = code.replace(/.$/, (digit) => String((Number(digit) + 1) % 10));
    await fails(verify(0, "Bartholomew", { mark: "verified", compare: wrong }), "usage/not-allowed");
    await fails(verify(0, "Bartholomew", { mark: "verified", compare: "12 345" }), "usage/bad-argument");
    assert.deepEqual(await marked(), []);
    const spaced = code.replace(/(\d{5})/g, "$1 ");
    const done = await verify(0, "Bartholomew", { mark: "verified", compare: spaced });
    assert.equal(done.member.verified, true);
    assert.deepEqual(await marked(), ["Bartholomew"]);
    await verify(0, "Bartholomew", { mark: "unverified" });
    assert.deepEqual(await marked(), []);
  });

  it("takes a member by name, account or its beginning, and nobody else", async () => {
    const { member } = await verify(0, "Bartholomew");
    for (const name of [member.account, member.account.slice(0, 8)])
      assert.equal((await verify(0, name)).member.name, "Bartholomew");
    await fails(verify(0, "Desmond"), "usage/not-found");
    await fails(verify(0, member.account.slice(0, 3)), "usage/not-found");
    await fails(verify(0, "Adelaide"), "usage/bad-argument");
  });

  it("is beside the list of one's own devices, none of which can unlink itself", async () => {
    const listed: readonly DeviceView[] = (await world.call(device(0), "devices", {})).devices;
    assert.deepEqual(
      listed.map(({ current, unlinked, groups }) => [current, unlinked, groups]),
      [[true, false, 1]],
    );
    await fails(world.call(device(0), "device-unlink", { device: listed[0]?.device ?? "" }), "usage/bad-argument");
    await fails(world.call(device(0), "device-unlink", { device: "0123" }), "usage/not-found");
    await fails(world.call(device(0), "device-unlink", { device: "" }), "usage/not-found");
  });
});
