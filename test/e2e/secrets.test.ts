import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { fromHex } from "../../src/wire/text-forms.ts";
import { formsOf, formsOfText, type Needle, scanFiles, scanMemory } from "./scene/byte-scan.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { openScene, PASSPHRASE, type Scene } from "./scene/scene.ts";
import { gatherTrio, type Trio } from "./scene/trio.ts";

/** Words that occur nowhere else, so that whatever is found is ours. */
const NAMES = ["Philippa Quillfeather", "Bartholomew Oxbow", "Clementine Rookwood"] as const;
const GROUP = "Society of Nocturnal Bellringers";
const TEXT = "the brass heron leaves the lighthouse at dusk";
/** What the relay has been told to call itself: it must be found where the secrets are looked for. */
const CONTROL = "relay-with-a-copper-weathervane";
/** A running relay has more than this in memory; a scan of less has missed most of it. */
const MEMORY_LEAST_BYTES = 30 * 1_048_576;

describe("what others can read", function () {
  this.timeout(3 * PATIENCE_MS);
  let scene: Scene;
  let trio: Trio;
  let secrets: readonly Needle[];

  before(async () => {
    scene = await openScene();
    const config = join(scene.directory, "relay.jsonc");
    await writeFile(config, JSON.stringify({ name: CONTROL }));
    trio = await gatherTrio(scene, { names: NAMES, groupName: GROUP, relayArgs: ["--config", config] });
    const [ana, , cleo] = trio.people;
    await ana.send(trio.group, TEXT);
    const listener = cleo.listen();
    await listener.texts(NAMES[0], [TEXT]);
    listener.signal("SIGINT");
    await listener.ended;
    const accounts = await Promise.all(trio.people.map((person) => person.whoami()));
    secrets = [
      ...formsOfText("the text", TEXT),
      ...formsOfText("the group's name", GROUP),
      ...NAMES.flatMap((name) => formsOfText("a display name", name)),
      ...accounts.flatMap(({ account }) => formsOf("an account key", fromHex(account) ?? new Uint8Array())),
      ...formsOf("the group's id", fromHex(trio.group) ?? new Uint8Array()),
    ];
  });
  after(() => scene.end());

  it("the relay's files hold no text, name, account or group, and a planted text is found there", async () => {
    const { directory } = trio.relay;
    assert.deepEqual(await scanFiles(directory, secrets), []);
    await writeFile(join(directory, "planted"), `xx${Buffer.from(`y${TEXT}`).toString("base64")}`);
    assert.notDeepEqual(await scanFiles(directory, secrets), []);
  });

  it("the relay's memory holds none of them while it serves, and its own name is found there", async function () {
    if (process.platform !== "linux") this.skip(); // other systems let nobody read the memory of a process as a file
    const [ana, ben] = trio.people;
    const listener = ben.listen();
    const { message } = await ana.send(trio.group, TEXT);
    await listener.event("message", (event) => event.message.id === message.id);
    const control = formsOfText("the relay's name", CONTROL);
    const { found, scannedBytes } = await scanMemory(trio.relay.process().pid, [...secrets, ...control]);
    assert(scannedBytes > MEMORY_LEAST_BYTES, `only ${scannedBytes} bytes were scanned`);
    assert(found.includes("the relay's name"), "the scan does not see what is there");
    assert.deepEqual(
      found.filter((what) => !what.startsWith("the relay's name")),
      [],
    );
    // the same scan finds the text in the process of somebody who may read it
    const reader = await scanMemory(listener.pid, secrets);
    assert(reader.found.includes("the group's name"), "the forms that are looked for are not those in use");
    listener.signal("SIGINT");
    await listener.ended;
  });

  it("the files of a profile hold none of them, nor the passphrase, in use or not, and a planted text is found", async () => {
    const [ana] = trio.people;
    const all = [...secrets, ...formsOfText("the passphrase", PASSPHRASE)];
    assert.deepEqual(await scanFiles(ana.profile, all), []);
    const listener = ana.listen();
    await ana.send(trio.group, TEXT);
    assert.deepEqual(await scanFiles(ana.profile, all), []);
    listener.signal("SIGKILL"); // leaves its write-ahead log behind
    await listener.ended;
    assert.deepEqual(await scanFiles(ana.profile, all), []);
    const planted = join(scene.directory, "planted");
    await writeFile(join(ana.profile, "planted"), Buffer.from(TEXT, "utf16le"));
    assert.deepEqual(await scanFiles(ana.profile, all), ["the text in UTF-16 in planted"], planted);
  });

  it("arguments and environment of no process hold the passphrase when it comes from a file", async function () {
    if (process.platform !== "linux") this.skip(); // there is no /proc elsewhere
    const [, ben] = trio.people;
    const file = join(scene.directory, "passphrase");
    await writeFile(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const withFile = { HERMES_PASSPHRASE: undefined };
    const args = ["listen", "--passphrase-file", file];
    const processes = [ben.start(args, undefined, withFile), ben.start(args, undefined, withFile)];
    for (const one of processes) {
      await one.until("any event", (objects) => objects[0]);
      for (const name of ["cmdline", "environ"]) {
        const text = await readFile(`/proc/${one.pid}/${name}`, "utf8");
        assert.notEqual(text, "");
        assert(!text.includes(PASSPHRASE), `${name} holds the passphrase`);
      }
    }
  });
});
