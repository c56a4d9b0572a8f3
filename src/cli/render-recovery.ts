/** Recovery words as people read them. */

import type { RecoveryReading } from "../client/recovery.ts";

/** What `recovery check` answers. It says where a mistake is, never what was entered. */
export type RecoveryCheck =
  | { readonly matches: true }
  | { readonly matches: false; readonly reason: "other-account" | "wrong-checksum" }
  | { readonly matches: false; readonly reason: "wrong-count"; readonly count: number }
  | { readonly matches: false; readonly reason: "unknown-word"; readonly position: number };

/** Words of a line on paper. */
const ROW_WORDS = 6;

/** The words with their numbers, six a row. */
export function renderWords(recovery: string): string {
  const words = recovery.split(" ");
  return Array.from({ length: Math.ceil(words.length / ROW_WORDS) }, (_, row) =>
    words
      .slice(ROW_WORDS * row, ROW_WORDS * (row + 1))
      .map((word, i) => `${String(ROW_WORDS * row + i + 1).padStart(4)}. ${word.padEnd(9)}`)
      .join("")
      .trimEnd(),
  ).join("\n");
}

/** What was found, and what to do. */
export function renderRecoveryCheck(check: RecoveryCheck): string {
  if (check.matches) return "These are the recovery words of this account.";
  switch (check.reason) {
    case "wrong-count":
      return recoveryMistake({ kind: "wrong-count", count: check.count });
    case "unknown-word":
      return recoveryMistake({ kind: "unknown-word", position: check.position });
    case "wrong-checksum":
      return recoveryMistake({ kind: "wrong-checksum" });
    case "other-account":
      return "These are recovery words, but they belong to another account.";
  }
}

/** What is wrong with words: where, and never what was entered. */
export function recoveryMistake(check: Exclude<RecoveryReading, { readonly kind: "account" }>): string {
  switch (check.kind) {
    case "wrong-count":
      return `There have to be 24 words, and there are ${check.count}; look for one that is missing or cut in two.`;
    case "unknown-word":
      return `Word ${check.position} is none of the recovery words; look whether it is misspelt.`;
    case "wrong-checksum":
      return "Every word exists, but together they are no recovery words: one is mistaken for another, or two are swapped.";
  }
}
