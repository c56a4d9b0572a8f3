import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import { freePort } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("people who never saw a relay", function () {
  this.timeout(6 * PATIENCE_MS);
  let scene: Scene;
  let group: string;
  const windows = new Map<Person, Listener>();
  /** Who listens at a port of the same address at each start. */
  let ana: Person;
  let ben: Person;
  let cleo: Person;

  before(async () => {
    scene = await openScene();
    const member = async (name: string): Promise<Person> =>
      await scene.person(name, [], {
        env: { HERMES_NO_LISTEN: undefined, HERMES_LISTEN: `/ip4/127.0.0.1/tcp/${await freePort()}` },
      });
    [ana, ben, cleo] = await Promise.all([member("ana"), member("ben"), member("cleo")]);
    for (const each of [ana, ben, cleo]) await open(each);
    group = await ana.createGroup("islanders");
  });
  after(() => scene.end());

  const open = async (person: Person): Promise<void> => {
    const window = person.listen();
    windows.set(person, window);
    await person.whoami(); // answered by whoever owns the profile: both are there now
  };
  const hears = async (person: Person, text: string): Promise<void> => {
    await windows.get(person)?.event("message", ({ message }) => message.text === text);
  };

  /** Members tell their addresses when they have met; `status` says who has. */
  const remembers = async (person: Person, name: string): Promise<void> => {
    for (;;) {
      const told = (await person.status()).members.filter(({ member }) => member.name === name);
      if (told.some(({ addresses }) => addresses > 0)) return;
    }
  };

  it("join by a link that carries the inviter's address, and talk both ways", async () => {
    const link = await ana.invite(group);
    assert.equal((await ben.join(link)).state, "joined");
    await ben.send(group, "ben is here", "--no-wait");
    await hears(ana, "ben is here");
    await ana.send(group, "welcome ben", "--no-wait");
    await hears(ben, "welcome ben");
  });

  it("add somebody by a contact link that carries an address", async () => {
    const { contact } = await cleo.whoami();
    await ana.ask("group", "add", group, contact, "--wait", "20");
    await windows.get(cleo)?.event("member", ({ change }) => change === "added" || change === "joined");
    await cleo.send(group, "cleo is here", "--no-wait");
    await hears(ana, "cleo is here");
  });

  it("remove somebody: those who stay get the new key, and the one who is out hears nothing", async () => {
    const removed = await ana.ask<{ readonly state: string; readonly devices?: number }>(
      "group",
      "remove",
      group,
      "cleo",
    );
    assert.deepEqual([removed.state, removed.devices], ["with-members", 1]);
    await windows.get(ben)?.event("member", ({ change }) => change === "removed");
    await ana.send(group, "among us", "--no-wait");
    await hears(ben, "among us");
    await ben.send(group, "indeed", "--no-wait");
    await hears(ana, "indeed");
    assert.deepEqual(
      (await cleo.history(group)).filter(({ text }) => text === "among us"),
      [],
    );
  });

  it("find each other again where they were before", async () => {
    const window = windows.get(ben);
    await remembers(ben, "ana");
    window?.signal("SIGKILL");
    await window?.ended;
    await open(ben);
    await ben.send(group, "ben is back", "--no-wait");
    await hears(ana, "ben is back");
  });

  it("see each other directly", async () => {
    await windows.get(ben)?.event("peer", ({ peer }) => peer.state === "connected");
    const { relays, peers } = await ben.status();
    assert.deepEqual([relays, [...new Set(peers.map(({ path }) => path))]], [[], ["direct"]]);
  });

  it("are in step with each other, and told whether anybody is there", async () => {
    const done = await ben.sync();
    assert.deepEqual([done.complete, done.unreached], [true, undefined]);
    // cleo is out, but still knows the topic of before, and may have been found there again
    for (const window of [windows.get(ana), windows.get(cleo)]) {
      window?.signal("SIGINT");
      await window?.ended;
    }
    while ((await ben.status()).peers.length > 0);
    const { code, objects } = await ben.run(["sync", "--wait", "1"]);
    const [alone] = objects as readonly Awaited<ReturnType<Person["sync"]>>[];
    assert.deepEqual([code, alone?.complete, alone?.unreached?.map(({ name }) => name)], [1, false, ["islanders"]]);
  });
});
