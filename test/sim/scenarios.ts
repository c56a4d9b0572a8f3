/** `npm run sim -- --scenario NAME --seeds N [--from N]`: one thing that happens, over many seeds, with the time that it takes. */
import { playRelayTrouble } from "./relay-trouble.ts";
import { FIFTY, playVanishing } from "./vanishing.ts";

/** What one seed came to: figures by name, in ms where the name says so; `failed` says why it did not hold. */
export interface ScenarioOutcome {
  readonly figures: Readonly<Record<string, number>>;
  readonly failed?: string;
}

export interface Scenario {
  readonly title: string;
  readonly play: (seed: number) => Promise<ScenarioOutcome>;
}

/** Within so long those who are left of fifty have the same (ms): issue 5. */
export const VANISH_TARGET_MS = 10_000;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  vanish: {
    title: "30 of 50 members without a relay vanish at once, killed or without a word",
    play: async (seed) => {
      const [killed, silent] = [
        await playVanishing(seed),
        await playVanishing(seed, { ...FIFTY, departure: "silent" }),
      ];
      const heals = [killed.healedMs, silent.healedMs].map((ms) => ms ?? Number.POSITIVE_INFINITY);
      const failed = heals.some((ms) => ms > VANISH_TARGET_MS) ? `healed after ${heals.join(" and ")} ms` : undefined;
      const figures = { "killed ms": heals[0] ?? 0, "silent ms": heals[1] ?? 0, "left alone": killed.alone };
      return failed === undefined ? { figures } : { figures, failed };
    },
  },
  relays: {
    title: "20 people, 3 relays: one lies, one vanishes, and then the honest one does",
    play: playRelayTrouble,
  },
};

/** Plays the seeds one after another; answers the lines to print and how many failed. */
export async function runScenario(
  { title, play }: Scenario,
  { first, count }: { readonly first: number; readonly count: number },
): Promise<{ readonly lines: readonly string[]; readonly failed: number }> {
  const beganMs = performance.now();
  const values = new Map<string, number[]>();
  const failures: string[] = [];
  for (let seed = first; seed < first + count; seed++) {
    const { figures, failed } = await play(seed);
    if (failed !== undefined) failures.push(`seed ${seed}: ${failed}`);
    for (const [name, value] of Object.entries(figures)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  const seconds = (performance.now() - beganMs) / 1_000;
  const rows = [...values].map(([name, all]) => `  ${name.padEnd(28)} ${spread(all)}`);
  const end = `  ${count} seeds, ${failures.length} failed, ${seconds.toFixed(1)} s`;
  return { lines: [title, ...rows, ...failures.slice(0, 10), end], failed: failures.length };
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((one, other) => one - other);
  const at = (share: number): string => String(Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0));
  return `half ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)}`;
}
