/** Makes a failing plan smaller by leaving out steps, as long as the same invariant breaks. */
import type { Plan } from "./plan.ts";
import { type Outcome, playPlan } from "./play.ts";

/** Simulations spent on one failing seed. */
const TRIES_MAX = 200;

/** The smallest failing outcome that was found. Halves of the steps are left out first, then smaller and smaller parts. */
export async function shrink(failing: Outcome, tries = TRIES_MAX): Promise<Outcome> {
  let best = failing;
  let left = tries;
  for (let size = Math.ceil(best.plan.steps.length / 2); size >= 1; ) {
    let found = false;
    for (let from = 0; from < best.plan.steps.length && left > 0; ) {
      left--;
      const smaller = await playPlan(without(best.plan, from, size));
      if (smaller.violation?.invariant === failing.violation?.invariant) {
        best = smaller;
        found = true;
      } else from += size;
    }
    if (left <= 0) break;
    size = size === 1 && found ? 1 : Math.floor(size / 2);
  }
  return best;
}

const without = (plan: Plan, from: number, count: number): Plan => ({
  ...plan,
  steps: plan.steps.toSpliced(from, count),
});
