import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { answerFor, joinSends } from "../../src/client/bursts.ts";
import type { Input } from "../../src/protocol/machine.ts";
import { GroupId, MessageId } from "../../src/wire/ids.ts";
import { BURST_MESSAGES_MAX } from "../../src/wire/limits.ts";

const [here, there] = [1, 2].map((byte) => GroupId.from(new Uint8Array(32).fill(byte))) as [GroupId, GroupId];
const send = (group: GroupId, text: string): { readonly input: Input } => ({
  input: { kind: "send-text", group, text, call: text },
});
const tick: { readonly input: Input } = { input: { kind: "tick" } };

const textsOf = (input: Input): readonly string[] => {
  if (input.kind === "send-burst") return input.sends.map(({ text }) => text);
  return input.kind === "send-text" ? [input.text] : [];
};

describe("inputs that wait", () => {
  it("are joined where texts for one group follow one another, and keep their order", () => {
    const inputs = [send(here, "a"), send(here, "b"), send(there, "c"), tick, send(there, "d"), send(there, "e")];
    const joined = joinSends(inputs);
    assert.deepEqual(
      joined.map(({ input }) => input.kind),
      ["send-burst", "send-text", "tick", "send-burst"],
    );
    assert.deepEqual(
      joined.flatMap(({ input }) => textsOf(input)),
      ["a", "b", "c", "d", "e"],
    );
    assert.deepEqual(
      joined.flatMap(({ waiting }) => waiting),
      inputs,
    );
  });

  it("are joined up to a burst's size", () => {
    const inputs = Array.from({ length: 2 * BURST_MESSAGES_MAX + 1 }, (_, i) => send(here, String(i)));
    assert.deepEqual(
      joinSends(inputs).map(({ waiting }) => waiting.length),
      [BURST_MESSAGES_MAX, BURST_MESSAGES_MAX, 1],
    );
    assert.deepEqual(joinSends([]), []);
  });

  it("are each answered with their own message", () => {
    const ids = [3, 4].map((byte) => MessageId.from(new Uint8Array(32).fill(byte)));
    const answer = { kind: "messages", ids } as const;
    assert.deepEqual(answerFor(answer, 1), { kind: "message", id: ids[1] });
    assert.deepEqual(answerFor({ kind: "none" }, 0), { kind: "none" });
  });
});
