import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

type Relays = ClientMethods["group-relays"][1];

describe("a group with several relays", function () {
  this.timeout(6 * PATIENCE_MS);
  let scene: Scene;
  let old: Relay;
  let fresh: Relay;
  let ana: Person;
  let ben: Person;
  /** Knows of the old relay only, and is away while the group moves. */
  let dora: Person;
  let group: string;
  let ears: Listener;

  before(async () => {
    scene = await openScene();
    [old, fresh] = await Promise.all([scene.relay(), scene.relay()]);
    [ana, ben, dora] = await Promise.all([
      scene.person("ana", [old.address]),
      scene.person("ben", [old.address]),
      scene.person("dora", [old.address]),
    ]);
    group = await ana.createGroup("sailors");
    const link = await ana.invite(group);
    const door = ana.listen();
    for (const each of [ben, dora]) assert.equal((await each.join(link)).state, "joined");
    door.signal("SIGINT");
    await door.ended;
    ears = ben.listen();
    await ears.ready();
  });
  after(() => scene.end());

  const addressesOf = ({ relays }: Relays) => relays.map(({ address }) => address);
  const use = async (person: Person, relay: Relay) =>
    (await person.status()).relays.find(({ address }) => address === relay.address);

  it("gets another one, which all members use from then on", async () => {
    const done = await ana.ask<Relays>("group", "relays", group, "--add", fresh.address);
    assert.deepEqual(addressesOf(done), [old.address, fresh.address]);
    assert.equal(done.state, "on-relay");
    await ears.event("status", ({ relay }) => relay.address === fresh.address && relay.state === "connected");
    const sailors = [{ id: group, name: "sailors" }];
    assert.deepEqual(await use(ben, fresh).then((found) => [found?.own, found?.serves]), [false, sailors]);
    assert.deepEqual(await use(ben, old).then((found) => [found?.own, found?.serves]), [true, sailors]);
  });

  it("goes on over one of them when the other dies", async () => {
    await old.kill();
    assert.equal((await ana.send(group, "through the new one")).state, "on-relay");
    await ears.event("message", ({ message }) => message.text === "through the new one");
    await old.restart();
  });

  it("moves, and somebody who was away finds the new relay through the old one", async () => {
    const done = await ana.ask<Relays>("group", "relays", group, "--remove", old.peerId);
    assert.deepEqual(addressesOf(done), [fresh.address]);
    assert.deepEqual(
      done.former.map(({ address }) => address),
      [old.address],
    );
    await ears.event("member", ({ change }) => change === "settings");
    const late = dora.listen();
    await late.event("status", ({ relay }) => relay.address === fresh.address && relay.state === "connected");
    await late.event("message", ({ message }) => message.text === "through the new one");
    assert.deepEqual(await use(dora, old).then((found) => [found?.own, found?.serves, found?.formerly.length]), [
      true,
      [],
      1,
    ]);
    await old.kill();
    await ana.send(group, "without the old one");
    await late.event("message", ({ message }) => message.text === "without the old one");
  });

  it("keeps its last relay, and refuses what is none", async () => {
    const asked = ["group", "relays", group];
    assert.equal((await ana.refused([...asked, "--remove", fresh.address])).code, "usage/not-allowed");
    assert.equal((await ana.refused([...asked, "--remove", "nobody"])).code, "usage/not-found");
    assert.equal((await ana.refused([...asked, "--add", "/ip4/127.0.0.1/tcp/1"])).code, "usage/bad-argument");
    assert.equal((await ben.refused([...asked, "--add", old.address])).code, "usage/not-allowed");
    assert.deepEqual(addressesOf(await ben.ask<Relays>(...asked)), [fresh.address]);
  });

  it("lets somebody in who had no relay, found one, and is away", async () => {
    const zoe = await scene.person("zoe", []);
    const done = await zoe.ask<ClientMethods["relays"][1]>("relays", "--add", fresh.address);
    assert.deepEqual([done.state, done.relays.map(({ state }) => state), done.former], ["on-relay", ["connected"], []]);
    const { contact } = await zoe.whoami();
    await ana.ask("group", "add", group, contact, "--wait", "20");
    assert.deepEqual((await zoe.refused(["relays", "--remove", fresh.address])).code, "usage/not-allowed");
  });
});
