/**
 * `npm run sim -- [--seeds N] [--from N] [--people N] [--minutes N] [--workers N]` plays many seeds, tells of each that fails
 * at once, and ends with a line of figures;
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
    workers: { type: "string" },
    seed: { type: "string" },
    scenario: { type: "string" },
    /** Shrinking takes as long as some two hundred seeds. */
    "no-shrink": { type: "boolean", default: false },
  },
});
/** Each is told of as it happens, so a long run may go on for a while. */
const FAILURES_MAX = 100;
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
  const workers = values.workers === undefined ? undefined : Number(values.workers);
  const range = { first: Number(values.from), count: Number(values.seeds), workers, failuresMax: FAILURES_MAX };
  const figures = await runCampaign(range, scale, ({ failed }, done) => {
    if (failed) say(`${headline(failed)}\n  again: ${replayCommand(failed.plan.seed, scale)}`);
    if (done % 100 === 0) process.stderr.write(`${done} seeds\n`);
  });
  const [first] = figures.failed;
  if (first && !values["no-shrink"]) await tellFailure(first);
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
