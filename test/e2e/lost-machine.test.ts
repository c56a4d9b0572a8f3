/**
 * Ana's machine is gone. With her words and the relay she is back on another one: in all her groups, announced, able to
 * read and write; and once she has unlinked the old device, that opens nothing any more.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { RestoredProfile } from "../../src/cli/session.ts";
import type { ClientMethods, DeviceView, MessageView } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("somebody whose machine is lost", function () {
  this.timeout(4 * PATIENCE_MS);
  let scene: Scene;
  let [lost, ben, back]: readonly Person[] = [];
  let listener: Listener;
  let words: string;
  let relay: string;
  const groups: string[] = [];

  const people = () => ({
    lost: lost ?? assert.fail(),
    ben: ben ?? assert.fail(),
    back: back ?? assert.fail(),
    hikes: groups[0] ?? assert.fail(),
  });

  before(async () => {
    scene = await openScene();
    relay = (await scene.relay()).address;
    lost = scene.stranger("Ana");
    words = (await lost.ask<{ recovery: string }>("init", "--name", "Ana", "--relay", relay)).recovery;
    ben = await scene.person("Ben", [relay]);
    back = scene.stranger("Ana");
    for (const name of ["hikes", "books"]) {
      const group = await lost.createGroup(name);
      groups.push(group);
      const inviter = lost.listen();
      await inviter.ready();
      assert.equal((await ben.join(await lost.invite(group))).state, "joined");
      inviter.signal("SIGINT");
      await inviter.ended;
    }
    await lost.send(groups[0] ?? "", "before the loss");
    await lost.sync();
    const { me } = await ben.ask<ClientMethods["verify"][1]>("verify", groups[0] ?? "", "Ana", "--confirm");
    assert.equal(me.name, "Ben");
    listener = ben.listen();
    await listener.ready();
  });
  after(() => scene.end());

  it("is back in all groups with words and relay", async () => {
    const { back: again } = people();
    const args = ["recovery", "restore", "--relay", relay, "--wait", "40"];
    const { code, objects, stdout, stderr } = await again.run(args, words);
    assert.equal(code, 0, `${stdout}${stderr}`);
    const [restored] = objects as readonly RestoredProfile[];
    assert.equal(restored?.name, "Ana");
    assert.deepEqual(restored?.groups.map(({ group, state }) => [group.name, state]).sort(), [
      ["books", "joined"],
      ["hikes", "joined"],
    ]);
  });

  it("is announced to the others, with a warning where she was verified", async () => {
    const { ben: other, hikes } = people();
    const linked = await listener.event("member", ({ change, group }) => change === "linked" && group.id === hikes);
    assert.equal(linked.member?.name, "Ana");
    const warning = await listener.event("warning", ({ code }) => code === "verified-new-device");
    assert.equal(warning.member?.name, "Ana");
    const lines = await other.askAll<{ readonly message: MessageView }>("history", hikes);
    assert(lines.some(({ message }) => message.kind === "system" && message.text === "Ana has a new device"));
    const info = await other.ask<ClientMethods["group-info"][1]>("group", "info", hikes);
    const ana = info.members.find(({ name }) => name === "Ana");
    assert.deepEqual([ana?.devices, ana?.verified, ana?.role], [2, true, "owner"]);
  });

  it("writes and is written to, and cannot read what was written before", async () => {
    const { ben: other, back: again, hikes } = people();
    await again.send(hikes, "I am back");
    await listener.event("message", ({ message }) => message.text === "I am back" && message.from.name === "Ana");
    await other.send(hikes, "welcome back");
    await again.sync();
    assert.deepEqual(
      (await again.history(hikes)).map(({ text }) => text),
      ["I am back", "welcome back"],
    );
  });

  it("unlinks the lost device, which opens nothing that is written afterwards", async () => {
    const { lost: old, ben: other, back: again, hikes } = people();
    await old.sync(); // a thief has read on until now
    const devices = await again.askAll<{ readonly device: DeviceView }>("devices", "list");
    const lostOne = devices.find(({ device }) => !device.current)?.device ?? assert.fail();
    assert.equal(lostOne.groups, 2);
    const done = await again.ask<ClientMethods["device-unlink"][1]>("devices", "unlink", lostOne.device.slice(0, 10));
    assert.deepEqual([done.unlinked.length, done.refused], [2, []]);
    await listener.event("member", ({ change, group }) => change === "unlinked" && group.id === hikes);
    await other.send(hikes, "without the thief");
    await again.sync();
    assert((await again.history(hikes)).some(({ text }) => text === "without the thief"));
    await old.sync();
    const stolen = (await old.history(hikes)).map(({ text }) => text);
    assert(stolen.includes("welcome back") && !stolen.includes("without the thief"));
    const seen = await old.ask<ClientMethods["group-info"][1]>("group", "info", hikes);
    assert.equal(seen.absent?.state, "unlinked");
    const self = await again.refused(["devices", "unlink", (await again.whoami()).device]);
    assert.equal(self.code, "usage/bad-argument");
  });
});
