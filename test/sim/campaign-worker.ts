/** A process that plays the seeds that it is given and reports each, until nobody gives it any more. */
import { playSeed } from "./campaign.ts";
import type { Scale } from "./plan.ts";

interface Order {
  readonly seeds: readonly number[];
  readonly scale: Scale;
}

const report = (message: unknown): void => {
  process.send?.(message);
};

process.on("message", async ({ seeds, scale }: Order) => {
  for (const seed of seeds) report(await playSeed(seed, scale));
  report("ready");
});
report("ready");
