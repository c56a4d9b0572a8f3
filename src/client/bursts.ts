/**
 * Texts that wait at the same time for the same group become one input: sealed by one step, signed once.
 *
 * 1. Only inputs that stand one after the other are joined, so that the order of all inputs stays.
 * 2. Everyone who waited gets the answer that the text alone would have had.
 *
 * @see PROTOCOL.md § Group messages
 */
import type { Answer, Input } from "../protocol/machine.ts";
import { equalBytes } from "../verify/transcript.ts";
import { BURST_MESSAGES_MAX } from "../wire/limits.ts";

type SendText = Input & { readonly kind: "send-text" };

/** One step, and those who wait for its answer. */
export interface Joined<W> {
  readonly input: Input;
  readonly waiting: readonly W[];
}

/** The inputs in their order, texts for one group joined up to BURST_MESSAGES_MAX. */
export function joinSends<W extends { readonly input: Input }>(inputs: readonly W[]): readonly Joined<W>[] {
  const runs: W[][] = [];
  for (const each of inputs) {
    const last = runs.at(-1);
    if (last !== undefined && fits(last, each)) last.push(each);
    else runs.push([each]);
  }
  return runs.map(asOne);
}

function fits<W extends { readonly input: Input }>(run: readonly W[], { input: next }: W): boolean {
  const first = run[0]?.input;
  return (
    run.length < BURST_MESSAGES_MAX &&
    first?.kind === "send-text" &&
    next.kind === "send-text" &&
    equalBytes(first.group, next.group)
  );
}

function asOne<W extends { readonly input: Input }>(waiting: readonly W[]): Joined<W> {
  const sends = waiting.map(({ input }) => input as SendText);
  const [first] = sends;
  if (first === undefined || sends.length === 1) return { input: first as Input, waiting };
  const texts = sends.map(({ text, call }) => ({ text, call }));
  return { input: { kind: "send-burst", group: first.group, sends: texts }, waiting };
}

/** What the one at `index` of those who waited is told. */
export function answerFor(answer: Answer, index: number): Answer {
  if (answer.kind !== "messages") return answer;
  const id = answer.ids[index];
  return id === undefined ? { kind: "none" } : { kind: "message", id };
}
