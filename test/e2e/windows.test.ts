import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { ClientEvent } from "../../src/client/event-api.ts";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import type { Person } from "./scene/person.ts";
import { openScene, type Scene } from "./scene/scene.ts";

describe("two windows on one profile", function () {
  this.timeout(2 * PATIENCE_MS);
  let scene: Scene;
  let ana: Person;
  let group: string;

  before(async () => {
    scene = await openScene();
    ana = await scene.person("ana", [(await scene.relay()).address]);
    group = await ana.createGroup("windows");
  });
  after(() => scene.end());

  const messagesOf = ({ objects }: HermesProcess): readonly { readonly text: string; readonly state?: string }[] =>
    (objects as readonly ClientEvent[]).flatMap((event) => (event.event === "message" ? [event.message] : []));
  const textsOf = (chat: HermesProcess): readonly string[] => messagesOf(chat).map(({ text }) => text);
  const sees = (chat: HermesProcess, text: string): Promise<true> =>
    chat.until(`the text ${text}`, () => (textsOf(chat).includes(text) ? true : undefined));

  it("show each other's messages, marked as our own, and none of their own; a listener shows neither", async () => {
    const [first, second, bot] = [
      ana.start(["chat", group], "open"),
      ana.start(["chat", group], "open"),
      ana.listen(group),
    ];
    for (const each of [first, second, bot]) await each.until("an event", ([event]) => event);
    first.type("typed in the first\n");
    await sees(second, "typed in the first");
    second.type("typed in the second\n");
    await sees(first, "typed in the second");
    const { message } = await ana.send(group, "sent by a command");
    await Promise.all([sees(first, "sent by a command"), sees(second, "sent by a command")]);
    await bot.event("sent", (event) => event.message.id === message.id);
    assert.deepEqual(textsOf(first), ["typed in the second", "sent by a command"]);
    assert.deepEqual(textsOf(second), ["typed in the first", "sent by a command"]);
    assert.deepEqual(textsOf(bot), []);
    assert(messagesOf(first).every(({ state }) => state !== undefined));
    for (const each of [second, first]) {
      each.endInput();
      assert.equal((await each.ended).code, 0);
    }
    bot.signal("SIGINT");
    await bot.ended;
  });
});
