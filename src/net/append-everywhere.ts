/** One append to several holders: for each envelope the best that any of them answered. */
import type { AppendOutcome } from "../client/ports/network.ts";
import { REFUSAL } from "../wire/topic-frames.ts";
import type { LiveLink } from "./relay-link.ts";

/** Lower is better: stored, worth repeating, no answer, not there, refused for good. */
function rank(outcome: AppendOutcome): number {
  if (outcome.kind === "stored") return 0;
  if (outcome.kind === "unreachable") return 2;
  switch (outcome.reason) {
    case REFUSAL.unknownTopic:
      return 3;
    case REFUSAL.malformed:
    case REFUSAL.forged:
    case REFUSAL.tooLarge:
      return 4;
    default:
      return 1;
  }
}

/**
 * Resolves when every envelope is stored somewhere, or when all of `answers` are in. `undefined`: not
 * asked. Rejects when one of them does.
 */
export function appendEverywhere(
  envelopes: readonly Uint8Array[],
  answers: readonly Promise<readonly (AppendOutcome | undefined)[]>[],
): Promise<readonly AppendOutcome[]> {
  const best: (AppendOutcome | undefined)[] = envelopes.map(() => undefined);
  const outcomes = (): AppendOutcome[] => best.map((each) => each ?? { kind: "unreachable" });
  return new Promise((resolve, reject) => {
    let missing = answers.length;
    if (missing === 0 || envelopes.length === 0) resolve(outcomes());
    for (const answer of answers) {
      answer.then((results) => {
        missing -= 1;
        for (const [i, result] of results.entries()) {
          const before = best[i];
          if (result === undefined) continue;
          if (before === undefined || rank(result) < rank(before)) best[i] = result;
        }
        if (missing === 0 || best.every((each) => each?.kind === "stored")) resolve(outcomes());
      }, reject);
    }
  });
}

/** Appends those that are wanted; about the others nobody is asked. */
export async function appendSome(
  { client }: Pick<LiveLink, "client">,
  envelopes: readonly Uint8Array[],
  isWanted: (envelope: Uint8Array) => boolean,
): Promise<readonly (AppendOutcome | undefined)[]> {
  const wanted = envelopes.map(isWanted);
  const outcomes = await client.append(envelopes.filter((_, i) => wanted[i]));
  let next = 0;
  return wanted.map((each) => (each ? outcomes[next++] : undefined));
}
