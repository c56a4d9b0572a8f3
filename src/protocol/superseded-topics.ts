/** Topics of epochs that are read on for what is late, while everybody who knows writes in a newer one. */
import type { Work } from "./effects.ts";
import { LIVE } from "./records/epoch.ts";
import { type Step, scan } from "./step.ts";

/** Says at the start which they are; later changes are said when they happen (sending-epoch.ts). */
export function* tellSuperseded(work: Work): Step<void> {
  for (const [, { epochs }] of yield* scan(work, LIVE))
    for (const { topic, supersededAt } of epochs)
      if (supersededAt !== undefined) work.effects.push({ kind: "superseded", topic, isSuperseded: true });
}
