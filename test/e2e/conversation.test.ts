import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import { type Listener, type Person, textsBy } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";
import { gatherTrio, type Trio } from "./scene/trio.ts";

/** Lines of each person in the burst. */
const BURST = 200;
/** Most bytes of UTF-8 in one text. */
const TEXT_MAX_BYTES = 60_000;
const CLOVER = "🍀";

describe("three people in a group", function () {
  this.timeout(4 * PATIENCE_MS);
  let scene: Scene;
  let trio: Trio;

  before(async () => {
    scene = await openScene();
    trio = await gatherTrio(scene);
  });
  after(() => scene.end());

  /** Everybody's listener; the profiles are theirs until `leave`. */
  function everybodyListens(): readonly Listener[] {
    return trio.people.map((person) => person.listen(trio.group));
  }

  async function leave(processes: readonly HermesProcess[]): Promise<void> {
    for (const one of processes) one.signal("SIGINT");
    for (const one of processes) assert.equal((await one.ended).code, 0);
  }

  /** What each of the others hears of each person, and what all three find in their history afterwards. */
  async function assertEverywhere(listeners: readonly Listener[], texts: readonly (readonly string[])[]) {
    for (const [speaker, expected] of texts.entries()) {
      const from = trio.people[speaker]?.name ?? "";
      for (const [at, listener] of listeners.entries()) if (at !== speaker) await listener.texts(from, expected);
    }
    for (const person of trio.people) {
      const messages = await person.history(trio.group);
      for (const [speaker, expected] of texts.entries()) {
        const said = textsBy(messages, trio.people[speaker]?.name ?? "");
        assert.deepEqual(said.slice(-expected.length), expected, `in the history of ${person.name}`);
      }
    }
  }

  it("chat: every message comes to all three, in each sender's order", async () => {
    const listeners = everybodyListens();
    const texts = trio.people.map(({ name }) => [1, 2, 3].map((n) => `${name} says ${n}`));
    const speak = async (person: Person, mine: readonly string[]): Promise<void> => {
      for (const text of mine) assert.match((await person.send(trio.group, text)).state, /^(on-relay|delivered)$/);
    };
    await Promise.all(trio.people.map((person, i) => speak(person, texts[i] ?? [])));
    await assertEverywhere(listeners, texts);
    await leave(listeners);
  });

  it(`send ${BURST} messages each at once: all arrive at all, in each sender's order`, async () => {
    const texts = trio.people.map(({ name }) => Array.from({ length: BURST }, (_, i) => `${name}, burst ${i + 1}`));
    const chats = trio.people.map((person) => person.start(["chat", trio.group], "open"));
    const listeners = everybodyListens();
    for (const listener of listeners) await listener.ready(); // what a chat has shown before is read
    for (const [i, chat] of chats.entries()) chat.type(`${texts[i]?.join("\n")}\n`);
    await assertEverywhere(listeners, texts);
    await leave(listeners);
    for (const chat of chats) chat.endInput();
    for (const chat of chats) assert.equal((await chat.ended).code, 0);
  });

  it("send a text of exactly 60,000 bytes, of one byte or of four bytes a letter, and it arrives intact", async () => {
    const texts = ["x".repeat(TEXT_MAX_BYTES), CLOVER.repeat(TEXT_MAX_BYTES / 4)];
    const [ana, ben] = trio.people;
    const listener = ben.listen(trio.group);
    for (const text of texts) {
      const { code, stdout } = await ana.run(["send", trio.group], text);
      assert.equal(code, 0, stdout);
    }
    await listener.texts("ana", texts);
    await leave([listener]);
  });

  it("are told when a text is longer than 60,000 bytes: it is refused whole, with the reason and what to do instead", async () => {
    const [ana] = trio.people;
    const ids = async () => (await ana.history(trio.group)).map(({ id }) => id); // who has them changes meanwhile
    const before = await ids();
    for (const text of ["x".repeat(TEXT_MAX_BYTES + 1), `x${CLOVER.repeat(TEXT_MAX_BYTES / 4)}`, "y".repeat(200_000)]) {
      const { exit, code, message } = await ana.refused(["send", trio.group], text);
      assert.deepEqual([exit, code], [2, "usage/too-long"]);
      assert.match(message, new RegExp(`${Buffer.byteLength(text)} bytes.*60000`));
      assert.match(message, /shorten it, or send it in several messages/);
    }
    assert.deepEqual(await ids(), before);
    assert.equal((await ana.status()).outbox, 0);
  });
});
