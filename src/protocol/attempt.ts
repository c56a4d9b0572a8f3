/**
 * Parts of a step that may be refused without undoing the rest: what comes due in one group must not hold up the others, and
 * a letter that asks for something impossible must not come back for ever.
 */
import { isFault } from "../wire/fault.ts";
import type { Work } from "./effects.ts";
import type { Step } from "./step.ts";

/** Runs `part`; whether it went through. A refusal (`usage/*`) leaves nothing of it in the draft, every other fault goes on. */
export function* attempt(work: Work, part: (work: Work) => Step<unknown>): Step<boolean> {
  const own: Work = {
    ...work,
    written: new Map(work.written),
    lines: [...work.lines],
    removedLines: [],
    lineStates: [],
    effects: [],
  };
  try {
    yield* part(own);
  } catch (error) {
    if (isFault(error) && error.code.startsWith("usage/")) return false;
    throw error;
  }
  for (const [key, value] of own.written) work.written.set(key, value);
  work.lines.push(...own.lines.slice(work.lines.length));
  work.removedLines.push(...own.removedLines);
  work.lineStates.push(...own.lineStates);
  work.effects.push(...own.effects);
  return true;
}
