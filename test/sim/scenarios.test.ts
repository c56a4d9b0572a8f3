import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { runScenario, SCENARIOS } from "./scenarios.ts";

/** `npm run sim -- --scenario NAME` plays a thousand. */
const SEEDS = { vanish: 20, relays: 4 } as const;

describe("scenarios", function () {
  this.timeout(120_000);

  for (const [name, count] of Object.entries(SEEDS))
    it(`hold over ${count} seeds: ${SCENARIOS[name]?.title}`, async () => {
      const scenario = SCENARIOS[name];
      assert(scenario);
      const { lines, failed } = await runScenario(scenario, { first: 1, count });
      for (const line of lines.slice(1)) process.stdout.write(`    ${line}\n`);
      assert.equal(failed, 0, lines.join("\n"));
    });
});
