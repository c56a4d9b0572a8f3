/** Commands about what must not get lost or known: passphrase, recovery show, check and restore. */
import type { RecoveryReading } from "../client/recovery.ts";
import { Fault } from "../wire/fault.ts";
import { secondsAsMsOf, textOf } from "./arguments.ts";
import { type CommandContext, withSession } from "./command.ts";
import { enteredWords } from "./entered-words.ts";
import { newPassphraseFrom } from "./passphrase.ts";
import { renderRestored } from "./render-account.ts";
import { type RecoveryCheck, renderRecoveryCheck, renderWords } from "./render-recovery.ts";

/** `hermes passphrase` */
export async function passphrase({ given, output, choice, surroundings }: CommandContext): Promise<number> {
  const { env, terminal, profiles } = surroundings;
  const file = textOf(given, "new-passphrase-file");
  await profiles.changePassphrase(choice, () => newPassphraseFrom({ env, file, terminal, note: output.note }));
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
  const reading = await surroundings.profiles.readRecoveryWords(await enteredWords(surroundings));
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

/** `hermes recovery restore` */
export async function restoreRecovery(context: CommandContext): Promise<number> {
  const { given, output, choice, newProfileRelays, surroundings } = context;
  const { profiles } = surroundings;
  if (await profiles.exists(choice.directory)) {
    const where = `${choice.directory} already holds a profile`;
    throw new Fault(
      "usage/profile-exists",
      `${where}, so nothing was restored; name another directory with --profile.`,
    );
  }
  const relays = given.options.get("relay") ?? newProfileRelays;
  const restored = await profiles.restore(
    { ...choice, relays },
    {
      words: await enteredWords(surroundings),
      name: textOf(given, "name"),
      account: textOf(given, "account"),
      waitMs: secondsAsMsOf(given, "wait"),
    },
  );
  output.result(restored, renderRestored(restored));
  return 0;
}
