/** Sender, receiver and relay are killed at random points of a transfer, one after the other, round after round. `npm run test:long -- file-kills` */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Listener, Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";

const ROUNDS = Number(process.env["HERMES_FILE_KILLS"] ?? 3);
const BYTES = 48 * 1_048_576;
/** Within this time (ms) after the beginning of a part of the way somebody dies: as long as that part takes. */
const KILL_WITHIN_MS = 2_500;

describe(`files while processes are killed, ${ROUNDS} rounds`, function () {
  this.timeout(ROUNDS * 4 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let ana: Person;
  let ben: Person;
  let group: string;

  const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
  const path = (name: string): string => join(scene.directory, name);
  const at = (window: Listener, name: string, state: FileView["state"]) =>
    window.event("file", ({ file }) => file.name === name && file.state === state, 3 * PATIENCE_MS);
  /** Kills it at some time from now, and waits for its end. */
  const killSoon = async (one: Pick<HermesProcess, "signal" | "ended">): Promise<number> => {
    const ms = Math.floor(Math.random() * KILL_WITHIN_MS);
    await pause(ms);
    one.signal("SIGKILL");
    await one.ended;
    return ms;
  };

  before(async () => {
    scene = await openScene();
    relay = await scene.relay();
    const env = { HERMES_AUTOMATIC_DOWNLOAD_BYTES: "0", HERMES_DOWNLOADS: path("downloads") };
    [ana, ben] = (await Promise.all(["ana", "ben"].map((name) => scene.person(name, [relay.address], { env })))) as [
      Person,
      Person,
    ];
    group = await ana.createGroup("film club");
    await ana.ask("group", "add", group, (await ben.whoami()).contact);
    await ben.sync();
  });
  after(() => scene.end());

  for (let round = 1; round <= ROUNDS; round++) {
    it(`round ${round}: the file is whole in the end, once, and nothing else is left`, async () => {
      const [name, bytes] = [`round-${round}.bin`, randomBytes(BYTES)];
      await writeFile(path(name), bytes);
      const times = [await killSoon(ana.start(["send-file", group, path(name)]))];
      const isSent = (await ana.askAll<{ file: FileView }>("files", group)).some(({ file }) => file.name === name);
      if (!isSent) await ana.run(["send-file", group, path(name), "--no-wait"]); // it died before there was a message
      times.push(await killSoon(ana.listen()));
      const window = ana.listen();
      await window.ready();
      times.push(await killSoon({ signal: relay.process().signal, ended: relay.process().ended }));
      await relay.restart();
      const files = async (): Promise<FileView | undefined> =>
        (await ana.askAll<{ file: FileView }>("files", group)).find(({ file }) => file.name === name)?.file;
      if ((await files())?.state !== "sent") await at(window, name, "sent");
      window.signal("SIGINT");
      await window.ended;

      await ben.sync();
      times.push(await killSoon(ben.start(["get-file", group, name])));
      const getting = ben.start(["get-file", group, name, "--wait", "60"]);
      times.push(await killSoon({ signal: relay.process().signal, ended: relay.process().ended }));
      await relay.restart();
      assert.equal((await getting.ended).code, 0, `killed after ${times} ms\n${getting.stdout().slice(-2_000)}`);
      assert.equal(digest(await readFile(path(`downloads/${name}`))), digest(bytes), `killed after ${times} ms`);
      const left = (await readdir(path("downloads"))).filter((each) => !/^round-\d+\.bin$/.test(each));
      assert.deepEqual(left, [], `killed after ${times} ms`);
    });
  }
});
