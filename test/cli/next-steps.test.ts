import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { failureOf, reportFailure } from "../../src/cli/output.ts";
import { Fault, NEXT_STEPS } from "../../src/wire/fault.ts";

/** What is written about a failure in this format. */
function told(fault: Fault, format: "json" | "human"): string {
  const lines: string[] = [];
  const write = (text: string): number => lines.push(text);
  reportFailure({ stdout: write, stderr: write }, failureOf(fault, false), format);
  return lines.join("");
}

describe("A failure at the terminal", () => {
  it("names the command that helps, for people and for scripts", () => {
    const fault = new Fault("usage/not-found", "this group has no such file", { next: "see-files" });
    const text = "this group has no such file: `hermes files` shows those it has";
    assert.equal(told(fault, "human"), `hermes: ${text}\n`);
    assert.deepEqual(JSON.parse(told(fault, "json")), { error: { code: "usage/not-found", message: text } });
  });

  it("knows each step, and says nothing more where there is none", () => {
    for (const next of NEXT_STEPS) assert.match(told(new Fault("usage/not-found", "no", { next }), "human"), /hermes /);
    assert.equal(told(new Fault("storage/full", "the disk is full"), "human"), "hermes: the disk is full\n");
  });
});
