/** Random groups in bad conditions: what must hold in each of them (`quiescence.ts`, `ledger.ts`) holds in all. */
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { figuresLine, runCampaign } from "./campaign.ts";
import { drawPlan, USUAL_SCALE } from "./plan.ts";
import { playPlan } from "./play.ts";
import { shrink } from "./shrink.ts";
import { failureText } from "./sim-report.ts";

/** Enough for each kind of fault to meet each kind of change; `npm run sim` plays more. */
const SEEDS = 300;
/** Simulations spent on making the first failing one smaller; none where it is enough to know that one fails. */
const SHRINK_TRIES = Number(process.env["HERMES_SHRINK_TRIES"] ?? 60);

describe("mixed simulations", function () {
  this.timeout(1_200_000);

  it(`hold together over ${SEEDS} seeds of people, relays, crashes, partitions, copies, liars and villains`, async () => {
    const figures = await runCampaign({ first: 1, count: SEEDS, failuresMax: 1 }, USUAL_SCALE);
    const [first] = figures.failed;
    const smallest = first && SHRINK_TRIES > 0 ? await shrink(first, SHRINK_TRIES) : first;
    assert(!smallest, `${figuresLine(figures)}\n${first && smallest ? failureText(first, smallest, USUAL_SCALE) : ""}`);
    assert.equal(figures.seeds, SEEDS);
  });

  it("play the same seed the same way", async () => {
    const [one, other] = [await playPlan(drawPlan(21, USUAL_SCALE)), await playPlan(drawPlan(21, USUAL_SCALE))];
    assert.deepEqual(one, other);
    assert(one.messages > 5, "something was said");
  });
});
