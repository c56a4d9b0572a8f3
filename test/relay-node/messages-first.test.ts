import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { messagesFirst } from "../../relay-node/messages-first.ts";
import type { LogAppendResult, TopicLog } from "../../src/net/topic-log.ts";
import { memoryLog } from "../net/memory-log.ts";

/** A log whose appends are committed when the test says so. */
function slowLog(): { readonly log: TopicLog; readonly commit: () => void; readonly fail: () => void } {
  const pending: { readonly commit: (results: readonly LogAppendResult[]) => void; readonly fail: () => void }[] = [];
  const append: TopicLog["append"] = () =>
    new Promise((commit, reject) => pending.push({ commit, fail: () => reject(new Error("no disk")) }));
  return {
    log: { ...memoryLog(), append },
    commit: () => pending.shift()?.commit([]),
    fail: () => pending.shift()?.fail(),
  };
}

describe("a relay's chunks", () => {
  it("wait while envelopes are being committed, whether that succeeds or not", async () => {
    const slow = slowLog();
    const { log, calm } = messagesFirst(slow.log);
    await calm();
    const told: string[] = [];
    const appends = [log.append([]).then(() => told.push("one")), log.append([]).catch(() => told.push("two"))];
    const chunk = calm().then(() => told.push("chunk"));
    slow.commit();
    await appends[0];
    slow.fail();
    await Promise.all([...appends, chunk]);
    assert.deepEqual(told.slice().sort(), ["chunk", "one", "two"]);
    assert.equal(told[0], "one");
    await calm();
  });

  it("do not wait for ever where somebody always writes", async () => {
    const slow = slowLog();
    const { log, calm } = messagesFirst(slow.log);
    const never = log.append([]);
    await calm();
    slow.commit();
    await never;
  });
});
