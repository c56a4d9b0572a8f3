import assert from "node:assert/strict";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { DATABASE_FILE } from "../../relay-node/store-schema.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import { freePort, type Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

/** The relay's key stays, what it stored is gone: a disk that was replaced. */
async function loseDisk({ directory }: Relay): Promise<void> {
  for (const name of await readdir(directory))
    if (name.startsWith(DATABASE_FILE) || name === "relay.instance") await rm(join(directory, name));
}

describe("a relay that loses its disk", function () {
  this.timeout(6 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let ben: Person;
  /** Reaches nobody but the relay, and is away while the others talk. */
  let dora: Person;
  let group: string;
  let windows: readonly Listener[];

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    const [first, second] = [await freePort(), await freePort()];
    const at = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`;
    const env = (own: number, other: number) => ({
      HERMES_NO_LISTEN: undefined,
      HERMES_LISTEN: at(own),
      HERMES_PEERS: at(other),
    });
    ana = await scene.person("ana", [relay.address], { env: env(first, second) });
    ben = await scene.person("ben", [relay.address], { env: env(second, first) });
    dora = await scene.person("dora", [relay.address]);
    group = await ana.createGroup("bakers");
    const link = await ana.invite(group);
    const door = ana.listen();
    for (const each of [ben, dora]) assert.equal((await each.join(link)).state, "joined");
    door.signal("SIGINT");
    await door.ended;
    windows = [ana.listen(), ben.listen()];
    for (const window of windows) await window.event("peer", () => true);
  });
  after(() => scene.end());

  const texts = async (person: Person) => (await person.history(group)).map(({ text }) => text).toSorted();

  it("gets from its members everything that somebody who was away has missed, once", async () => {
    await ana.send(group, "before");
    await windows[1]?.event("message", ({ message }) => message.text === "before");
    await relay.kill();
    await loseDisk(relay);
    const away = ["while away 1", "while away 2", "while away 3"];
    for (const text of away) await ben.send(group, text, "--no-wait");
    await windows[0]?.event("message", ({ message }) => message.text === "while away 3");
    await relay.restart();
    const late = dora.listen();
    for (const text of ["before", ...away]) await late.event("message", ({ message }) => message.text === text);
    late.signal("SIGINT");
    await late.ended;
    for (const person of [ana, ben, dora]) assert.deepEqual(await texts(person), ["before", ...away].toSorted());
  });
});
