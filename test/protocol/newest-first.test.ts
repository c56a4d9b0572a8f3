import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { OPEN_RANGE_MAX_MS } from "../../src/crypto/sender-chain.ts";
import { joinConversation } from "../../src/protocol/conversation.ts";
import {
  AHEAD,
  AHEAD_MAX,
  GAP,
  HEADS,
  HEADS_MAX,
  SAID,
  SAID_MAX,
  SEEN,
} from "../../src/protocol/records/conversation.ts";
import { CHAIN, EPOCH } from "../../src/protocol/records/epoch.ts";
import { CURSOR, cursorId } from "../../src/protocol/records/topic.ts";
import { type Iteration, LogId, MessageId, type Sequence } from "../../src/wire/ids.ts";
import { FORWARD_JUMP_MAX, SKIPPED_KEYS_MAX } from "../../src/wire/limits.ts";
import { toHex } from "../../src/wire/text-forms.ts";
import { type Device, p } from "./device.ts";
import { forge, keyAt, pair, sayAndTake } from "./forged-message.ts";
import { addPerson, epochOf, groupOf, newScene, type say } from "./scene.ts";

const log = LogId.from(new Uint8Array(16).fill(9));
type Epoch = ReturnType<typeof pair>["epoch"];

const flow = (device: Device, { topic }: Epoch, envelopes: readonly Uint8Array[], from = 1) =>
  envelopes.map((envelope, i) =>
    device.put({ kind: "delivered", log, topic, sequence: (from + i) as Sequence, envelope }),
  );
const ahead = (device: Device, { topic }: Epoch, envelopes: readonly Uint8Array[]) =>
  envelopes.map((envelope) =>
    device.put({ kind: "delivered", log, topic, sequence: 0 as Sequence, envelope, isAhead: true }),
  );

const idOf = (number: number): MessageId => MessageId.from(p.sha256(Buffer.from(String(number))));

/** Puts the profile back as it is now. */
function putBack({ records, lines }: Device): () => void {
  const before = [new Map<string, Uint8Array>(records), new Map(lines)] as const;
  return () => {
    records.clear();
    lines.clear();
    for (const [key, value] of before[0]) records.set(key, value);
    for (const [key, value] of before[1]) lines.set(key, value);
  };
}

const saying = (device: Device, group: Parameters<typeof say>[1], count: number): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, i) => sayAndTake(device, group, `message ${i}`));

describe("the newest messages of a group, which come ahead of those before them", () => {
  it("are shown at once; when the others have come nothing tells that they came first", () => {
    const scene = newScene();
    const [ann, bob, cat] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cat")];
    const group = groupOf(scene, [ann, bob, cat]);
    const epoch = ann.existing(EPOCH, epochOf(ann, group));
    const said = saying(ann, group, 90);
    ahead(bob, epoch, said.slice(-64));
    assert.equal(bob.texts().length, 64);
    assert.equal(bob.ids(GAP).length, 1, "the one that the first of them cites");
    for (const { warnings } of flow(bob, epoch, said)) assert.deepEqual(warnings, []);
    flow(cat, epoch, said);
    for (const records of [SEEN, GAP] as const) assert.deepEqual(new Set(bob.ids(records)), new Set(cat.ids(records)));
    for (const id of cat.ids(CHAIN)) assert.deepEqual(bob.existing(CHAIN, id), cat.existing(CHAIN, id));
    assert.deepEqual(bob.existing(HEADS, toHex(group)), cat.existing(HEADS, toHex(group)));
    assert.deepEqual(bob.texts(), cat.texts());
  });

  it("move no cursor, so that whatever ends in between, nothing before them is left out", () => {
    const { ann, bob, group, epoch } = pair();
    const said = saying(ann, group, 20);
    flow(bob, epoch, said.slice(0, 5));
    ahead(bob, epoch, said.slice(-5));
    assert.deepEqual(bob.existing(CURSOR, cursorId(log, epoch.topic)), { sequence: 5 });
    flow(bob, epoch, said.slice(5), 6);
    assert.deepEqual(bob.existing(CURSOR, cursorId(log, epoch.topic)), { sequence: 20 });
    assert.equal(bob.texts().length, 20);
  });

  it("bring whoever missed a change of epoch to the new one before the rest of the old one", () => {
    const { ann, bob, group, epoch, scene } = pair();
    const said = [...saying(ann, group, 70)];
    const topic = toHex(epoch.topic);
    const before = scene.topics.get(topic)?.length ?? 0;
    addPerson(scene, ann, group, scene.person("Cat"));
    scene.collect(ann);
    said.push(...(scene.topics.get(topic) ?? []).slice(before));
    const after = epochOf(ann, group);
    assert.notEqual(epochOf(bob, group), after);
    ahead(bob, epoch, said.slice(-10));
    assert.equal(epochOf(bob, group), after);
    assert.equal(bob.texts().length, 9);
  });

  it("that nobody's chain reaches yet are left to the flow without a word", () => {
    const { ann, bob, epoch } = pair();
    const key = keyAt(ann, epoch, 0);
    const far = forge(ann, epoch, { iteration: FORWARD_JUMP_MAX + 1, key, text: "far" });
    assert.deepEqual(
      ahead(bob, epoch, [far]).flatMap(({ warnings }) => warnings),
      [],
    );
    assert.deepEqual(bob.texts(), []);
  });

  it("in our own name are left to the flow: our chain could not go back", () => {
    const { ann, group, epoch } = pair();
    const restore = putBack(ann);
    const said = saying(ann, group, 3);
    restore();
    ahead(ann, epoch, said.slice(-1));
    flow(ann, epoch, said);
    assert.deepEqual([...ann.texts()].sort(), ["message 0", "message 1", "message 2"]);
  });

  it("leave the rest readable to whoever saw them and was away for weeks then", () => {
    const { ann, bob, group, epoch } = pair();
    const said = saying(ann, group, 90);
    ahead(bob, epoch, said.slice(-64));
    bob.clock.nowMs += OPEN_RANGE_MAX_MS + 1;
    assert.deepEqual(
      flow(bob, epoch, said).flatMap(({ warnings }) => warnings),
      [],
    );
    assert.equal(bob.texts().length, 90);
  });

  it("tell once of what was missing too long, and of no fork when it comes after all", () => {
    const { ann, bob, group, epoch } = pair();
    const said = saying(ann, group, 4);
    const key = keyAt(ann, epoch, SKIPPED_KEYS_MAX + 9);
    const far = forge(ann, epoch, { iteration: SKIPPED_KEYS_MAX + 9, key, text: "far" });
    ahead(bob, epoch, [far]);
    flow(bob, epoch, said.slice(0, 1));
    bob.clock.nowMs += OPEN_RANGE_MAX_MS + 1;
    const warnings = flow(bob, epoch, said, 2).map((outcome) => outcome.warnings);
    assert.deepEqual(warnings, [[], ["given-up"], [], []]);
    assert.deepEqual([...bob.texts()].sort(), ["far", "message 0"]);
  });

  it("stay among those that are judged, however many come behind them", () => {
    const { ann, bob, group, epoch } = pair();
    const { account, device } = ann.account();
    const by = { account, device, epoch: epoch.epoch, isHeld: false };
    const messages = Array.from({ length: SAID_MAX + 200 }, (_, i) => ({
      ...by,
      id: idOf(i),
      depth: 100 + i,
      cites: i > 0 ? [idOf(i - 1)] : [],
      iteration: i as Iteration,
    }));
    for (const each of [...messages.slice(-64), ...messages.slice(0, -64)])
      bob.run((work) => joinConversation(work, group, each, { hasLine: false }));
    const kept = bob.ids(SAID).map((id) => bob.existing(SAID, id).depth);
    assert.deepEqual(
      kept.toSorted((a, b) => a - b),
      messages.slice(-SAID_MAX).map(({ depth }) => depth),
    );
  });

  it("are judged by the removal that comes behind them, whatever depth they state and however much lies between", () => {
    const scene = newScene();
    const [ann, bob, eve] = [scene.person("Ann"), scene.person("Bob"), scene.person("Eve")];
    const group = groupOf(scene, [ann, bob, eve]);
    const epoch = eve.existing(EPOCH, epochOf(eve, group));
    const { account, device } = eve.account();
    const latest = [0, 1, 2].map((i) =>
      forge(eve, epoch, {
        iteration: i,
        key: keyAt(eve, epoch, i),
        text: `said too late ${i}`,
        depth: epoch.depth + 1,
      }),
    );
    ahead(bob, epoch, latest);
    assert.equal(bob.texts().length, 3);
    const by = { account, device, epoch: epoch.epoch, isHeld: false, cites: [] };
    for (let i = 0; i < SAID_MAX + 10; i++) {
      const said = { ...by, id: idOf(i), depth: epoch.depth + 100 + i, iteration: (i + 3) as Iteration };
      bob.run((work) => joinConversation(work, group, said, { hasLine: false }));
    }
    assert.equal(bob.ids(AHEAD).length, 3);
    ann.put({ kind: "change-group", group, change: { kind: "remove", accounts: [account] } });
    scene.carry(ann, bob);
    assert.deepEqual(bob.texts(), [], "nobody who stayed had seen them");
    flow(bob, epoch, latest);
    assert.deepEqual([bob.ids(AHEAD), bob.texts()], [[], []], "the flow has come to them");
    const kept = bob.ids(SAID).map((id) => bob.existing(SAID, id));
    assert.equal(kept.filter(({ depth, isHeld }) => isHeld && depth === epoch.depth + 1).length, 3);
  });

  it("are taken as far as there are places for them: the others come with the flow", () => {
    const { ann, bob, group, epoch } = pair();
    const said = saying(ann, group, AHEAD_MAX);
    ahead(bob, epoch, said);
    assert.equal(bob.ids(AHEAD).length, bob.texts().length);
    assert(bob.texts().length <= AHEAD_MAX / 2, "those of relays take no place of those of members");
    flow(bob, epoch, said);
    assert.deepEqual([bob.ids(AHEAD).length, bob.texts().length], [0, AHEAD_MAX]);
  });

  it("stay the heads that are cited, however many branches far behind come after them", () => {
    const { ann, bob, group, epoch } = pair();
    const { account, device } = ann.account();
    const by = { account, device, epoch: epoch.epoch, isHeld: false, cites: [], iteration: 1 as Iteration };
    for (const depth of [500, ...Array.from({ length: HEADS_MAX + 8 }, (_, i) => 100 + i)])
      bob.run((work) => joinConversation(work, group, { ...by, id: idOf(depth), depth }, { hasLine: false }));
    const { heads } = bob.existing(HEADS, toHex(group));
    assert.equal(heads.length, HEADS_MAX);
    assert.deepEqual([heads[0]?.depth, Math.min(...heads.map(({ depth }) => depth))], [500, 109]);
  });

  it("and the rest give the same conversation, however the flow is cut", () => {
    const { ann, bob, group, epoch } = pair();
    const said = saying(ann, group, 12);
    const restore = putBack(bob);
    flow(bob, epoch, said);
    const whole = [...bob.lines.keys()].sort();
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }), (cuts) => {
        restore();
        let from = 0;
        for (const cut of cuts) {
          ahead(bob, epoch, said.slice(-cut));
          flow(bob, epoch, said.slice(from, cut), from + 1);
          from = Math.max(from, cut);
        }
        flow(bob, epoch, said.slice(from), from + 1);
        assert.deepEqual([...bob.lines.keys()].sort(), whole);
        assert.deepEqual(bob.ids(GAP), []);
      }),
      { numRuns: 50 },
    );
  });
});
