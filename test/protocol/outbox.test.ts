import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { UNKNOWN_INBOX_MS } from "../../src/protocol/outbox.ts";
import { tell } from "../../src/protocol/pairwise.ts";
import { OUTBOX, UNKNOWN_INBOX } from "../../src/protocol/records/outbox.ts";
import { LETTERS_MAX } from "../../src/protocol/unsent-messages.ts";
import { EntryHash, type Sequence } from "../../src/wire/ids.ts";
import { type AppendResult, REFUSAL } from "../../src/wire/topic-frames.ts";
import { groupOf, makeGroup, newScene, say } from "./scene.ts";

/** What becomes of a message that a holder refuses for this reason. */
const REFUSALS: Readonly<Record<keyof typeof REFUSAL, "retry" | "gone">> = {
  malformed: "gone",
  forged: "gone",
  unknownTopic: "retry",
  quota: "retry",
  busy: "retry",
  unavailable: "retry",
  tooLarge: "gone",
  token: "retry",
  limit: "retry",
};

function queued() {
  const scene = newScene();
  const ann = scene.person("Ann");
  const group = makeGroup(ann);
  scene.collect(ann);
  say(ann, group, "hello");
  const [id] = ann.ids(OUTBOX);
  assert(id !== undefined);
  const line = () => [...ann.lines.values()].find(({ text }) => text === "hello");
  return { ann, id, line, group };
}

const UNKNOWN: AppendResult = { kind: "refused", reason: REFUSAL.unknownTopic };

/** A letter that lies in an outbox. */
function letter() {
  const scene = newScene();
  const [ann, bob] = [scene.person("Ann"), scene.person("Bob")];
  const group = groupOf(scene, [ann, bob], 1);
  const entry = EntryHash.from(new Uint8Array(32));
  ann.run((work) => tell(work, bob.account(), [{ kind: "received", group, entry }]));
  const [id] = ann.ids(OUTBOX);
  assert(id !== undefined);
  const settle = (result: AppendResult) => ann.put({ kind: "settled", outbox: id, result });
  const left = () => [ann.ids(OUTBOX).length, ann.ids(UNKNOWN_INBOX).length];
  return { settle, left, pass: (ms: number) => (scene.clock.nowMs += ms) };
}

describe("letters for somebody who never comes", () => {
  it("are so many at most from a start on, of which the oldest go", () => {
    const scene = newScene();
    const [ann, bob, cem] = [scene.person("Ann"), scene.person("Bob"), scene.person("Cem")];
    const group = groupOf(scene, [ann, bob, cem], 1);
    const entry = EntryHash.from(new Uint8Array(32));
    const write = (to: typeof bob) => ann.run((work) => tell(work, to.account(), [{ kind: "received", group, entry }]));
    write(cem);
    for (let i = 0; i < LETTERS_MAX + 2; i++) write(bob);
    say(ann, group, "hello");
    const before = ann.ids(OUTBOX);
    ann.put({ kind: "start" });
    const [ofCem, ...ofBob] = before;
    assert.deepEqual(ann.ids(OUTBOX), [ofCem, ...ofBob.slice(2)]);
  });
});

describe("a letter whose inbox no relay knows", () => {
  it("waits 7 days from the first refusal, and is dropped with a warning then", () => {
    const { settle, left, pass } = letter();
    pass(20 * UNKNOWN_INBOX_MS); // nobody was asked meanwhile
    for (const ms of [0, UNKNOWN_INBOX_MS]) {
      pass(ms);
      assert.deepEqual(settle(UNKNOWN).answer, { kind: "outbox", verdict: "retry" });
      assert.deepEqual(left(), [1, 1]);
    }
    pass(1);
    const { answer, warnings } = settle(UNKNOWN);
    assert.deepEqual([answer, warnings], [{ kind: "outbox", verdict: "gone" }, ["undeliverable"]]);
    assert.deepEqual(left(), [0, 0]);
  });

  it("waits from the beginning once a relay has known it", () => {
    const { settle, left, pass } = letter();
    settle(UNKNOWN);
    pass(UNKNOWN_INBOX_MS);
    settle({ kind: "refused", reason: REFUSAL.quota });
    assert.deepEqual(left(), [1, 0]);
    pass(1);
    settle(UNKNOWN);
    assert.deepEqual(left(), [1, 1]);
  });

  it("leaves nothing behind when it is stored after all", () => {
    const { settle, left } = letter();
    settle(UNKNOWN);
    settle({ kind: "stored", sequence: 1 as Sequence, duplicate: false });
    assert.deepEqual(left(), [0, 0]);
  });
});

describe("the outbox", () => {
  it("keeps a message for ever that its topic does not take: somebody may have registered it as an inbox", () => {
    const { ann, id } = queued();
    for (let week = 0; week < 3; week++) {
      ann.put({ kind: "settled", outbox: id, result: UNKNOWN });
      ann.clock.nowMs += UNKNOWN_INBOX_MS + 1;
    }
    assert.deepEqual([ann.ids(OUTBOX).length, ann.ids(UNKNOWN_INBOX).length], [1, 0]);
  });

  for (const [reason, verdict] of Object.entries(REFUSALS) as [keyof typeof REFUSAL, "retry" | "gone"][])
    it(`refused as ${reason}: ${verdict}`, () => {
      const { ann, id, line } = queued();
      const result: AppendResult = { kind: "refused", reason: REFUSAL[reason] };
      const { answer, warnings } = ann.put({ kind: "settled", outbox: id, result });
      assert.deepEqual(answer, { kind: "outbox", verdict });
      assert.equal(ann.records.has(`outbox/${id}`), verdict === "retry");
      assert.deepEqual(warnings, verdict === "retry" ? [] : ["refused"]);
      assert.equal(line()?.state, "queued");
    });

  it("lets go of what a holder has stored, and the line says so; an answer that comes twice does no harm", () => {
    const { ann, id, line } = queued();
    const result: AppendResult = { kind: "stored", sequence: 1 as Sequence, duplicate: true };
    for (let i = 0; i < 2; i++)
      assert.deepEqual(ann.put({ kind: "settled", outbox: id, result }).answer, { kind: "outbox", verdict: "gone" });
    assert.deepEqual([ann.ids(OUTBOX), line()?.state], [[], "on-relay"]);
  });

  it("sorts by the order of writing, and never uses a number again", () => {
    const { ann, group, id } = queued();
    ann.put({ kind: "settled", outbox: id, result: { kind: "stored", sequence: 1 as Sequence, duplicate: false } });
    const before = id;
    for (let i = 0; i < 12; i++) say(ann, group, `number ${i}`);
    const ids = ann.ids(OUTBOX);
    assert.deepEqual([...ids].sort(), ids);
    assert(ids.every((each) => each > before));
  });
});
