import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { OUTBOX } from "../../src/protocol/records.ts";
import type { Sequence } from "../../src/wire/ids.ts";
import { type AppendResult, REFUSAL } from "../../src/wire/topic-frames.ts";
import { makeGroup, newScene, say } from "./scene.ts";

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
  say(ann, group, "hello");
  const [id] = ann.ids(OUTBOX);
  assert(id !== undefined);
  const line = () => [...ann.lines.values()].find(({ text }) => text === "hello");
  return { ann, id, line, group };
}

describe("the outbox", () => {
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
