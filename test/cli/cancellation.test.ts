import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { untilAborted } from "../../src/cli/cancellation.ts";

describe("work that ends with a signal", () => {
  it("does not begin after it: what would fail then would end the program as a bug does", async () => {
    let begun = false;
    const work = async () => {
      begun = true;
      throw new Error("nobody waits for this");
    };
    await assert.rejects(untilAborted(AbortSignal.abort(), work), { code: "usage/cancelled" });
    assert.equal(begun, false);
  });

  it("is waited for no more from then on, and answers until then", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(controller.signal, () => new Promise<void>(() => undefined));
    controller.abort();
    await assert.rejects(waiting, { code: "usage/cancelled" });
    assert.equal(await untilAborted(new AbortController().signal, async () => 7), 7);
  });
});
