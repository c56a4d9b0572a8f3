import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { PATIENCE_MS } from "./scene/hermes-process.ts";
import { textsBy } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { gatherTrio, type Trio } from "./scene/trio.ts";

/** Messages that somebody misses: more than a page, so that the newest come first. */
const MISSED = 400;
/** How often the relay is killed in a chat; `npm run test:long` asks for more. */
const KILLS = Number(process.env["HERMES_KILL_ROUNDS"] ?? 4);
/** Lines of each of two people between two kills. */
const LINES = 3;
/** Longest time that a relay lives before it is killed in the middle of appends (ms). */
const LIFE_MS = 150;

describe("messages to people who are away", function () {
  this.timeout(4 * PATIENCE_MS);
  let scene: Scene;
  let trio: Trio;

  before(async () => {
    scene = await openScene();
    trio = await gatherTrio(scene);
  });
  after(() => scene.end());

  it("arrive after their return, once and in order", async () => {
    const { people, group } = trio;
    const [ana, ben, cleo] = people;
    const said = Array.from({ length: MISSED }, (_, i) => `while cleo is away ${i}`);
    await ana.start(["chat", group], `${said.join("\n")}\n`).ended;
    await ben.send(group, "ben was here");
    const cleoListens = cleo.listen();
    await cleoListens.texts("ana", said);
    await cleoListens.texts("ben", ["ben was here"]);
    cleoListens.signal("SIGINT");
    await cleoListens.ended;
    // nothing is told twice
    const again = cleo.listen();
    await again.event("status", ({ relay }) => relay.state === "connected");
    assert.equal((await cleo.sync()).complete, true);
    assert.deepEqual(
      again.events().filter(({ event }) => event === "message"),
      [],
    );
    assert.deepEqual(textsBy(await cleo.history(group), "ana"), said);
    again.signal("SIGINT");
    await again.ended;
  });

  it("arrive also when the relay was killed and started again in between", async () => {
    const { relay, people, group } = trio;
    const [ana, ben, cleo] = people;
    const stayed = "stored before the kill";
    assert.equal((await ana.send(group, stayed)).state, "on-relay");
    await relay.kill();
    const waiting = await ana.send(group, "written while the relay was dead", "--wait", "1");
    assert.equal(waiting.state, "queued");
    const { peerId, addrs } = await relay.restart();
    assert.deepEqual([peerId, addrs], [relay.peerId, [relay.address]]);
    assert.equal((await ana.sync()).complete, true);
    const all = textsBy(await ana.history(group), "ana");
    assert.deepEqual(all.slice(-2), [stayed, "written while the relay was dead"]);
    await ben.listen().texts("ana", all); // away since the beginning, but for one send
    const cleoListens = cleo.listen();
    await cleoListens.texts("ana", all.slice(-2));
    cleoListens.signal("SIGINT");
    await cleoListens.ended;
  });

  it("are shown also when they were written before what is read already", async () => {
    const { relay, people, group } = trio;
    const [ana, , cleo] = people;
    const dan = await scene.person("dan", [relay.address]);
    await ana.ask("group", "add", group, (await dan.whoami()).contact);
    assert.equal((await dan.sync()).complete, true);
    await relay.kill();
    assert.equal((await dan.send(group, "dan wrote this early", "--wait", "0")).state, "queued");
    await relay.restart();
    for (const text of ["late one", "late two"]) assert.equal((await ana.send(group, text)).state, "on-relay");
    const first = cleo.listen();
    await first.texts("ana", ["late one", "late two"]);
    first.signal("SIGINT");
    await first.ended;
    assert.equal((await dan.sync()).complete, true);
    const second = cleo.listen();
    await second.texts("dan", ["dan wrote this early"]);
    await second.texts("ana", []);
  });
});

describe("a chat through a relay that is killed again and again", function () {
  this.timeout(4 * PATIENCE_MS + KILLS * 10_000);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  it(`loses nothing and shows nothing twice in ${KILLS} kills at random instants`, async () => {
    const { relay, people, group } = await gatherTrio(scene);
    const [ana, ben, cleo] = people;
    const listeners = [ana, ben, cleo].map((person) => person.listen(group));
    const [anaListens, benListens, cleoListens] = listeners;
    assert(anaListens !== undefined && benListens !== undefined && cleoListens !== undefined);
    for (const listener of listeners) await listener.ready(); // what a chat has shown before is read
    const anaChats = ana.start(["chat", group], "open");
    const benChats = ben.start(["chat", group], "open");
    const said: { readonly ana: string[]; readonly ben: string[] } = { ana: [], ben: [] };
    const random = Array.from({ length: KILLS }, () => Math.random());
    for (const [round, part] of random.entries()) {
      for (let line = 1; line <= LINES; line++) {
        said.ana.push(`ana ${round}.${line}`);
        said.ben.push(`ben ${round}.${line}`);
      }
      anaChats.type(`${said.ana.slice(-LINES).join("\n")}\n`);
      benChats.type(`${said.ben.slice(-LINES).join("\n")}\n`);
      await new Promise((resolve) => setTimeout(resolve, part * LIFE_MS)); // the instant is what is random here
      await relay.kill();
      await relay.restart();
      // the clients are back: the next kill meets a chat, not an empty relay
      await cleoListens.texts("ana", said.ana, PATIENCE_MS);
    }
    const why = `kills after ${random.map((part) => Math.round(part * LIFE_MS)).join(", ")} ms`;
    await anaListens.texts("ben", said.ben);
    await benListens.texts("ana", said.ana);
    await cleoListens.texts("ben", said.ben);
    for (const person of people) {
      const messages = await person.history(group);
      assert.deepEqual(textsBy(messages, "ana"), said.ana, why);
      assert.deepEqual(textsBy(messages, "ben"), said.ben, why);
    }
    for (const chat of [anaChats, benChats]) chat.endInput();
    assert.deepEqual([(await anaChats.ended).code, (await benChats.ended).code], [0, 0]);
  });
});
