/**
 * `npm run sim -- [--seeds N] [--from N] [--people N] [--minutes N]` plays many seeds and ends with a line of figures;
 * `npm run sim -- --seed S` replays one with a log of what happens. A failing seed is shrunk. The exit code is 0 when
 * everything held, else 1. `npm run sim -- --scenario NAME [--seeds N] [--from N]` plays one of scenarios.ts instead.
 */
import { parseArgs } from "node:util";
import { figuresLine, playSeed, runCampaign } from "./campaign.ts";
import { drawPlan, type Scale, USUAL_SCALE } from "./plan.ts";
import { type Outcome, playPlan } from "./play.ts";
import { runScenario, SCENARIOS } from "./scenarios.ts";
import { shrink } from "./shrink.ts";
import { failureText, headline, replayCommand } from "./sim-report.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    people: { type: "string", default: String(USUAL_SCALE.people) },
    minutes: { type: "string", default: String(USUAL_SCALE.minutes) },
    seed: { type: "string" },
    scenario: { type: "string" },
    /** Shrinking takes as long as some two hundred seeds. */
    "no-shrink": { type: "boolean", default: false },
  },
});
const scale: Scale = { people: Number(values.people), minutes: Number(values.minutes) };
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function tellFailure(outcome: Outcome): Promise<void> {
  say(values["no-shrink"] ? headline(outcome) : failureText(outcome, await shrink(outcome), scale));
}

async function replay(seed: number): Promise<number> {
  const plan = drawPlan(seed, scale);
  say(`seed ${seed}: ${plan.flavour}, ${plan.people} people, ${plan.relays} relays, ${plan.steps.length} steps`);
  await playPlan(plan, say);
  const { failed } = await playSeed(seed, scale);
  if (failed) await tellFailure(failed);
  else say("everything held");
  return failed ? 1 : 0;
}

async function campaign(): Promise<number> {
  const range = { first: Number(values.from), count: Number(values.seeds) };
  const figures = await runCampaign(range, scale, (done) => {
    if (done % 1_000 === 0) process.stderr.write(`${done} seeds\n`);
  });
  const [first, ...others] = figures.failed;
  for (const each of others) say(`${headline(each)}\n  again: ${replayCommand(each.plan.seed, scale)}`);
  if (first) await tellFailure(first);
  say(figuresLine(figures));
  return figures.failed.length > 0 ? 1 : 0;
}

async function scenario(name: string): Promise<number> {
  const chosen = SCENARIOS[name];
  if (!chosen) {
    say(`there is no scenario ${name}; there are ${Object.keys(SCENARIOS).join(", ")}`);
    return 2;
  }
  const { lines, failed } = await runScenario(chosen, { first: Number(values.from), count: Number(values.seeds) });
  for (const line of lines) say(line);
  return failed > 0 ? 1 : 0;
}

async function campaignOrReplay(): Promise<number> {
  return values.seed === undefined ? await campaign() : await replay(Number(values.seed));
}

process.exitCode = values.scenario === undefined ? await campaignOrReplay() : await scenario(values.scenario);
