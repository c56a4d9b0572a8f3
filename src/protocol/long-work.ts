/**
 * Work that is too long for one step: one piece of it at a time, so that what comes meanwhile is not held up.
 * @see ARCHITECTURE.md § Step, commit, perform
 */
import { GroupId } from "../wire/ids.ts";
import { fromHex } from "../wire/text-forms.ts";
import type { Work } from "./effects.ts";
import { wakeForMerges } from "./epoch-merges.ts";
import { goOnAdopting, isComplete } from "./group-welcome.ts";
import { goOnDelivering } from "./key-delivery.ts";
import { wakeForKeys } from "./key-letters.ts";
import { wakeForLate } from "./late-entries.ts";
import { wakeForLinks } from "./links-again.ts";
import { wakeForEntries } from "./missing-entries.ts";
import { wakeForNames } from "./named-merges.ts";
import { goOnPassing } from "./passing-on.ts";
import { WELCOME } from "./records/joining.ts";
import { PASSING } from "./records/log.ts";
import { type Step, scan } from "./step.ts";

/** Does one piece, if there is any, and asks to be called again: what keeps others waiting comes first. */
export function* goOn(work: Work): Step<void> {
  const isBusy = (yield* goOnDelivering(work)) || (yield* adoptMore(work)) || (yield* goOnPassing(work));
  if (isBusy) work.effects.push({ kind: "continue" });
}

/** At a start: what was under way goes on, at once or at its time. */
export function* takeUp(work: Work): Step<void> {
  for (const [, { dueAt }] of yield* scan(work, PASSING)) work.effects.push({ kind: "wake", atMs: dueAt });
  yield* wakeForKeys(work);
  yield* wakeForMerges(work);
  yield* wakeForNames(work);
  yield* wakeForLinks(work);
  yield* wakeForEntries(work);
  yield* wakeForLate(work);
  yield* goOn(work);
}

function* adoptMore(work: Work): Step<boolean> {
  const complete = (yield* scan(work, WELCOME)).find(([, welcome]) => isComplete(welcome));
  if (!complete) return false;
  yield* goOnAdopting(work, GroupId.from(fromHex(complete[0]) ?? new Uint8Array()));
  return true;
}
