/**
 * Members whose client does what ours would not: built from the real protocol, in processes of their own. Many commands
 * each: `npm run test:long -- misbehaving-members`.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { after, before, describe, it } from "mocha";
import type { ClientMethods } from "../../src/client/api.ts";
import { gather } from "./scene/gathering.ts";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { stage } from "./scene/stage.ts";

/** Fetches until just these texts are there, in any order: missing keys are asked for, and groups re-keyed, in their time. */
async function hears(person: Person, group: string, expected: readonly string[]): Promise<void> {
  const until = Date.now() + 4 * PATIENCE_MS;
  for (;;) {
    const texts = (await person.history(group)).map(({ text }) => text).sort();
    if (JSON.stringify(texts) === JSON.stringify([...expected].sort())) return;
    if (Date.now() > until) assert.deepEqual(texts, [...expected].sort(), person.name);
    await person.sync();
  }
}

const PROGRAM = fileURLToPath(new URL("./scene/misbehaviour.ts", import.meta.url));

describe("a member that misbehaves", function () {
  this.timeout(20 * PATIENCE_MS);
  const at = stage();

  async function misbehave(profile: string, group: string, deed: string): Promise<void> {
    const env = { ...process.env, ...at.scene.env };
    await promisify(execFile)(process.execPath, ["--import", "tsx", PROGRAM, profile, group, deed], { env });
  }

  const members = async (person: Person, group: string) =>
    (await person.ask<ClientMethods["group-info"][1]>("group", "info", group)).members.map(({ name }) => name).sort();

  it("signs a re-key and delivers it to nobody: the others go on talking", async () => {
    const { group, all } = await gather(at, "ana", "ben", "vic");
    const [ana, ben, vic] = all;
    assert(ana && ben && vic);
    await misbehave(vic.profile, group, "rekey-for-nobody");
    await vic.sync();
    await ana.send(group, "is anybody there?");
    await hears(ben, group, ["is anybody there?"]);
    await ben.send(group, "I am");
    for (const each of [ana, ben, vic]) await hears(each, group, ["is anybody there?", "I am"]);
  });

  it("floods the group with entries: the others change the group and talk as before", async () => {
    const { group, all } = await gather(at, "cleo", "dan", "vera");
    const [cleo, dan, vera] = all;
    assert(cleo && dan && vera);
    await misbehave(vera.profile, group, "flood");
    await vera.sync();
    await cleo.ask("group", "remove", group, "vera");
    await cleo.send(group, "peace at last");
    await hears(dan, group, ["peace at last"]);
    assert.deepEqual(await members(dan, group), ["cleo", "dan"]);
  });

  it("was an admin, is removed, and signs a counter-removal dated back: nobody obeys", async () => {
    const { group, all } = await gather(at, "emil", "fay", "viola");
    const [emil, fay, viola] = all;
    assert(emil && fay && viola);
    await emil.ask("group", "role", group, "viola", "admin");
    await viola.sync();
    const copy = join(at.scene.directory, "viola-before");
    await cp(viola.profile, copy, { recursive: true });
    await emil.ask("group", "remove", group, "viola");
    await misbehave(copy, group, "remove-the-founder").catch(() => undefined); // an admin may not, and the rules say so
    const past = at.scene.stranger("viola", { directory: copy });
    await past.run(["sync"]);
    await emil.send(group, "still here");
    await hears(fay, group, ["still here"]);
    assert.deepEqual(await members(fay, group), ["emil", "fay"]);
  });
});

describe("two halves of a network", function () {
  this.timeout(20 * PATIENCE_MS);
  let scene: Scene;

  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  it("whose admins each add somebody are one group once it is whole, and all four talk", async () => {
    const [one, other] = [await scene.relay(), await scene.relay()];
    const addresses = [one.address, other.address];
    const people = await Promise.all(["gus", "hana", "ivo", "jo"].map((name) => scene.person(name, addresses)));
    const [gus, hana, ivo, jo] = people;
    assert(gus && hana && ivo && jo);
    const group = await gus.createGroup("bridge");
    await gus.ask("group", "add", group, (await hana.whoami()).contact);
    await gus.ask("group", "role", group, "hana", "admin");
    await hana.sync();
    const [ivos, jos] = [(await ivo.whoami()).contact, (await jo.whoami()).contact];
    await other.kill();
    await ivo.sync(); // each is known in its own half
    await gus.ask("group", "add", group, ivos);
    await one.kill();
    await other.restart();
    await jo.sync();
    await hana.ask("group", "add", group, jos);
    await one.restart();
    for (const each of [...people, ...people]) await each.sync(); // the second round brings what the first made known
    for (const each of people) await each.send(group, `${each.name} is here`);
    for (const each of people)
      await hears(
        each,
        group,
        people.map(({ name }) => `${name} is here`),
      );
  });
});
