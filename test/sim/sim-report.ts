/** What is printed of a simulation that failed: what broke, how to play it again, and the least that breaks it. */
import { type Scale, USUAL_SCALE } from "./plan.ts";
import { describe, type Outcome } from "./play.ts";

/** The command that plays the seed again. */
export function replayCommand(seed: number, { people, minutes }: Scale): string {
  const size = people === USUAL_SCALE.people ? "" : ` --people ${people}`;
  const length = minutes === USUAL_SCALE.minutes ? "" : ` --minutes ${minutes}`;
  return `npm run sim -- --seed ${seed}${size}${length}`;
}

/** One line: seed, invariant, what was seen. */
export const headline = ({ plan, violation }: Outcome): string =>
  `FAILED seed ${plan.seed} (${plan.flavour}): ${violation?.invariant}: ${violation?.what}`;

/** All of it; `smallest` is the failure after shrinking. */
export function failureText(failed: Outcome, smallest: Outcome, scale: Scale): string {
  const { plan, violation } = smallest;
  return [
    headline(failed),
    `  again: ${replayCommand(failed.plan.seed, scale)}`,
    `  smallest: ${plan.steps.length} of ${failed.plan.steps.length} steps, ${plan.people} people, ${plan.relays} relays`,
    ...plan.steps.map((step) => `    ${describe(step)}`),
    `  then: ${violation?.what}`,
  ].join("\n");
}
