import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { GAPS_PER_DEVICE_MAX } from "../../src/protocol/conversation.ts";
import { DEPTH_REACH } from "../../src/protocol/group-lines.ts";
import { GAP, HEADS } from "../../src/protocol/records/conversation.ts";
import { ENTRY } from "../../src/protocol/records/log.ts";
import { MessageId } from "../../src/wire/ids.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { forge, hand, keyAt, pair, sayAndTake } from "./forged-message.ts";
import { type Act, type Person, play, prepare, readAll, reader } from "./message-story.ts";
import { addPerson, groupOf, newScene, say } from "./scene.ts";

const invented = (number: number): MessageId => MessageId.from(p.sha256(Uint8Array.of(number, number >> 8)));

describe("the order of a conversation", () => {
  it("is the same for all, whatever each of them lacks and in whatever order the rest came", function () {
    this.timeout(60_000);
    const prepared = prepare();
    const writer = fc.constantFrom<Person>("Ann", "Bob", "Cem", "Eve");
    const act: fc.Arbitrary<Act> = fc.record({ kind: fc.constantFrom("say" as const, "read" as const), who: writer });
    const dice = fc.infiniteStream(fc.nat());
    fc.assert(
      fc.property(fc.array(act, { minLength: 10, maxLength: 40 }), dice, dice, (acts, one, other) => {
        const story = play(prepared, acts);
        const texts = [one, other].map((numbers) => {
          const next = (): number => numbers.next().value ?? 0;
          const all = [...story.topics].flatMap(([topic, items]) => items.map((_, i) => `${topic}/${i}`));
          const lost = new Set(all.filter(() => next() % 4 === 0));
          const dan = reader(prepared, "Dan");
          readAll(dan, story, (count) => (count === 0 ? 0 : next() % count), lost);
          return dan.texts();
        });
        const [here = [], there = []] = texts;
        assert.deepEqual(
          here.filter((text) => there.includes(text)),
          there.filter((text) => here.includes(text)),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("is for a newcomer, who lacks what was said before, what it is for the others", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    for (let i = 0; i < 5; i++) say(ann, group, `before ${i}`);
    scene.carry(ann, bob);
    addPerson(scene, ann, group, cem);
    scene.carry(ann, bob, cem);
    const depths = (device: Device) =>
      device.log(group).entries.map(({ hash }) => device.existing(ENTRY, `${toHex(group)}/${toHex(hash)}`).depth);
    assert.deepEqual(depths(cem), depths(ann));
    say(cem, group, "hello from Cem");
    scene.clock.nowMs -= 60_000; // Bob's clock is behind, and he has not heard Cem yet
    say(bob, group, "hello from Bob");
    scene.carry(ann, bob, cem);
    const after = ["hello from Bob", "hello from Cem"];
    for (const each of [ann, bob]) assert.deepEqual(each.texts().slice(-2), after);
    assert.deepEqual(cem.texts(), after);
  });

  it("believes no depth below the epoch's beginning, and none far beyond it", () => {
    const { ann, bob, epoch } = pair();
    const depthOf = (text: string) => [...bob.lines.values()].find((line) => line.text === text)?.depth;
    hand(bob, epoch, forge(ann, epoch, { iteration: 0, key: keyAt(ann, epoch, 0), text: "low", depth: 0 }));
    hand(bob, epoch, forge(ann, epoch, { iteration: 1, key: keyAt(ann, epoch, 1), text: "high", depth: 0xffffffff }));
    assert.equal(depthOf("low"), epoch.depth + 1);
    assert.equal(depthOf("high"), epoch.depth + DEPTH_REACH);
    say(bob, epoch.group, "goes on");
    assert.equal(depthOf("goes on"), epoch.depth + DEPTH_REACH);
  });
});

describe("a gap", () => {
  it("is its first author's word until another account cites the message, too", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem]);
    say(ann, group, "lost");
    scene.collect(ann);
    scene.deliver(bob);
    const id = [...bob.lines.values()].find(({ text }) => text === "lost")?.id;
    for (const items of scene.topics.values()) items.pop(); // no holder has it any more
    say(ann, group, "cites it");
    scene.collect(ann);
    scene.deliver(cem);
    const gap = () => cem.record(GAP, `${toHex(group)}/${id}`);
    assert.deepEqual([gap()?.citedBy, gap()?.isConfirmed], [ann.account().device, false]);
    say(bob, group, "cites it, too");
    scene.collect(bob);
    scene.deliver(cem);
    assert.equal(gap()?.isConfirmed, true);
    assert(cem.texts().includes("cites it, too"), "a gap delays nothing");
  });

  it("is nothing that a newcomer could have had: what was said before it came", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob]);
    for (const each of [ann, bob]) say(each, group, `${each.name} before`);
    scene.carry(ann, bob);
    addPerson(scene, ann, group, cem);
    scene.carry(ann, bob, cem);
    for (const each of [ann, bob]) say(each, group, `${each.name} after`);
    scene.carry(ann, bob, cem);
    assert.deepEqual(cem.ids(GAP), []);
    say(ann, group, "lost");
    scene.collect(ann);
    for (const items of scene.topics.values()) if (items.length > 0) items.pop();
    say(ann, group, "cites it");
    scene.collect(ann);
    scene.deliver(cem);
    assert(cem.ids(GAP).length > 0);
  });

  it("takes bounded room, however many messages somebody invents", () => {
    const { ann, bob, epoch } = pair();
    for (let i = 0; i < 20; i++) {
      const frontier = [0, 1, 2, 3].map((j) => invented(4 * i + j));
      const text = `message ${i}`;
      hand(bob, epoch, forge(ann, epoch, { iteration: i, key: keyAt(ann, epoch, i), text, frontier }));
    }
    assert.equal(bob.ids(GAP).length, GAPS_PER_DEVICE_MAX);
    assert.equal(bob.texts().length, 20);
  });

  it("is told of with the place of whoever cites it, and again when it is filled", () => {
    const { ann, bob, group, epoch } = pair();
    const [first, second, third] = ["first", "second", "third"].map((text) => sayAndTake(ann, group, text));
    const told = (body: Uint8Array | undefined) =>
      hand(bob, epoch, body ?? assert.fail()).events.flatMap((event) => {
        if (event.kind === "missing") return [`missing ${toHex(event.missing)} at ${event.depth - epoch.depth}`];
        return event.kind === "found"
          ? [`found ${toHex(event.found)}`]
          : event.kind === "message"
            ? [event.line.text]
            : [];
      });
    const of = (text: string) => [...ann.lines.values()].find((line) => line.text === text)?.id;
    assert.deepEqual(told(third), [`missing ${of("second")} at 3`, "third"]);
    assert.deepEqual(told(second), [`found ${of("second")}`, `missing ${of("first")} at 2`, "second"]);
    assert.deepEqual(told(first), [`found ${of("first")}`, "first"]);
  });

  it("that is filled makes room, and what was cited already is no head", () => {
    const { ann, bob, group, epoch } = pair();
    const [first, second] = ["first", "second"].map((text) => sayAndTake(ann, group, text));
    hand(bob, epoch, second ?? assert.fail());
    hand(bob, epoch, first ?? assert.fail());
    assert.deepEqual(bob.ids(GAP), []);
    assert.equal(bob.existing(HEADS, toHex(group)).heads.length, 1);
  });
});
