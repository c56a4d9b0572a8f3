/**
 * Recovery words as somebody enters them: typed one after another without echo, or from standard input as they are.
 * A word that is none is told with its place and, only at the terminal where it was typed, what was perhaps meant.
 */
import { knownRecoveryWords } from "../client/recovery.ts";
import { nearestOf } from "../wire/near-words.ts";
import type { Surroundings } from "./command.ts";
import { readText } from "./standard-input.ts";
import { ask, type Terminal } from "./terminal.ts";

/** Words of an account. */
const WORDS = 24;
/** Words that are offered in place of one that does not exist. */
const OFFERED = 3;

/** 24 words that exist, or whatever standard input held. */
export async function enteredWords({ terminal, stdin }: Surroundings): Promise<string> {
  return terminal === undefined ? await readText(stdin) : await typedWords(terminal);
}

async function typedWords(terminal: Terminal): Promise<string> {
  const known = new Set(knownRecoveryWords());
  const words: string[] = [];
  while (words.length < WORDS) {
    const typed = await ask(terminal, `Word ${words.length + 1} of ${WORDS}: `, "hidden");
    const entered = typed.toLowerCase().match(/\S+/g) ?? [];
    const wrong = entered.findIndex((word) => !known.has(word));
    words.push(...entered.slice(0, wrong === -1 ? entered.length : wrong));
    if (wrong !== -1) terminal.write(`${adviceFor(words.length + 1, entered[wrong] ?? "")}\n`);
  }
  return words.join(" ");
}

function adviceFor(position: number, word: string): string {
  const near = nearestOf(word, knownRecoveryWords(), OFFERED);
  const meant = near.length === 0 ? "" : ` Perhaps ${near.join(" or ")}?`;
  return `Word ${position}: no recovery word is written like that.${meant} Type it again.`;
}
