/** Members who reach a file's sender only through one of them, without any relay. `npm run test:long -- file-routes` */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import { freePort, type Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

const BYTES = 64 * 1_048_576;

describe("a file for three, of whom one has a way to its sender", function () {
  this.timeout(10 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let people: readonly Person[];
  let group: string;
  const path = (name: string): string => join(scene.directory, name);
  const digest = async (name: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(path(name)))
      .digest("hex");

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    const middle = `/ip4/127.0.0.1/tcp/${await freePort()}`;
    const person = (name: string): Promise<Person> =>
      scene.person(name, [relay.address], {
        env: {
          // only ben can be dialled, and everybody else knows nobody but him
          ...(name === "ben" ? { HERMES_NO_LISTEN: undefined, HERMES_LISTEN: middle } : { HERMES_PEERS: middle }),
          HERMES_AUTOMATIC_DOWNLOAD_BYTES: String(BYTES),
          HERMES_DOWNLOADS: path(`downloads-${name}`),
        },
      });
    people = await Promise.all(["ana", "ben", "cleo", "dave"].map(person));
    const [ana = assert.fail(), ...others] = people;
    group = await ana.createGroup("film club");
    for (const other of others) await ana.ask("group", "add", group, (await other.whoami()).contact);
    for (const other of others) await other.sync();
    await relay.stop();
  });
  after(() => scene.end());

  it("comes to all three through that one", async () => {
    const windows = people.map((each) => each.listen()) as [Listener, Listener, Listener, Listener];
    const [ana, ben, cleo, dave] = windows;
    for (const each of windows) await each.event("peer", ({ peer }) => peer.state === "connected");
    await writeFile(path("film.mkv"), randomBytes(BYTES));
    const [sender = assert.fail()] = people;
    await sender.run(["send-file", group, path("film.mkv"), "--no-wait"]);
    const receivers = [ben, cleo, dave];
    await Promise.all(
      receivers.map((window) => window.event("file", ({ file }) => file.state === "here", 6 * PATIENCE_MS)),
    );
    for (const name of ["ben", "cleo", "dave"])
      assert.equal(await digest(`downloads-${name}/film.mkv`), await digest("film.mkv"));
    await ana.event("file", ({ file }) => file.state === "sent");
    const reached = ana.events().flatMap((event) => (event.event === "peer" ? [event.peer.peerId] : []));
    assert.equal(new Set(reached).size, 1, "the sender has met one of them only");
  });
});
