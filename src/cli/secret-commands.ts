/** Commands about what must not get lost or known: passphrase, recovery show, recovery check. */
import type { RecoveryReading } from "../client/recovery.ts";
import { textOf } from "./arguments.ts";
import { type CommandContext, type Surroundings, withSession } from "./command.ts";
import { newPassphraseFrom } from "./passphrase.ts";
import { type RecoveryCheck, renderRecoveryCheck, renderWords } from "./render-recovery.ts";
import { readText } from "./standard-input.ts";
import { ask } from "./terminal.ts";

/** Words of an account. */
const WORDS = 24;

/** `hermes passphrase` */
export async function passphrase({ given, output, choice, surroundings }: CommandContext): Promise<number> {
  const { env, terminal, profiles } = surroundings;
  const file = textOf(given, "new-passphrase-file");
  await profiles.changePassphrase(choice, () => newPassphraseFrom({ env, file, terminal }));
  output.result({ changed: true }, "The passphrase was changed. The old one opens this profile no more.");
  return 0;
}

/** `hermes recovery show` */
export async function showRecovery({ output, choice, surroundings }: CommandContext): Promise<number> {
  const recovery = await surroundings.profiles.recoveryWords(choice);
  output.result({ recovery }, renderWords(recovery));
  return 0;
}

/** `hermes recovery check`: exit code 1 when the words are not those of this account. */
export async function checkRecovery(context: CommandContext): Promise<number> {
  const { surroundings, output } = context;
  const { account } = await withSession(context, (session) => session.call("whoami", {}));
  const reading = surroundings.profiles.readRecoveryWords(await enteredWords(surroundings));
  const check = outcome(reading, account);
  output.result(check, renderRecoveryCheck(check));
  return check.matches ? 0 : 1;
}

function outcome(reading: RecoveryReading, account: string): RecoveryCheck {
  switch (reading.kind) {
    case "account":
      return reading.account === account ? { matches: true } : { matches: false, reason: "other-account" };
    case "wrong-count":
      return { matches: false, reason: "wrong-count", count: reading.count };
    case "unknown-word":
      return { matches: false, reason: "unknown-word", position: reading.position };
    case "wrong-checksum":
      return { matches: false, reason: "wrong-checksum" };
  }
}

async function enteredWords({ terminal, stdin, profiles }: Surroundings): Promise<string> {
  if (terminal === undefined) return await readText(stdin);
  const words: string[] = [];
  while (words.length < WORDS) {
    const entered = (await ask(terminal, `Word ${words.length + 1} of ${WORDS}: `, "hidden")).match(/\S+/g) ?? [];
    const known = entered.filter((word) => isRecoveryWord(word, profiles));
    if (known.length === entered.length) words.push(...entered);
    else terminal.write("No recovery word is written like that; type it again.\n");
  }
  return words.join(" ");
}

/** A word is tried in all places at once: whatever else is wrong then, it is a known one or not. */
function isRecoveryWord(word: string, { readRecoveryWords }: Surroundings["profiles"]): boolean {
  return readRecoveryWords(Array.from({ length: WORDS }, () => word).join(" ")).kind !== "unknown-word";
}
