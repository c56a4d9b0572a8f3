import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type HermesProcess, PATIENCE_MS } from "./scene/hermes-process.ts";
import { type LogObserver, observerWith } from "./scene/log-observer.ts";
import { type Person, textsBy } from "./scene/person.ts";
import { openScene, PASSPHRASE, type Scene } from "./scene/scene.ts";
import { gatherTrio } from "./scene/trio.ts";

/** Rounds, each with a kill of a chat and one of the relay; `npm run test:long` asks for more of them. */
const ROUNDS = Number(process.env["HERMES_KILL_ROUNDS"] ?? 3);
/** Lines that are typed at once before a kill. */
const LINES = 4;
/** Longest life of a chat, and of the relay, after lines were typed (ms): several commits and round trips. */
const LIFE_MS = 250;

/** Somebody whose chat is killed again and again. */
interface Victim {
  readonly person: Person;
  readonly typed: string[];
  /** Ids of lines of which the chat said that they are safe. */
  readonly acknowledged: string[];
  /** Messages of the other one that the chat showed. */
  readonly shown: Set<string>;
}

interface Said {
  readonly message?: { readonly id: string; readonly text?: string };
  readonly event?: string;
}

describe("chats and a relay that are killed again and again", function () {
  this.timeout(2 * PATIENCE_MS + ROUNDS * 20_000);
  let scene: Scene;
  before(async () => {
    scene = await openScene();
  });
  after(() => scene.end());

  it(`lose nothing that was said to be safe, and show nothing twice or out of order, in ${ROUNDS} kills of each`, async () => {
    const { people, group, relay } = await gatherTrio(scene);
    const [ana, ben, cleo] = people;
    const observer = await observerWith(cleo.profile, PASSPHRASE);
    const witness = cleo.listen(group);
    const victims = [ana, ben].map((person) => ({ person, typed: [], acknowledged: [], shown: new Set<string>() }));
    const instants: string[] = [];
    let chats = victims.map(({ person }) => person.start(["chat", group], "open"));
    for (let round = 0; round < ROUNDS; round++) {
      const [victim, other] = round % 2 === 0 ? [0, 1] : [1, 0];
      await Promise.all(chats.map(isConnected));
      for (const [index, chat] of chats.entries()) type(chat, victims[index] as Victim, round);
      const dying = chats[victim] as HermesProcess;
      const [chatMs, relayMs] = [Math.random() * LIFE_MS, Math.random() * LIFE_MS];
      instants.push(`${Math.round(chatMs)}/${Math.round(relayMs)}`);
      await Promise.all([killAfter(chatMs, async () => dying.signal("SIGKILL")), killAfter(relayMs, relay.kill)]);
      await dying.ended;
      await relay.restart();
      book(dying, victims[victim] as Victim);
      const next = (victims[victim] as Victim).person.start(["chat", group], "open");
      chats = victim === 0 ? [next, chats[other] as HermesProcess] : [chats[other] as HermesProcess, next];
    }
    for (const [index, chat] of chats.entries()) {
      chat.endInput();
      assert.equal((await chat.ended).code, 0);
      book(chat, victims[index] as Victim);
      assert.equal((await people[index]?.sync())?.complete, true);
    }
    const why = `kills of chat/relay after ${instants.join(", ")} ms`;
    for (const victim of victims) {
      const { name } = victim.person;
      const messages = (await victim.person.history(group)).filter(({ from }) => from.name === name);
      const own = textsBy(messages, name);
      assertInOrder(own, victim.typed, `${name}'s own: ${why}`);
      const ids = messages.map(({ id }) => id);
      assert.deepEqual(
        victim.acknowledged.filter((id) => !ids.includes(id)),
        [],
        `${name} lost some: ${why}`,
      );
      // the witness was never killed: it was told everything once, as it was sent
      await witness.texts(name, own);
      for (const person of people) assert.deepEqual(textsBy(await person.history(group), name), own, why);
    }
    for (const [index, { shown }] of victims.entries()) {
      const ids = (await people[index]?.history(group))?.map(({ id }) => id);
      for (const id of shown) assert(ids?.includes(id), `what was shown is gone: ${why}`);
    }
    await relay.stop();
    const acknowledged = victims.flatMap((victim) => victim.acknowledged);
    const ids = (await cleo.history(group)).map(({ id }) => id);
    await assertWholeLog(observer, relay.directory, { acknowledged, ids, why });
  });
});

function killAfter(ms: number, kill: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    setTimeout(() => kill().then(resolve, reject), ms); // the instant is what is random here
  });
}

/** The relay's whole log opens; every place of every chain has one message, from the first to the last. */
async function assertWholeLog(
  observer: LogObserver,
  relayDirectory: string,
  { acknowledged, ids, why }: { readonly [K in "acknowledged" | "ids"]: readonly string[] } & { readonly why: string },
): Promise<void> {
  const { opened, stored, chains, warnings } = await observer.read(relayDirectory);
  assert.deepEqual(warnings, [], why);
  assert.deepEqual([opened.length, new Set(opened).size], [stored, stored], `not each opens once: ${why}`);
  assert.deepEqual([...opened].sort(), [...ids].sort(), `the log is not what members see: ${why}`);
  const lost = acknowledged.filter((id) => !opened.includes(id));
  assert.deepEqual(lost, [], `the relay lost what it acknowledged: ${why}`);
  for (const [chain, iterations] of chains) {
    const places = [...iterations].sort((a, b) => a - b);
    assert.deepEqual(places, [...places.keys()], `chain ${chain} has a place twice, or one without a message: ${why}`);
  }
  assert(chains.size >= 2 && stored > ROUNDS, `little was said: ${stored} messages in ${chains.size} chains`);
}

async function isConnected(chat: HermesProcess): Promise<void> {
  await chat.until("a relay", (objects) => {
    const said = objects as readonly { readonly relay?: { readonly state: string } }[];
    return said.findLast(({ relay }) => relay !== undefined)?.relay?.state === "connected" || undefined;
  });
}

function type(chat: HermesProcess, { person, typed }: Victim, round: number): void {
  const lines = Array.from({ length: LINES }, (_, line) => `${person.name} ${round}.${line}`);
  typed.push(...lines);
  chat.type(`${lines.join("\n")}\n`);
}

/** What a chat said until its end. */
function book(chat: HermesProcess, { acknowledged, shown }: Victim): void {
  const said = chat.objects as readonly Said[];
  const answers = said.filter(({ event, message }) => event === undefined && message !== undefined);
  acknowledged.push(...answers.map(({ message }) => message?.id ?? ""));
  for (const { event, message } of said) if (event === "message" && message !== undefined) shown.add(message.id);
}

/** Each text at most once and in the order in which it was typed; those that a kill met may be missing. */
function assertInOrder(texts: readonly string[], typed: readonly string[], why: string): void {
  const places = texts.map((text) => typed.indexOf(text));
  const sorted = [...new Set(places)].sort((a, b) => a - b);
  assert.deepEqual(places, sorted, why);
  assert(!places.includes(-1), why);
}
