/**
 * What is going to happen in one simulation, drawn from a seed: plain data, so that it can be printed, and shrunk by
 * leaving things out. What the network does comes from the same seed, but from another stream.
 */
import { ACTS, type ActName, type Flavour } from "./acts.ts";
import { type SeededRandom, seededRandom } from "./seeded-random.ts";

/** One thing that happens, and how long it takes until the next. */
export interface PlannedStep {
  readonly act: ActName;
  /** Two devices, by number. */
  readonly who: number;
  readonly whom: number;
  /** From 0 up to 1: whatever else the act has to choose. */
  readonly dice: number;
  readonly waitMs: number;
}

export interface Plan {
  readonly seed: number;
  readonly flavour: Flavour;
  readonly people: number;
  readonly relays: number;
  readonly steps: readonly PlannedStep[];
}

/** How large the simulations are. */
export interface Scale {
  /** At most so many devices, at least 3. */
  readonly people: number;
  /** Minutes of virtual time, before everything is left to settle. */
  readonly minutes: number;
}

export const USUAL_SCALE: Scale = { people: 6, minutes: 1 };

const FLAVOURS: readonly Flavour[] = ["fair", "fair", "hostile relay", "hostile member"];
const SHORTEST_WAIT_MS = 20;

export function drawPlan(seed: number, scale: Scale = USUAL_SCALE): Plan {
  const random = seededRandom(seed ^ 0x5eed_0000);
  const flavour = FLAVOURS[seed % FLAVOURS.length] ?? "fair";
  const people = 3 + random.below(Math.max(1, scale.people - 2));
  const relays = flavour === "hostile relay" ? 2 + random.below(2) : 1 + random.below(3);
  const steps = beginning(random, people, flavour);
  const endMs = scale.minutes * 60_000;
  for (let atMs = 0; atMs < endMs; ) {
    const step = drawStep(random, flavour, people);
    steps.push(step);
    atMs += SHORTEST_WAIT_MS + step.waitMs;
  }
  return { seed, flavour, people, relays, steps };
}

/** Most of the people come in soon, and the second one is an admin; a villain certainly, and often as one. */
function beginning(random: SeededRandom, people: number, flavour: Flavour): PlannedStep[] {
  const steps: PlannedStep[] = [{ act: "add", who: 0, whom: 1, dice: 0, waitMs: 2_000 }];
  if (random.happens(0.7)) steps.push({ act: "invite", who: 0, whom: 0, dice: 0, waitMs: 1_000 });
  const villain = flavour === "hostile member" ? people - 1 : people;
  for (let whom = 2; whom < people; whom++)
    if (whom === villain)
      steps.push({ act: "add", who: 0, whom, dice: random.happens(0.5) ? 0 : 1, waitMs: random.below(800) });
    else if (random.happens(0.7))
      steps.push({ act: random.pick(["add", "join"]), who: 0, whom, dice: 1, waitMs: random.below(800) });
  return steps;
}

function drawStep(random: SeededRandom, flavour: Flavour, people: number): PlannedStep {
  const names = Object.keys(ACTS) as ActName[];
  const weightOf = (name: ActName): number => {
    const { weight, only } = ACTS[name];
    return only === undefined || only === flavour ? weight : 0;
  };
  let place = random.fraction() * names.reduce((sum, each) => sum + weightOf(each), 0);
  const act = names.find((name) => {
    place -= weightOf(name);
    return place < 0;
  });
  return {
    act: act ?? "send",
    who: random.below(people),
    whom: random.below(people),
    dice: random.fraction(),
    waitMs: random.happens(0.4) ? 0 : random.below(random.happens(0.1) ? 15_000 : 2_500),
  };
}
