/** A passphrase that somebody has typed into the page, as a command asks for one. */
import type { Passphrases } from "../cli/session.ts";
import { Fault } from "../wire/fault.ts";

/** Far more than anybody types. */
const LONGEST = 4_096;

/** Throws `usage/bad-argument` for an empty one, and for one that is no passphrase. */
export function fixedPassphrase(passphrase: unknown): Passphrases {
  if (typeof passphrase !== "string" || passphrase === "" || passphrase.length > LONGEST)
    throw new Fault("usage/bad-argument", `a passphrase has 1 to ${LONGEST} characters.`);
  const answer = async (): Promise<string> => passphrase;
  return { supplied: answer, known: answer, chosen: answer, refused: () => undefined };
}
