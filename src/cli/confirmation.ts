/** Asking before something that cannot be taken back. */
import { Fault } from "../wire/fault.ts";
import { ask, type Terminal } from "./terminal.ts";

/** Goes on when `word` is typed; `usage/cancelled` otherwise. */
export async function confirm(terminal: Terminal, question: string, word: string): Promise<void> {
  terminal.write(`${question}\n`);
  const typed = await ask(terminal, `Type ${word} to go on: `, "visible");
  if (typed.trim() !== word) throw new Fault("usage/cancelled", "that was something else, so nothing was done.");
}
