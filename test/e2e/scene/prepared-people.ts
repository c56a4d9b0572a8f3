/**
 * Profiles and groups as a test finds them, made by the program's own code in the test's process: as commands each step would be a
 * process of its own, half a second of processor time. Tests are about what comes after.
 */
import { profiles } from "../../../src/cli/compose-profiles.ts";
import { passphrasesFrom } from "../../../src/cli/passphrase.ts";
import type { ProfileChoice, Session } from "../../../src/cli/session.ts";

/** As `init` makes it; `relays` are addresses. */
export async function prepareProfile(
  { directory, passphrase }: { readonly directory: string; readonly passphrase: string },
  { name, relays }: { readonly name: string; readonly relays: readonly string[] },
): Promise<void> {
  await profiles.create({ ...choiceOf(directory, passphrase), relays }, name);
}

/** Lets `work` use these profiles, which nobody else has open, in the order of their directories; they are closed at the end. */
export async function withSessions<T>(
  { directories, passphrase }: { readonly directories: readonly string[]; readonly passphrase: string },
  work: (sessions: readonly Session[]) => Promise<T>,
): Promise<T> {
  const stop = new AbortController();
  const open = (directory: string) => profiles.open(choiceOf(directory, passphrase), stop.signal);
  const sessions = await Promise.all(directories.map(open));
  try {
    return await work(sessions);
  } finally {
    await Promise.all(sessions.map((session) => session.close()));
  }
}

/** A profile that is open in the test's process, as one more command on it. */
export interface OpenedSession {
  readonly session: Session;
  /** As a signal ends a command. */
  readonly end: () => Promise<void>;
}

/** Opens it beside whoever has it open. */
export async function openSession({
  directory,
  passphrase,
}: {
  readonly directory: string;
  readonly passphrase: string;
}): Promise<OpenedSession> {
  const stop = new AbortController();
  const session = await profiles.open(choiceOf(directory, passphrase), stop.signal);
  return {
    session,
    end: async () => {
      stop.abort();
      await session.close();
    },
  };
}

/** Nobody is met but relays; a key file at the least cost that is allowed, as in every scene. */
function choiceOf(directory: string, passphrase: string): ProfileChoice {
  return {
    directory,
    passphrases: passphrasesFrom({ env: { HERMES_PASSPHRASE: passphrase }, file: undefined, terminal: undefined }),
    relays: [],
    accessToken: "",
    kdf: { memoryKiB: 8_192, passes: 1 },
  };
}
