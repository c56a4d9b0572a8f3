/** A relay whose disk has no room for a file: it says so and goes on with messages, and the file follows. `npm run test:long -- file-full-relay` */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import type { FileView } from "../../src/client/file-api.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import type { Relay } from "./scene/relay.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { createSmallDisk, type SmallDisk } from "./scene/small-disk.ts";

const MIB = 1_048_576;
/** What is not used for chunks, and room for half of the file. */
const DISK_BYTES = (128 + 8) * MIB;
const FILLER_BYTES = 4 * MIB;
const BYTES = 7 * MIB;

describe("a file for a relay whose disk is full", function () {
  this.timeout(10 * PATIENCE_MS);
  let scene: Scene;
  let relay: Relay;
  let disk: SmallDisk;
  let ana: Person;
  let ben: Person;
  let group: string;
  const path = (name: string): string => join(scene.directory, name);
  const fileBy = async (...args: readonly string[]): Promise<FileView> =>
    (await ana.askAll<{ readonly file: FileView }>(...args)).at(-1)?.file ?? assert.fail("no file");

  before(async function () {
    scene = await openScene();
    relay = await scene.relay();
    await relay.stop();
    disk = await createSmallDisk(join(relay.directory, "chunks"), DISK_BYTES);
    if (disk.needsRestart) this.skip(); // mounting is not allowed here
    await writeFile(join(disk.directory, "filler"), randomBytes(FILLER_BYTES));
    await relay.restart();
    const env = { HERMES_DOWNLOADS: path("downloads"), HERMES_AUTOMATIC_DOWNLOAD_BYTES: "0" };
    [ana, ben] = (await Promise.all(["ana", "ben"].map((name) => scene.person(name, [relay.address], { env })))) as [
      Person,
      Person,
    ];
    group = await ana.createGroup("film club");
    await ana.ask("group", "add", group, (await ben.whoami()).contact);
    await ben.sync();
  });
  after(async () => {
    disk.close();
    await scene.end();
  });

  it("is refused with the reason, messages are not, and the rest follows when there is room", async () => {
    const bytes = randomBytes(BYTES);
    await writeFile(path("film.mkv"), bytes);
    const file = await fileBy("send-file", group, path("film.mkv"), "--wait", "2");
    assert.deepEqual([file.state, /disk is full/.test(file.reason ?? "")], ["sending", true], file.reason);
    assert(file.doneBytes > 0 && file.doneBytes < BYTES, `${file.doneBytes}`);
    assert.equal((await ana.send(group, "it takes a while")).state, "on-relay");
    await disk.free();
    const window = ana.listen();
    if ((await fileBy("files", group)).state !== "sent")
      await window.event("file", (event) => event.file.state === "sent");
    window.signal("SIGINT");
    await window.ended;
    await ben.sync();
    assert.equal((await ben.run(["get-file", group, "film.mkv"])).code, 0);
    const digest = (of: Uint8Array): string => createHash("sha256").update(of).digest("hex");
    assert.equal(digest(await readFile(path("downloads/film.mkv"))), digest(bytes));
  });
});
